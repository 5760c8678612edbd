"""The levers of a sweep in the contract: as typed as any lever, with an axis in place of each value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from marshmallow import ValidationError

from forecast_service.schemas.lever_types import SCHEMAS
from forecast_service.schemas.sweeps import SweepRequestSchema
from models.analysis.sweep import with_value
from tests.support.contract import contract_of

PLEDGE = {"type": "pledge", "share_pct": 3.5, "year": 2035}
MORE: dict[str, list[dict[str, Any]]] = {
    "pledge": [
        PLEDGE | {"component": "core", "credibility": "learned", "countries": ["DEU"], "from": 2028, "to": 2035}
    ],
    "gdp_growth": [{"type": "gdp_growth", "rate_pct": 1}],
    "exit": [{"type": "exit", "year": 2029, "toward": "origin", "probability": 0.5}],
    "shock": [{"type": "shock", "tails": 1.5}],
    "reclassify": [{"type": "reclassify", "share_pct": 1.5, "from_component": "related"}],
}
"""Values that the examples of the levers do not have."""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    elif path != ("type",):
        yield path, value


def swept(lever: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """``lever`` with an axis in place of each of its values in turn."""
    for path, value in leaves(lever):
        yield with_value(lever, path, {"grid": [value]})
        if isinstance(value, int | float):
            change = (1 if path == ("to",) else -1) if isinstance(value, int) else -0.01
            yield with_value(lever, path, {"from": value, "to": value + change, "steps": 2})


def allowed(app: Flask, lever: Any) -> tuple[bool, bool]:
    """Whether the contract and the service allow a sweep of ``lever``."""
    asked = {"countries": ["DEU"], "scenario": {"levers": [lever]}}
    errors = list(contract_of(app).validator("components", "schemas", "SweepRequest").iter_errors(asked))
    try:
        SweepRequestSchema().load(asked)
    except ValidationError:
        return not errors, False
    return not errors, True


@pytest.mark.parametrize("kind", list(SCHEMAS))
def test_each_value_of_a_lever_may_be_an_axis(app: Flask, kind: str) -> None:
    for lever in (SCHEMAS[kind].example, *MORE.get(kind, ())):
        axes = list(swept(lever))
        assert axes
        for one in (lever, *axes):
            assert allowed(app, one) == (True, True), one


@pytest.mark.parametrize(
    "lever",
    [
        "pledge",
        {"type": "magic"},
        {"share_pct": 3.5, "year": 2035},
        PLEDGE | {"type": {"grid": ["pledge"]}},
        PLEDGE | {"shares": {"grid": [3.5]}},
        PLEDGE | {"share_pct": "3.5"},
        PLEDGE | {"share_pct": 101},
        PLEDGE | {"share_pct": {"grid": []}},
        PLEDGE | {"share_pct": {"grid": ["high"]}},
        PLEDGE | {"share_pct": {"grid": [3.5], "steps": 2}},
        PLEDGE | {"share_pct": {"from": 1, "to": 2}},
        PLEDGE | {"share_pct": {"from": 1, "to": 2, "steps": 1}},
        PLEDGE | {"credibility": {"grid": ["believed"]}},
        PLEDGE | {"credibility": {"grid": [1.5]}},
        PLEDGE | {"component": {"from": 0, "to": 1, "steps": 2}},
        PLEDGE | {"component": {"grid": [1]}},
        PLEDGE | {"countries": {"grid": ["DEU"]}},
        {"type": "pledge", "share_pct": {"grid": [3.5]}},
        {"type": "share_path", "points": {"grid": [3.5]}},
    ],
    ids=str,
)
def test_what_is_no_lever_is_neither_in_the_contract_nor_accepted(app: Flask, lever: Any) -> None:
    assert allowed(app, lever) == (False, False)
