"""``forecast-service freeze``: puts today's forecasts on record."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from forecast_service.settings import Settings
from forecast_service.version import VERSION


@click.command()
@click.option("--vintage", help="Vintage of the figures; the current one if absent.")
def freeze(vintage: str | None) -> None:
    """Save today's forecasts of all allies in models/data/frozen, to be scored as figures come in (in a checkout)."""
    from forecast_service.forecasting.registry import ForecasterRegistry
    from models.analysis.freeze import freeze as made
    from models.dataset.observations import UnknownVintage
    from models.errors import CannotForecast
    from models.evaluation import frozen

    registry = ForecasterRegistry(Settings.from_environment())
    try:
        forecaster = registry.forecaster(vintage)
        found = frozen.save(made(forecaster, datetime.now(UTC).date(), VERSION))
    except UnknownVintage:
        allowed = ", ".join(registry.vintages())
        raise click.BadParameter(f"{vintage} is not one of {allowed}", param_hint="--vintage") from None
    except CannotForecast as error:
        raise click.ClickException(f"{error.field} {error.detail}") from None
    except frozen.AlreadyFrozen as error:
        raise click.ClickException(f"{error} is frozen already, and frozen forecasts never change") from None
    except frozen.Altered as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{found.sha256}  {frozen.FOLDER / found.name}")
