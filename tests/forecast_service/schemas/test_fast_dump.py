"""Answers are written by functions read off the schema: they give what marshmallow would, byte for byte."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema

from forecast_service.schemas.forecast_request import ForecastRequestSchema
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.services import forecasts
from models.forecast.result import Forecast
from models.scenarios.builtin import named_scenarios

GOLDENS = sorted(file for file in (Path(__file__).parent / "goldens").glob("*.json") if ".expected" not in file.name)
LEVERS = [{"type": "gdp_growth", "change_pp": -1}, {"type": "pledge", "share_pct": 3, "year": 2031}]
QUESTIONS: list[dict[str, Any]] = [
    *({"country": code, "scenario": name} for code in ("DEU", "ISL", "LUX") for name in named_scenarios()),
    {"country": "FRA", "scenario": {"name": "mine", "levers": LEVERS, "pledge_effect": False}, "quantiles": [0.5]},
    {"history": {str(year): 1 + year % 7 / 10 for year in range(2000, 2020)}, "targets": {"deadline": 2025}},
]


def answer(app: Flask, question: dict[str, Any]) -> Forecast:
    with app.test_request_context():
        return forecasts.forecast(**ForecastRequestSchema().load(question))


def check_same(forecast: Forecast) -> None:
    cite = {"address": None, "text": "x", "bibtex": "y", "csl": {"issued": {"date-parts": [[2026, 7, 10]]}}}
    composed = {"forecast": forecast, "links": {"country": "/v1/countries/X"}, "cite": cite}
    written = json.dumps(ForecastSchema().dump(composed))
    assert written == json.dumps(Schema.dump(ForecastSchema(), composed))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.get('country')}-{question}"[:40])
def test_an_answer_is_written_as_the_schema_dumps_it(app: Flask, question: dict[str, Any]) -> None:
    check_same(answer(app, question))


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda file: file.name.split(".")[0])
def test_so_are_the_goldens(app: Flask, golden: Path) -> None:
    check_same(answer(app, json.loads(golden.read_text())))


def test_a_member_that_was_left_out_is_written_alike(app: Flask) -> None:
    check_same(replace(answer(app, {"country": "DEU"}), left_out={"arima": "did not converge"}))


def test_a_part_of_an_answer_is_what_was_asked_for(app: Flask) -> None:
    composed = {"forecast": answer(app, {"country": "DEU"}), "links": {}}
    assert ForecastSchema(only=("origin",)).dump(composed).keys() == {"origin"}
    assert len(ForecastSchema(many=True).dump([composed])) == 1


def test_what_is_not_finite_is_never_written(app: Flask) -> None:
    forecast = replace(answer(app, {"country": "DEU"}), credibility=math.nan)
    with pytest.raises(ValueError, match="finite"):
        ForecastSchema().dump({"forecast": forecast, "links": {}})
