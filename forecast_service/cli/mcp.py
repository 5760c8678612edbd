"""``forecast-service mcp``."""

from __future__ import annotations

import gc

import click

from forecast_service.cli.unlimited import unlimited


@click.command()
def mcp() -> None:
    """Give assistants the forecasts as tools (Model Context Protocol, over standard input and output).

    The assistant starts the command and ends it. It needs the extra "mcp", asks no running service, and saves nothing
    but missing fits.
    """
    try:
        from forecast_service.mcp_server import server
    except ModuleNotFoundError as error:
        if error.name not in {"anyio", "mcp"}:
            raise
        raise click.ClickException("mcp needs the extra mcp: pip install 'forecast-service[mcp]'") from None
    import anyio

    from forecast_service import create_app
    from forecast_service.store.database import EXTENSION

    settings = unlimited(1)
    app = create_app(settings)
    # Otherwise the interpreter searches all modules for garbage at its end, longer than the 2 s that assistants wait.
    gc.freeze()
    try:
        anyio.run(server.serve, app, settings.public_address)
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    finally:
        app.extensions[EXTENSION].close()


def _first(error: BaseException) -> BaseException:
    """The first error of a group of tasks, since the command line knows what to say of it and not of the group."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
