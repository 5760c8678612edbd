"""The accuracy table scores as the public definitions say; here they are written out once more, the long way."""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist, fmean, pstdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.accuracy import peers, table
from models.dataset.observations import load_figures
from models.evaluation.backtest import LEVELS

FOUR_DECIMALS = 5e-5
Panel = dict[str, dict[int, float]]


def interpolate(x: float, xs: list[float], ys: list[float]) -> float:
    """Linear between points; the ends' own values outside."""
    if x <= xs[0]:
        return ys[0]
    for k in range(1, len(xs)):
        if x <= xs[k]:
            return ys[k - 1] + (ys[k] - ys[k - 1]) * (x - xs[k - 1]) / (xs[k] - xs[k - 1])
    return ys[-1]


def chance(levels: list[float], q: list[float], x: float) -> float:
    """P(value >= x), half of what is left outside the levels."""
    if x < q[0]:
        return 1 - levels[0] / 2
    if x > q[-1]:
        return (1 - levels[-1]) / 2
    return 1 - interpolate(x, q, levels)


def pinball(levels: list[float], q: list[float], y: float) -> float:
    return 2 * fmean(max(p * (y - v), (p - 1) * (y - v)) for p, v in zip(levels, q, strict=True))


def by_definition(
    panel: Panel, forecasts: dict[table.Row, list[float]], levels: list[float]
) -> dict[str, float | None]:
    """The scores from their definitions, forecast by forecast, with nothing of the project's."""
    rows, wales = [], defaultdict(list)
    for (s, t, h), unsorted in forecasts.items():
        q, y, last = sorted(unsorted), panel[s][t + h], panel[s][t]
        logs = [math.log(v) for year, v in sorted(panel[s].items()) if year <= t]
        sd = max(pstdev(b - a for a, b in pairwise(logs)), 1e-4) * math.sqrt(h)
        walk = [last * math.exp(sd * NormalDist().inv_cdf(p)) for p in levels]
        rows.append(
            {
                "late": t >= 2014,
                "far": h >= 8,
                "crps": pinball(levels, q, y),
                "walk": pinball(levels, walk, y),
                "80": interpolate(0.1, levels, q) <= y <= interpolate(0.9, levels, q),
                "95": interpolate(0.025, levels, q) <= y <= interpolate(0.975, levels, q),
                "brier": fmean((chance(levels, q, f * last) - (y >= f * last)) ** 2 for f in (1.1, 1.3, 1.5)),
            }
        )
        if t + h == 2024 and 2014 <= t <= 2023 and panel[s].get(2014, 9.0) < 2.0:
            wales[t].append((chance(levels, q, 1.995) - (y >= 1.995)) ** 2)

    def mean(key: str, only: str | None = None) -> float | None:
        chosen = [row[key] for row in rows if only is None or row[only]]
        return fmean(chosen) if chosen else None

    def skill(only: str | None = None) -> float | None:
        ours, theirs = mean("crps", only), mean("walk", only)
        return None if ours is None or theirs is None else 1 - ours / theirs

    return {
        "forecasts": len(rows),
        "crps": mean("crps"),
        "crps_random_walk": mean("walk"),
        "skill": skill(),
        "skill_from_2014": skill("late"),
        "coverage_80": mean("80"),
        "coverage_95": mean("95"),
        "coverage_80_from_2014": mean("80", "late"),
        "coverage_80_horizon_8_on": mean("80", "far"),
        "brier": mean("brier"),
        "brier_2024": fmean(fmean(v) for v in wales.values()) if wales else None,
    }


def some_panel(rng: np.random.Generator, series: int = 4, first: int = 2000, last: int = 2026) -> Panel:
    years = range(first, last + 1)
    walks = np.exp(np.cumsum(rng.normal(0.0, 0.12, (series, len(years))), axis=1)) * rng.uniform(0.8, 3, (series, 1))
    return {f"S{k}": dict(zip(years, map(float, row), strict=True)) for k, row in enumerate(walks)}


def some_forecasts(rng: np.random.Generator, panel: Panel, origins: range, horizon: int = 10) -> table.Forecasts:
    """Log-normal quantiles, too wide or too narrow, and in no order."""
    z = np.array([NormalDist().inv_cdf(p) for p in LEVELS])
    found = {}
    for name, points in panel.items():
        for origin in origins:
            for h in range(1, horizon + 1):
                if origin + h in points:
                    q = points[origin] * np.exp(rng.normal(0, 0.1) + rng.uniform(0.05, 0.3) * h**0.5 * z)
                    found[name, origin, h] = rng.permutation(q)
    return found


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), origins=st.sampled_from([range(2008, 2026), range(2008, 2012), range(2020, 2025)]))
def test_scores_are_what_they_are_defined_as(seed: int, origins: range) -> None:
    rng = np.random.default_rng(seed)
    panel = some_panel(rng)
    forecasts = some_forecasts(rng, panel, origins)
    found = vars(table.score(panel, forecasts, LEVELS))
    expected = by_definition(
        panel, {row: list(map(float, q)) for row, q in forecasts.items()}, list(map(float, LEVELS))
    )
    for name, value in expected.items():
        if value is None:
            assert found[name] is None, name
        else:
            assert found[name] == pytest.approx(value, abs=FOUR_DECIMALS), name


def test_random_walk_has_no_skill_and_the_spread_of_the_past() -> None:
    panel = {"a": {2000: 1.0, 2001: math.e, 2002: 1.0, 2003: math.e}}  # log changes 1, -1, 1
    q = table.random_walk(panel, [("a", 2002, 4), ("a", 2003, 1)], np.array([0.5, NormalDist().cdf(1)]))
    assert q[0] == pytest.approx([1, math.exp(1 * 2)])
    assert q[1] == pytest.approx([math.e, math.exp(1 + pstdev([1, -1, 1]))])
    rng = np.random.default_rng(1)
    panel = some_panel(rng)
    rows = list(some_forecasts(rng, panel, range(2010, 2024)))
    walk = table.forecasts_of(rows, table.random_walk(panel, rows, LEVELS))
    found = table.score(panel, walk, LEVELS)
    assert (found.skill, found.skill_interval, found.skill_from_2014) == (0, (0, 0), 0)


def test_methods_are_scored_on_what_all_of_them_forecast() -> None:
    rng = np.random.default_rng(2)
    panel = some_panel(rng)
    whole = some_forecasts(rng, panel, range(2010, 2024))
    holed = {row: q for row, q in whole.items() if row[0] != "S1"}
    late = {row: q for row, q in whole.items() if row[1] >= 2020}
    beyond = whole | {("S0", 2026, 1): whole["S0", 2010, 1]}  # no outcome yet: never counted
    found = table.score_all(panel, {"a": beyond, "b": holed, "late": late}, LEVELS, partial=["late"])
    assert [found[name].forecasts for name in ("a", "b")] == [len(holed)] * 2
    assert found["late"].forecasts == len(late.keys() & holed.keys())
    assert [found[name].missing for name in found] == [0, len(whole) - len(holed), len(whole) - len(late)]
    assert found["a"].crps == found["b"].crps


def test_short_histories_can_be_left_out() -> None:
    rng = np.random.default_rng(3)
    panel = some_panel(rng)
    made = some_forecasts(rng, panel, range(2010, 2024))
    found = table.score_all(panel, {"a": made}, LEVELS, min_years=15)
    assert found["a"].forecasts == sum(origin >= 2014 for _, origin, _ in made)


def test_costs_are_ratios_within_the_run() -> None:
    rng = np.random.default_rng(4)
    panel = some_panel(rng)
    one = table.score(panel, some_forecasts(rng, panel, range(2010, 2012)), LEVELS)
    cpu = {table.RANDOM_WALK: 0.001, table.UNIT_OF_COST: 0.002, "ours": 0.004}
    found = table.with_costs({"ours": one, "unmeasured": one}, cpu)
    assert (found["ours"].cpu_vs_random_walk, found["ours"].cpu_vs_autoets) == (4, 2)
    assert found["unmeasured"].cpu_vs_autoets is None


def test_bundled_panel_survives_being_written(tmp_path: Path) -> None:
    panel = load_figures().panel()
    table.write_panel(panel, tmp_path / "new" / "panel.csv")
    read = table.read_points(tmp_path / "new" / "panel.csv")
    assert list(read) == list(panel)
    for name, points in read.items():
        assert list(points) == list(panel[name].years)
        assert list(points.values()) == pytest.approx(panel[name].values, abs=5e-5)


def test_quantiles_at_other_levels_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "AutoETS.csv"
    peers.write(file, [("a", 2000, 1, list(map(float, LEVELS)))])
    assert table.read_forecasts(file)["a", 2000, 1] == pytest.approx(LEVELS)
    file.write_text(file.read_text(encoding="utf-8").replace("q0.99", "q0.98"), encoding="utf-8")
    with pytest.raises(ValueError, match="other levels"):
        table.read_forecasts(file)


def test_prints_the_peers_beside_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(5)
    panel = some_panel(rng, series=2, first=2002, last=2018)
    lines = [f"{s},{y},{v}" for s, points in panel.items() for y, v in points.items()]
    (tmp_path / "panel.csv").write_text("\n".join(["series,year,value", *lines]), encoding="utf-8")
    rows = [(*row, sorted(map(float, q))) for row, q in some_forecasts(rng, panel, range(2013, 2015), 3).items()]
    for peer in peers.PEERS:
        peers.write(tmp_path / f"{peer}.csv", rows)
    summary = {"cpu_seconds": 0.01, "fits": 5, "failures": ["S1 2013: LinAlgError: singular"]}
    (tmp_path / "peers.json").write_text(json.dumps(dict.fromkeys(peers.PEERS, summary)), encoding="utf-8")
    words = ["panel.csv", "--peers", ".", "--origins", "2013:2014", "--horizon", "3", "--processes", "1"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["accuracy_table", *words, "--json", "out/figures.json"])
    table.main()
    printed = capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "figures.json").read_text(encoding="utf-8"))
    for name in (table.RANDOM_WALK, *table.PEERS.values(), table.ENSEMBLE, "ets alone"):
        assert name in printed
        assert found["methods"][name]["forecasts"] == 2 * 2 * 3
        assert found["methods"][name]["cpu_vs_autoets"] > 0
    # Series without commitments: nothing for the pledge member to say.
    assert table.TREND not in found["methods"]
    assert "could not fit 1 times, for example S1 2013: LinAlgError" in printed
