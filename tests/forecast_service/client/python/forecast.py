"""A forecast through the generated client: by GET, by POST with a scenario of one's own, and an error."""

from __future__ import annotations

import json
import sys

from forecast_client import AuthenticatedClient
from forecast_client.api.forecasts import get_forecast, post_forecast
from forecast_client.models import (
    Forecast,
    ForecastRequest,
    LeverGdpGrowth,
    LeverGdpGrowthType,
    LeverPledge,
    LeverPledgeCredibilityType1,
    LeverPledgeType,
    Problem,
    Scenario,
    Targets,
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
    refused = get_forecast.sync("DEU", client=client, deadline=1990)
    assert isinstance(refused, Problem)
    assert not isinstance(refused.errors, Unset)
    print(json.dumps({"get": headline(asked), "post": headline(posted), "error": refused.errors[0].parameter}))


main(sys.argv[1])
