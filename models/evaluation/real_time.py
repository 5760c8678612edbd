"""The real-time backtest: each origin uses the figures that NATO's edition of the time printed.

The ordinary backtest uses figures as they were revised later. Here an origin needs an edition, of one of two kinds:

- **whole** editions, with all years (nato-2019, nato-2025, and those imported since);
- **single columns**, with only the last year's figure as it was printed. Earlier years are the revised ones, so only
  the last and largest revision is undone.

Origins without an edition are left out. As in the service, an estimate gets revisions learned from the editions up to
then; the ordinary backtest takes its figures as final. Two inputs are as known today: SIPRI's series before 2014, and
the trust in pledges, learned from revised figures at the same origin. Outcomes are the newest figures, whose last two
years are estimates themselves. Luxembourg is left out up to 2023, when NATO changed its denominator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.dataset.observations import GNI_BREAK, Figures, core_shares, load_figures
from models.dataset.tables import BUNDLED, VINTAGES, Tables
from models.ensemble.learned_trust import trust_at
from models.evaluation import scores
from models.evaluation.backtest import DRAWS, LEVELS, forecast_origin, pooled
from models.evaluation.track_record import tables_for
from models.series import Array, Panel, Series
from models.simulation.revisions import EDITIONS, learn, simulate


@dataclass(frozen=True)
class Edition:
    """The figures of one edition.

    Attributes
    ----------
    source : its key in the sources table.
    origin : the last year it has.
    whole : whether all years are the edition's own; otherwise only the last.
    panel : the series as known then, cut at the origin.
    estimates : series whose last figure is an estimate.
    """

    source: str
    origin: int
    whole: bool
    panel: Panel
    estimates: frozenset[str]
    lag: int


def editions(newest: Figures, imported: Sequence[Figures] = ()) -> list[Edition]:
    """All editions older than ``newest``, by origin; at the same origin whole ones after single columns.

    Parameters
    ----------
    newest : whose figures are the outcomes.
    imported : whole editions besides the bundled ones.
    """
    bundled = [load_figures(name, sipri=newest.sipri) for name in VINTAGES]
    found = {figures.source: _whole(figures) for figures in (*bundled, *imported) if figures.origin < newest.origin}
    for source, year in EDITIONS.items():
        if source not in found and source != newest.source and (column := _column(newest, source, year)):
            found[source] = column
    return sorted(found.values(), key=lambda e: (e.origin, e.whole, e.source))


def _whole(figures: Figures) -> Edition:
    last = {code: seen[-1] for code, seen in figures.observations.items()}
    estimates = frozenset(c for c, o in last.items() if o.estimate and o.year == figures.origin)
    panel = _without_break(figures.panel(), figures.origin)
    return Edition(figures.source, figures.origin, True, panel, estimates, figures.edition - figures.origin)


def _column(newest: Figures, source: str, year: int) -> Edition | None:
    """The newest figures with the last year's replaced by the edition's; only the allies that it names."""
    shares = core_shares(BUNDLED, source)
    origin = max((max(found) for found in shares.values()), default=0)
    if not 0 < origin < newest.origin:
        return None
    series = []
    for code, revised in newest.panel(origin).items():
        printed = shares.get(code, {}).get(origin)
        if printed is not None and revised.end == origin:
            series.append(Series(code, revised.start, np.append(revised.values[:-1], printed[0])))
    estimates = frozenset(code for code, found in shares.items() if origin in found and found[origin][1])
    return Edition(source, origin, False, _without_break(Panel(series), origin), estimates, year - origin)


def _without_break(panel: Panel, origin: int) -> Panel:
    code, year = GNI_BREAK
    return panel if origin > year else Panel(s for s in panel.values() if s.name != code)


def real_time(
    newest: Figures, imported: Sequence[Figures] = (), *, horizon: int = 10, draws: int = DRAWS, seed: int = 1
) -> dict[str, Any]:
    """Scores of the real-time and of the ordinary backtest, for the same series and origins.

    CRPS is in % of GDP, ``skill`` against a random walk from the same figure; a forecast counts if its outcome
    is known and both backtests make it.
    """
    judged = [_judge(edition, newest, horizon, draws, seed) for edition in editions(newest, imported)]
    judged = [j for j in judged if j.outcome.size]
    together = {}
    for name, kinds in (("all", (True, False)), ("whole", (True,)), ("single_columns", (False,))):
        parts = [j for j in judged if j.edition.whole in kinds]
        if len(parts) > 1:
            together[name] = _Judged.of(parts).row()
    rows = [j.row() for j in judged]
    return {"vintage": newest.vintage, "horizon": horizon, "editions": rows, "together": together}


@dataclass(frozen=True)
class _Judged:
    """Forecasts whose outcome is known: quantiles by printed and by revised figures, arrays (forecasts, levels)."""

    edition: Edition
    then: Array
    revised: Array
    walk: Array
    outcome: Array
    editions: int = 1

    @classmethod
    def of(cls, parts: Sequence[_Judged]) -> _Judged:
        then, revised, walk, outcome = (
            np.concatenate([getattr(p, name) for p in parts]) for name in ("then", "revised", "walk", "outcome")
        )
        return cls(parts[0].edition, then, revised, walk, outcome, len(parts))

    def row(self) -> dict[str, Any]:
        """The scores as a row of the published table."""
        walk = scores.crps(self.walk, LEVELS, self.outcome)
        found: dict[str, Any] = {"forecasts": int(self.outcome.size)}
        if self.editions == 1:
            found = {"edition": self.edition.source, "origin": self.edition.origin, "whole": self.edition.whole} | found
        else:
            found = {"editions": self.editions} | found
        for name, quantiles in (("real_time", self.then), ("ordinary", self.revised)):
            crps = scores.crps(quantiles, LEVELS, self.outcome)
            found[name] = {
                "crps": round(float(crps.mean()), 4),
                "skill": round(scores.skill(crps, walk), 4),
                "coverage_80": round(float(scores.covered(quantiles, LEVELS, self.outcome, 0.8).mean()), 4),
                "coverage_95": round(float(scores.covered(quantiles, LEVELS, self.outcome, 0.95).mean()), 4),
            }
        return found


def _judge(edition: Edition, newest: Figures, horizon: int, draws: int, seed: int) -> _Judged:
    truth = newest.panel()
    tables = tables_for(truth, newest.tables)
    then = _quantiles(edition.panel, edition, horizon, draws, seed, tables, revised=False)
    revised = _quantiles(truth, edition, horizon, draws, seed, tables, revised=True)
    rows = list(_known(edition, set(then) & set(revised), truth, horizon))
    walks = {name: _walk(edition.panel[name], horizon) for name, _, _ in rows}

    def stacked(source: dict[str, Array]) -> Array:
        return np.array([source[name][h - 1] for name, h, _ in rows]).reshape(-1, LEVELS.size)

    return _Judged(edition, stacked(then), stacked(revised), stacked(walks), np.array([y for _, _, y in rows]))


def _known(edition: Edition, names: set[str], truth: Panel, horizon: int) -> Iterator[tuple[str, int, float]]:
    for name in sorted(names):
        for h in range(1, min(horizon, truth[name].end - edition.origin) + 1):
            yield name, h, truth[name].at(edition.origin + h)


def _quantiles(
    panel: Panel,
    edition: Edition,
    horizon: int,
    draws: int,
    seed: int,
    tables: Tables | None,
    *,
    revised: bool,
) -> dict[str, Array]:
    """By series, quantiles array (horizon, levels) from ``panel`` at the edition's origin."""
    revisions = {}
    if not revised and edition.estimates:
        learned = learn(edition.source, edition.lag)
        revisions = {name: simulate(learned, name, draws, seed) for name in edition.estimates}
    origin = forecast_origin(panel, edition.origin, horizon, draws, seed, tables, revisions)
    found = pooled(origin, trust_at(edition.origin), LEVELS)
    return dict(zip(origin.names, found, strict=True))


def _walk(series: Series, horizon: int) -> Array:
    """Quantiles of a random walk in logs from the edition's own figure, array (horizon, levels)."""
    start, sd = (np.full(horizon, x) for x in (series.values[-1], scores.log_change_sd(series)))
    return scores.random_walk(start, sd, np.arange(1.0, horizon + 1), LEVELS)
