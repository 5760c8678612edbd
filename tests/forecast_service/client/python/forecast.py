"""Forecasts, a sweep with typed levers and an error through the client that openapi-python-client generates."""

from __future__ import annotations

import json
import sys

from forecast_client import AuthenticatedClient
from forecast_client.api.forecasts import get_forecast, post_forecast
from forecast_client.api.sweeps import post_sweep
from forecast_client.models import (
    Forecast,
    ForecastRequest,
    LeverFreeze,
    LeverFreezeType,
    LeverGdpGrowth,
    LeverGdpGrowthType,
    LeverPledge,
    LeverPledgeCredibilityType1,
    LeverPledgeType,
    NumberGrid,
    Problem,
    Scenario,
    Steps,
    Sweep,
    SweepRequest,
    SweptPledge,
    SweptPledgeType,
    SweptScenario,
    Targets,
    WordGrid,
)
from forecast_client.types import Unset


def headline(answer: Forecast | Problem | None) -> float:
    """The probability of the first target, core."""
    assert isinstance(answer, Forecast), answer
    probability = answer.targets[0].probability
    assert probability
    return probability.at_deadline


def main(url: str) -> None:
    """Ask the service at ``url``; print what it says as JSON."""
    client = AuthenticatedClient(base_url=url, token="none-is-needed")  # noqa: S106
    asked = get_forecast.sync("DEU", client=client, deadline=2030, quantiles=[0.1, 0.5])
    recession = LeverGdpGrowth(type_=LeverGdpGrowthType.GDP_GROWTH, change_pp=-3, from_=2027, to=2027)
    pledge = LeverPledge(
        type_=LeverPledgeType.PLEDGE, share_pct=3.5, year=2035, credibility=LeverPledgeCredibilityType1.LEARNED
    )
    scenario = Scenario(name="half way, after a recession", levers=[recession, pledge])
    question = ForecastRequest(country="ESP", scenario=scenario, targets=Targets(deadline=2032))
    posted = post_forecast.sync(client=client, body=question)
    freeze = LeverFreeze(type_=LeverFreezeType.FREEZE)
    defaults = post_forecast.sync(
        client=client, body=ForecastRequest(country="DEU", scenario=Scenario(levers=[freeze]))
    )
    assert isinstance(defaults, Forecast), defaults
    swept = SweptPledge(
        type_=SweptPledgeType.PLEDGE,
        component=WordGrid(grid=["core", "related"]),
        share_pct=NumberGrid(grid=[3, 3.5]),
        year=2035,
        credibility=Steps(from_=0, to=1, steps=3),
    )
    sweep = post_sweep.sync(client=client, body=SweepRequest(countries=["DEU"], scenario=SweptScenario(levers=[swept])))
    assert isinstance(sweep, Sweep), sweep
    refused = get_forecast.sync("DEU", client=client, deadline=1990)
    assert isinstance(refused, Problem)
    assert not isinstance(refused.errors, Unset)
    said = {"get": headline(asked), "post": headline(posted), "error": refused.errors[0].parameter}
    print(json.dumps(said | {"defaults": defaults.id, "sweep": [sweep.axes, sweep.evaluations]}))


main(sys.argv[1])
