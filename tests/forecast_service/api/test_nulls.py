"""Null for an optional field is the same as leaving it out: generated clients send it for their defaults."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from forecast_service.schemas.forecast_request import ForecastRequestSchema, TargetsSchema
from forecast_service.schemas.lever_types import SCHEMAS
from forecast_service.schemas.levers import ScenarioSchema
from forecast_service.schemas.requests import RequestSchema
from forecast_service.schemas.requirements import RequirementRequestSchema
from forecast_service.schemas.scenarios import ForkSchema, ScenarioDraftSchema
from forecast_service.schemas.sensitivity import SensitivityRequestSchema
from forecast_service.schemas.sweeps import SweepRequestSchema

DEU = {"country": "DEU"}
OWN = {"id", "created_at", "updated_at", "links"}
"""What differs between two answers to the same POST that saves something."""


def nulled(kind: type[RequestSchema], body: dict[str, Any]) -> dict[str, Any]:
    """``body`` with null for every optional field that it does not hold."""
    return dict.fromkeys(sorted(kind().optional)) | body


HISTORY = {str(year): 2.0 for year in range(2016, 2027)}
FULL = nulled(TargetsSchema, {"core": 3})


@pytest.mark.parametrize(
    ("address", "plain", "with_nulls"),
    [
        ("/v1/forecasts", DEU, nulled(ForecastRequestSchema, DEU)),
        ("/v1/forecasts", DEU | {"targets": {"core": 3}}, DEU | {"targets": FULL}),
        ("/v1/forecasts", DEU | {"targets": {}}, DEU | {"targets": nulled(TargetsSchema, {})}),
        ("/v1/forecasts", {"history": HISTORY}, {"history": HISTORY | {"2015": None}, "country": None}),
        ("/v1/requirements", DEU | {"probability": 0.8}, nulled(RequirementRequestSchema, DEU | {"probability": 0.8})),
        ("/v1/sensitivity", DEU, nulled(SensitivityRequestSchema, DEU)),
        ("/v1/forecasts/batch", {"items": [DEU]}, {"items": [nulled(ForecastRequestSchema, DEU)]}),
        *(
            (
                "/v1/forecasts",
                DEU | {"scenario": {"levers": [kind.example]}},
                DEU | {"scenario": nulled(ScenarioSchema, {"levers": [nulled(kind, kind.example)]})},
            )
            for name, kind in SCHEMAS.items()
            if name not in {"gdp_growth", "spending_growth"}
        ),
    ],
)
def test_the_answer_is_the_same(client: FlaskClient, address: str, plain: Any, with_nulls: Any) -> None:
    expected, found = client.post(address, json=plain), client.post(address, json=with_nulls)
    assert (expected.status_code, found.status_code) == (200, 200), found.text
    assert found.json == expected.json


@pytest.mark.parametrize("kind", [SCHEMAS["gdp_growth"], SCHEMAS["spending_growth"]])
def test_null_for_one_of_two_leaves_the_other(client: FlaskClient, kind: Any) -> None:
    levers = [kind.example, nulled(kind, kind.example)]
    assert None in levers[1].values()
    plain, found = (client.post("/v1/forecasts", json=DEU | {"scenario": {"levers": [one]}}) for one in levers)
    assert (found.status_code, found.json) == (200, plain.json)


@pytest.mark.parametrize("more", [{"quantiles": None}, {"history": None}, {"history": HISTORY | {"2015": None}}])
def test_a_picture_is_the_same(client: FlaskClient, more: dict[str, Any]) -> None:
    plain = {name: {y: x for y, x in value.items() if x} for name, value in more.items() if value}
    svg = {"Accept": "image/svg+xml"}
    expected, found = (client.post("/v1/forecasts?overlay=stall", json=DEU | b, headers=svg) for b in (plain, more))
    assert (expected.status_code, found.status_code) == (200, 200), found.text
    assert found.data == expected.data


def test_what_is_saved_is_the_same(keeping: FlaskClient) -> None:
    scenario: dict[str, Any] = {"name": "mine", "levers": [{"type": "cap", "share_pct": 2.5}]}
    cap = nulled(SCHEMAS["cap"], scenario["levers"][0])
    full = nulled(ScenarioDraftSchema, scenario | {"levers": [cap]})
    saved, other = (keeping.post("/v1/scenarios", json=body) for body in (scenario, full))
    assert saved.status_code == other.status_code == 201, other.text
    where = f"/v1/scenarios/{saved.json['id']}"
    found = [other, keeping.put(where, json=full, headers={"If-Match": "*"})]
    found += [keeping.post(f"{where}/fork", json=nulled(ForkSchema, {}))]
    for answer in found:
        expected = saved.json | {"version": answer.json["version"], "based_on": answer.json["based_on"]}
        assert {k: v for k, v in answer.json.items() if k not in OWN} == {
            k: v for k, v in expected.items() if k not in OWN
        }


def test_a_sweep_is_the_same(keeping: FlaskClient) -> None:
    pledge = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": {"grid": [0, 1]}}
    cap = {"type": "cap", "share_pct": {"from": 2, "to": 3, "steps": 2}}
    plain = {"countries": ["DEU"], "scenario": {"levers": [pledge, cap]}, "targets": [{"core": 3}]}
    axes = [
        {"credibility": {"grid": [0, 1], "from": None, "steps": None}},
        {"share_pct": {"grid": None, "from": 2, "to": 3, "steps": 2}},
    ]
    levers = [
        nulled(SCHEMAS[str(lever["type"])], lever | axis) for lever, axis in zip((pledge, cap), axes, strict=True)
    ]
    full = {"countries": ["DEU"], "scenario": nulled(ScenarioSchema, {"levers": levers}), "targets": [FULL]}
    expected, found = (keeping.post("/v1/sweeps", json=body) for body in (plain, nulled(SweepRequestSchema, full)))
    assert (expected.status_code, found.status_code) == (202, 202), found.text
    for name in ("request", "axes", "evaluations"):
        assert found.json[name] == expected.json[name]
