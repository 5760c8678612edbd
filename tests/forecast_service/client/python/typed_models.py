"""Forecasts, a sweep with typed levers and an error through the models that datamodel-code-generator generates."""

from __future__ import annotations

import json
import sys
from typing import Any

import httpx
from forecast_models import (
    Forecast,
    ForecastRequest,
    LeverFreeze,
    LeverGdpGrowth,
    LeverPledge,
    NumberGrid,
    Problem,
    Scenario,
    Steps,
    Sweep,
    SweepRequest,
    SweptPledge,
    SweptScenario,
    Targets,
    WordGrid,
)
from pydantic import BaseModel


def post(url: str, path: str, body: BaseModel) -> str:
    """The text of the answer to a body, which is sent with the defaults of its model."""
    sent = body.model_dump_json(by_alias=True, exclude_none=True)
    answer = httpx.post(url + path, content=sent, headers={"Content-Type": "application/json"}, timeout=60)
    return answer.raise_for_status().text


def headline(answer: Forecast) -> float:
    """The probability of the first target, core."""
    probability = answer.targets[0].probability
    assert probability
    return probability.at_deadline


def main(url: str) -> None:
    """Ask the service at ``url``; print what it says as JSON."""
    query: dict[str, Any] = {"deadline": 2030, "quantiles": "0.1,0.5"}
    asked = Forecast.model_validate_json(httpx.get(f"{url}/v1/countries/DEU/forecast", params=query, timeout=60).text)
    recession = LeverGdpGrowth(type="gdp_growth", change_pp=-3, from_=2027, to=2027)
    pledge = LeverPledge(type="pledge", share_pct=3.5, year=2035, credibility="learned")
    scenario = Scenario(name="half way, after a recession", levers=[recession, pledge])
    question = ForecastRequest(country="ESP", scenario=scenario, targets=Targets(deadline=2032))
    posted = Forecast.model_validate_json(post(url, "/v1/forecasts", question))
    plain = ForecastRequest(country="DEU", scenario=Scenario(levers=[LeverFreeze(type="freeze")]))
    defaults = Forecast.model_validate_json(post(url, "/v1/forecasts", plain))
    swept = SweptPledge(
        type="pledge",
        component=WordGrid(grid=["core", "related"]),
        share_pct=NumberGrid(grid=[3, 3.5]),
        year=2035,
        credibility=Steps(from_=0, to=1, steps=3),
    )
    wanted = SweepRequest(countries=["DEU"], scenario=SweptScenario(levers=[swept]))
    sweep = Sweep.model_validate_json(post(url, "/v1/sweeps", wanted))
    refused = Problem.model_validate_json(httpx.get(f"{url}/v1/countries/DEU/forecast", params={"deadline": 1990}).text)
    assert refused.errors
    said = {"get": headline(asked), "post": headline(posted), "error": refused.errors[0].parameter}
    print(json.dumps(said | {"defaults": defaults.id, "sweep": [sweep.axes, sweep.evaluations]}))


main(sys.argv[1])
