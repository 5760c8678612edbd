"""``forecast-service forecast``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from forecast_service.cli.streams import emit
from forecast_service.settings import Settings
from models.paths import RULES, Rule
from models.scenarios.builtin import named_scenarios
from models.scenarios.targets import HAGUE_DEADLINE


def _scenario(text: str) -> Any:
    """A scenario's name, or the scenario in a JSON file."""
    from forecast_service.cli.request_files import load
    from forecast_service.schemas.levers import ScenarioSchema

    if not text.endswith(".json"):
        return text
    try:
        return load(Path(text), ScenarioSchema(), "--scenario")
    except OSError as error:
        raise click.BadParameter(f"{text} cannot be read ({error.strerror})", param_hint="--scenario") from None


@click.command()
@click.argument("country")
@click.option("--scenario", default="baseline", show_default=True, help="Name of a scenario, or a JSON file.")
@click.option("--deadline", type=int, default=HAGUE_DEADLINE, show_default=True, help="Deadline year.")
@click.option(
    "--rule",
    type=click.Choice(RULES),
    help="What counts as related spending: new money, what governments claim, or existing spending of those kinds; all "
    "three by their weights if absent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as the API gives it, in UTF-8.")
def forecast(country: str, scenario: str, deadline: int, rule: Rule | None, as_json: bool) -> None:
    """How likely COUNTRY meets the targets: a table and a small fan chart, or JSON.

    A missing fit is made and saved in the state folder.
    """
    from forecast_service.cli import report
    from forecast_service.forecasting.registry import ForecasterRegistry
    from forecast_service.schemas.forecast_response import ForecastSchema
    from models.dataset.countries import UnknownCountry
    from models.errors import CannotForecast
    from models.scenarios.builtin import UnknownScenario
    from models.scenarios.scenario import UnusableLever
    from models.scenarios.targets import Targets

    forecaster = ForecasterRegistry(Settings.from_environment()).current
    try:
        answer = forecaster.forecast(country, _scenario(scenario), Targets(deadline), rule=rule)
    except UnknownCountry as error:
        raise click.BadParameter(error.detail, param_hint="COUNTRY") from None
    except UnknownScenario:
        raise click.BadParameter(
            f"must be a .json file or one of {', '.join(named_scenarios())}", param_hint="--scenario"
        ) from None
    except UnusableLever as error:
        raise click.BadParameter(
            f"{scenario}: /levers/{error.index}: {error.detail}", param_hint="--scenario"
        ) from None
    except CannotForecast as error:
        raise click.BadParameter(error.detail, param_hint=f"--{error.field}") from None
    if as_json:
        document = ForecastSchema().dump({"forecast": answer, "links": {}})
        emit(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        report.show(answer)
