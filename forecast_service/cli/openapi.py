"""``forecast-service openapi``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from forecast_service.cli.output_file import OutputFile, writing
from forecast_service.cli.streams import emit
from forecast_service.settings import Settings


def exported(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command that exports ``what``: give it --output and --check."""
    output = click.option("--output", type=OutputFile(".json"), help="Write to this .json file and replace it.")
    check = click.option(
        "--check",
        "compare",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help=f"Compare {what} with this file: exit code 1 if it differs.",
    )
    return lambda command: output(check(command))


def export(text: str, output: Path | None, compare: Path | None) -> None:
    """Print ``text``, or write or compare it. Raises click.ClickException if the file to compare differs."""
    if compare and compare.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{compare} is not what the code says: run 'make openapi'")
    if output:
        with writing(output) as file:
            file.write(text.encode())
    elif not compare:
        emit(text)


@click.command()
@exported("the contract")
@click.option("--examples", is_flag=True, help="Ask the application anew for the examples (in a checkout).")
def openapi(output: Path | None, compare: Path | None, examples: bool) -> None:
    """Print, write or compare the API's contract (OpenAPI 3.1.1), as JSON.

    --examples also writes the examples of the package.
    """
    from forecast_service import create_app
    from forecast_service.cli.examples import answered, keep
    from forecast_service.openapi.spec import contract_text

    settings = Settings.from_environment()
    if examples:
        keep(answered(settings.state_dir))
    export(contract_text(create_app(settings)), output, compare)
