"""A sweep: its points and chunks, and that a chunk is a pure function which agrees with single forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Forecaster, Scenario, Targets, load_figures
from models.analysis.sweep import OUTCOMES, Axis, Columns, InvalidPoint, Sweep, evaluate, find_axes, table
from models.scenarios.levers import Cap, Floor, PledgeLever
from models.simulation.path_store import PathStore

HALVES = {"grid": [0, 0.5, 1]}
PLEDGE = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": HALVES}


def document(*levers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "countries": ["DEU", "ISL"],
        "scenario": {"name": "s", "levers": list(levers)},
        "sampling": {"kind": "grid"},
        "targets": [{"deadline": 2035, "core": 3.5, "related": 1.5}],
        "origin": 2026,
        "chunk_points": 2,
    } | more


def read(scenario: dict[str, Any]) -> Scenario:
    """What the service does with a schema, for the three levers used here."""
    kinds = {"pledge": PledgeLever, "cap": Cap, "floor": Floor}
    levers = [dict(lever) for lever in scenario["levers"]]
    if any(lever["type"] not in kinds for lever in levers):
        raise InvalidPoint("levers/0/type: is unknown")
    return Scenario("s", levers=tuple(kinds[lever.pop("type")](**lever) for lever in levers))


@pytest.fixture(scope="module")
def forecaster(fits: Path) -> Forecaster:
    return Forecaster(load_figures(), PathStore(fits), draws=500)


def test_axes_are_found_by_their_paths() -> None:
    path = {"type": "share_path", "points": {"2030": {"grid": [2, 3]}, "2035": 3.5}}
    found = find_axes({"name": "s", "levers": [PLEDGE, path]})
    assert [axis for axis, _ in found] == [("levers", 0, "credibility"), ("levers", 1, "points", "2030")]
    assert Axis.of(*found[1]).name == "levers/1/points/2030"


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"grid": [1, "learned", 0.5]}, (1, "learned", 0.5)),
        ({"from": 0, "to": 1, "steps": 11}, (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
        ({"from": 2028, "to": 2034, "steps": 4}, (2028, 2030, 2032, 2034)),
        ({"from": 1, "to": -1, "steps": 3}, (1, 0, -1)),
    ],
)
def test_the_values_of_an_axis(given: dict[str, Any], values: tuple[Any, ...]) -> None:
    found = Axis.of(("levers", 0, "x"), given).values
    assert found == values
    assert [type(a) for a in found] == [type(b) for b in values]


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 5), st.integers(1, 3))
def test_chunks_hold_every_evaluation_once_and_in_order(points: int, size: int, countries: int, targets: int) -> None:
    sweep = Sweep(
        document(
            {"type": "cap", "share_pct": {"grid": list(range(1, points + 1))}},
            countries=[f"C{i}" for i in range(countries)],
            targets=[{"deadline": 2030 + i, "core": 3.5, "related": 1.5} for i in range(targets)],
            chunk_points=size,
        )
    )
    seen = [
        (span.country, span.targets.deadline, point)
        for span in map(sweep.span, range(sweep.chunks))
        for point in span.points
    ]
    wanted = [(f"C{c}", 2030 + t, p) for c in range(countries) for t in range(targets) for p in range(points)]
    assert seen == wanted
    assert sweep.evaluations == len(wanted)


def test_a_grid_is_every_combination_the_last_axis_fastest() -> None:
    sweep = Sweep(document(PLEDGE, {"type": "cap", "share_pct": {"grid": [4, 5]}}))
    values = [[axis.value(at) for axis, at in zip(sweep.axes, row, strict=True)] for row in sweep.places(0, 6)]
    assert values == [[0, 4], [0, 5], [0.5, 4], [0.5, 5], [1, 4], [1, 5]]
    assert sweep.scenario([0.5, 4])["levers"] == [PLEDGE | {"credibility": 0.5}, {"type": "cap", "share_pct": 4}]


def test_outcomes_are_those_of_a_forecast(forecaster: Forecaster) -> None:
    sweep = Sweep(document(PLEDGE, chunk_points=10))
    for chunk, country in enumerate(("DEU", "ISL")):
        columns = evaluate(forecaster, sweep, chunk, read)
        for index, credibility in enumerate((0, 0.5, 1)):
            scenario = Scenario("s", levers=(PledgeLever(share_pct=3.5, year=2035, credibility=credibility),))
            answer = forecaster.forecast(country, scenario, Targets(), origin=2026, levels=(0.5,))
            wanted: list[float] = []
            for target in answer.targets:
                p = target.outcome.probability if target.outcome else None
                wanted += [p.at_deadline, p.by_deadline, p.held] if p else [np.nan] * 3
            core = answer.components.get("core")
            wanted.append(core.quantiles[0, -1] if core else np.nan)
            np.testing.assert_array_equal(columns.outcomes[:, index], wanted)


def test_an_ally_without_armed_forces_has_related_spending_only(forecaster: Forecaster) -> None:
    columns = evaluate(forecaster, Sweep(document(PLEDGE)), 2, read)
    there = {name for name, row in zip(OUTCOMES, columns.outcomes, strict=True) if np.isfinite(row).all()}
    assert there == {"related_at_deadline", "related_by_deadline", "related_held"}


def test_a_chunk_is_the_same_bytes_every_time(forecaster: Forecaster) -> None:
    sweep = Sweep(document(PLEDGE))
    again = Forecaster(forecaster.figures, PathStore(forecaster.store.folder), draws=500)
    first = [evaluate(forecaster, sweep, chunk, read).pack() for chunk in range(sweep.chunks)]
    assert [evaluate(again, sweep, chunk, read).pack() for chunk in reversed(range(sweep.chunks))] == first[::-1]


def test_points_that_make_no_scenario_fail_alone(forecaster: Forecaster) -> None:
    floor = {"type": "floor", "share_pct": {"grid": [2, 3]}}
    columns = evaluate(forecaster, Sweep(document({"type": "cap", "share_pct": 2.5}, floor)), 0, read)
    assert set(columns.failures) == {1}
    assert "the floor (3) is above the cap (2.5)" in columns.failures[1]
    assert np.isfinite(columns.outcomes[:, 0]).all()
    assert np.isnan(columns.outcomes[:, 1]).all()
    unknown = evaluate(forecaster, Sweep(document({"type": {"grid": ["cap", "magic"]}, "share_pct": 2})), 0, read)
    assert unknown.failures == {1: "levers/0/type: is unknown"}


def test_an_ally_without_a_forecast_fails_alone(forecaster: Forecaster) -> None:
    sweep = Sweep(document(PLEDGE, countries=["MNE"], origin=2005))
    columns = evaluate(forecaster, sweep, 0, read)
    assert [why.split(":")[0] for why in columns.failures.values()] == ["origin", "origin"]


def test_columns_survive_packing(forecaster: Forecaster) -> None:
    sweep = Sweep(document(PLEDGE))
    columns = Columns(np.array([[0.0, 2.0]]), np.full((len(OUTCOMES), 2), np.nan), {1: "no forecast – none"})
    columns.outcomes[0, 0] = 0.1 + 0.2
    found = Columns.unpack(columns.pack())
    np.testing.assert_array_equal(found.places, columns.places)
    np.testing.assert_array_equal(found.outcomes, columns.outcomes)
    assert found.failures == columns.failures
    rows = table(sweep, 0, found)
    assert (rows["levers/0/credibility"], rows["core_at_deadline"]) == ([0, 1], [0.3, None])
    assert rows["failure"] == [None, "no forecast – none"]


def test_a_scenario_without_axes_is_one_point(forecaster: Forecaster) -> None:
    cap = {"type": "cap", "share_pct": 2.0}
    sweep = Sweep(document(cap))
    assert (sweep.points, sweep.chunks) == (1, 2)
    assert evaluate(forecaster, sweep, 0, read).outcomes[0, 0] < 0.01


def test_fits_of_the_store_are_what_it_reads(tmp_path: Path) -> None:
    forecaster = Forecaster(load_figures(), PathStore(tmp_path), draws=500)
    evaluate(forecaster, Sweep(document(PLEDGE, countries=["ISL"])), 0, read)
    assert list(tmp_path.glob("ISL-*-2026-baseline-*.json"))
