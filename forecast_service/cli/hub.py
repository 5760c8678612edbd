"""``forecast-service hub``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from forecast_service.cli import output_folder
from forecast_service.settings import Settings

COMMAND = "hub"
FORMATS = ("csv", "parquet")


class Repository(click.ParamType[str]):
    """A repository on GitHub."""

    name = "owner/name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", value):
            self.fail(f"{value!r} is not of the form owner/name", param, ctx)
        return value


@click.group()
def hub() -> None:
    """Forecasts as a hub of the hubverse (https://hubverse.io)."""


@hub.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--format", type=click.Choice(FORMATS), default="csv", show_default=True, help="Of the tables.")
@click.option(
    "--repository",
    type=Repository(),
    default="forecast-service/forecast-hub",
    show_default=True,
    help="Repository on GitHub that will hold the hub: the hubverse's configuration must name one.",
)
def export(folder: Path, format: str, repository: str) -> None:
    """Write the track record's forecasts and outcomes, and the forecast from the same figures, into FOLDER as a hub.

    Other tools score it to the same numbers. A missing fit is made and saved in the state folder. FOLDER is replaced as
    a whole at the end. If it is not empty, this command must have made it.
    """
    output_folder.check(folder, COMMAND)
    from forecast_service.forecasting.registry import ForecasterRegistry
    from forecast_service.http.negotiation import has_pyarrow
    from forecast_service.hub.export import export as write
    from models.evaluation import published

    if format == "parquet" and not has_pyarrow():
        raise click.ClickException("Parquet needs pyarrow: pip install forecast-service[parquet]")
    forecaster = ForecasterRegistry(Settings.from_environment()).forecaster(published.load()["vintage"])
    with output_folder.replacing(folder, COMMAND) as made:
        written = write(made, forecaster, repository, format)
    click.echo(f"{written.files} files, {written.rows:,} rows of model output, in {folder}")
