"""``forecast-service serve``."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from forecast_service.observability import log_lines
from forecast_service.settings import Settings, auth


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def serve(host: str, port: int) -> None:
    """Serve the API with gunicorn; fits that are missing are made at the start.

    It writes into the state folder and the database.
    """
    if refusal := auth.refusal(Settings.from_environment(), host):
        raise click.ClickException(refusal)
    workers = os.environ.get("WEB_CONCURRENCY", "1")
    if not re.fullmatch("[1-9][0-9]{0,3}", workers):
        raise click.ClickException(f"WEB_CONCURRENCY: {workers!r} is not a number of workers")
    from gunicorn.app.wsgiapp import WSGIApplication

    from forecast_service import server

    configuration = Path(server.__file__).with_name("gunicorn.conf.py")
    # gunicorn runs in this process: signals reach it, modules load once, and errors of create_app end the command.
    sys.argv = ["gunicorn", "--config", str(configuration), "--bind", f"{host}:{port}", "forecast_service:create_app()"]
    try:
        application = WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]")
        # Imported once the configuration has been read: it says where metrics are written.
        from forecast_service.server.master import Master

        master = Master(application)
    except BaseException:
        log_lines.release()
        raise
    master.run()
