"""How well a series without a panel is forecast: public annual series, each by itself.

    python -m benchmarks.accuracy.own_series

The series come with statsmodels: births per woman of some countries (World Bank), the flow of the Nile, the market of
copper, eleven firms (Grunfeld) and the economy of the United States (Longley). Each positive one is forecast from its
eighth year and every fifth year after that, as the service forecasts an analyst's own series: by the local members in
equal parts. CRPS is in units of the last known value, so that all series count alike. One core needs half a minute.

The cut of single jumps, the fading of trends, and an ARIMA only from twenty values on were chosen on these series.
Taken alternately, skill rose from -2.0 to 0.28 on one half of them and from -3900 to 0.23 on the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from models.ensemble.members.base import MemberFailed
from models.ensemble.pool import Ensemble
from models.evaluation import scores
from models.evaluation.backtest import LEVELS, SHORTEST
from models.series import Array, Panel, Series

HORIZON, EVERY, DRAWS, SEED = 10, 5, 2000, 1
COUNTRIES, FEWEST_FIGURES = 24, 20
"""So many of the 197 countries with so many figures in a row; more would outweigh all other series."""


@dataclass(frozen=True)
class Judged:
    """One series from one origin, by years ahead: arrays (horizon,), in units of the last known value.

    ``failure`` is the reason why no member made a forecast; ``left_out`` the members that made none.
    """

    group: str
    crps: Array
    crps_walk: Array
    covered: Array
    covered_walk: Array
    numbers: bool
    failure: str = ""
    left_out: tuple[str, ...] = ()


def public_series(countries: int = COUNTRIES) -> Iterator[tuple[str, Series]]:
    """The group and each of its positive annual series; of the births those of ``countries`` countries."""
    from statsmodels.datasets import copper, fertility, grunfeld, longley, nile

    births = fertility.load_pandas().data.set_index("Country Code")
    years = [column for column in births if column.isdigit()]
    whole = []
    for code, row in births[years].astype(float).iterrows():
        if row.notna().any():
            series = _positive(f"births {code}", map(int, years), row)
            whole += [series] * (series.values.size >= FEWEST_FIGURES)
    for series in whole[:: max(1, len(whole) // countries)][:countries]:
        yield "births", series
    flow = nile.load_pandas().data
    yield "nile", _positive("nile", flow["year"], flow["volume"])
    market = copper.load_pandas().data
    for name in market.columns.drop("TIME"):
        yield "copper", _positive(f"copper {name}", 1950 + market["TIME"], market[name])
    firms = grunfeld.load_pandas().data
    for firm, table in firms.groupby("firm"):
        for name in ("invest", "value", "capital"):
            yield "firms", _positive(f"{firm} {name}", table["year"], table[name])
    economy = longley.load_pandas().data
    for name in economy.columns.drop("YEAR"):
        yield "economy", _positive(f"economy {name}", economy["YEAR"], economy[name])


def _positive(name: str, years: Iterable[float], values: Iterable[float]) -> Series:
    return Series.from_points(name, {int(y): float(v) for y, v in zip(years, values, strict=True) if v > 0})


def judge(group: str, series: Series, origin: int, draws: int = DRAWS) -> Judged:
    """The forecast of ``series`` from ``origin``, fitted on nothing later, against what came."""
    known = series.until(origin)
    outcome = series.values[known.values.size :][:HORIZON] / known.values[-1]
    ahead = np.arange(1.0, outcome.size + 1)
    walk = scores.random_walk(np.ones(ahead.size), np.full(ahead.size, scores.log_change_sd(known)), ahead, LEVELS)
    theirs = scores.crps(walk, LEVELS, outcome), scores.covered(walk, LEVELS, outcome, 0.8)
    try:
        mixture = Ensemble(Panel([known])).simulate(series.name, outcome.size, draws, SEED, pledge=False)
    except MemberFailed as failure:
        none = np.full(ahead.size, np.nan)
        return Judged(group, none, theirs[0], none, theirs[1], False, str(failure))
    found = np.exp(np.quantile(mixture.logs, LEVELS, axis=0).T - known.log[-1])
    ours = scores.crps(found, LEVELS, outcome), scores.covered(found, LEVELS, outcome, 0.8)
    finite = bool(np.isfinite(found).all())
    return Judged(group, ours[0], theirs[0], ours[1], theirs[1], finite, left_out=tuple(mixture.failed))


def origins(series: Series) -> range:
    """The origins from which ``series`` is forecast."""
    return range(series.start + SHORTEST - 1, series.end, EVERY)


def summary(judged: list[Judged]) -> Mapping[str, float]:
    """Skill against the random walk, coverage of both, and counts."""
    made = [j for j in judged if not j.failure]
    whole = {
        name: np.concatenate([getattr(j, name) for j in made])
        for name in ("crps", "crps_walk", "covered", "covered_walk")
    }
    return {
        "origins": len(judged),
        "skill": scores.skill(whole["crps"], whole["crps_walk"]),
        "coverage_80": float(whole["covered"].mean()),
        "coverage_80_walk": float(whole["covered_walk"].mean()),
        "failures": len(judged) - len(made),
        "not_finite": sum(not j.numbers for j in made),
        "members_left_out": sum(len(j.left_out) for j in made),
    }


def main() -> None:
    began = time.process_time()
    cases = [(group, series, origin) for group, series in public_series() for origin in origins(series)]
    judged = [judge(*case) for case in track(cases, transient=True)]
    table = Table("", "origins", "skill", "80 % covers", "random walk's", "failures", "NaN", "members left out")
    for group in (*dict.fromkeys(j.group for j in judged), "all"):
        s = summary([j for j in judged if group in (j.group, "all")])
        counts = (str(s[name]) for name in ("failures", "not_finite", "members_left_out"))
        shares = (f"{s[name]:.3f}" for name in ("skill", "coverage_80", "coverage_80_walk"))
        table.add_row(group, str(s["origins"]), *shares, *counts)
    console = Console(width=120)
    console.print(table)
    console.print(f"{time.process_time() - began:.0f} s of one core")


if __name__ == "__main__":
    main()
