"""The difference of two documents: applied to the first it gives the second, and it says no more than what changed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_service.services.json_patch import difference
from tests.support.patches import applied

NAMES = st.sampled_from(["type", "name", "levers", "a/b", "~", "0", ""])
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.sampled_from(["", "cap", "ü/~"])
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=4,
)
CAP = {"type": "cap", "share_pct": 2.0}
FLOOR = {"type": "floor", "share_pct": 1.0, "countries": ["DEU"]}
DELAY = {"type": "delay", "years": 2}


def text(document: Any) -> str:
    """Differs where the documents do; Python takes 1 and true for the same."""
    return json.dumps(document, sort_keys=True)


@given(DOCUMENTS, DOCUMENTS)
def test_applied_to_the_first_it_gives_the_second(before: Any, after: Any) -> None:
    untouched = copy.deepcopy((before, after))
    patch = difference(before, after)
    assert text(applied(patch, before)) == text(after)
    assert (before, after) == untouched


@given(DOCUMENTS)
def test_the_same_twice_differs_in_nothing(document: Any) -> None:
    assert difference(document, copy.deepcopy(document)) == []


@pytest.mark.parametrize(
    ("before", "after", "operations"),
    [
        ([CAP, DELAY], [DELAY], [("remove", "/levers/0")]),
        ([CAP], [FLOOR, CAP], [("add", "/levers/0")]),
        ([CAP, FLOOR, DELAY], [CAP, DELAY], [("remove", "/levers/1")]),
        ([CAP, DELAY], [CAP | {"share_pct": 2.5}, DELAY], [("replace", "/levers/0/share_pct")]),
        ([CAP, DELAY], [CAP, DELAY | {"from": 2030}], [("add", "/levers/1/from")]),
        ([FLOOR], [FLOOR | {"countries": ["DEU", "FRA"]}], [("replace", "/levers/0/countries")]),
        ([CAP], [FLOOR], [("replace", "/levers/0")]),
        ([CAP, FLOOR], [], [("remove", "/levers/0"), ("remove", "/levers/0")]),
    ],
)
def test_it_says_no_more_than_what_changed(before: Any, after: Any, operations: list[tuple[str, str]]) -> None:
    patch = difference({"name": "x", "levers": before}, {"name": "x", "levers": after})
    assert [(one["op"], one["path"]) for one in patch] == operations


def test_it_says_what_stood_there() -> None:
    patch = difference({"levers": [CAP], "public": False}, {"levers": [CAP | {"share_pct": 3.0}], "public": True})
    assert patch == [
        {"op": "replace", "path": "/levers/0/share_pct", "before": 2.0, "value": 3.0},
        {"op": "replace", "path": "/public", "before": False, "value": True},
    ]


def test_true_is_not_one() -> None:
    assert [one["value"] for one in difference({"a": 1, "b": [{"c": 0}]}, {"a": True, "b": [{"c": False}]})] == [
        True,
        False,
    ]
