"""Revisions: how far NATO's newest figures will still move.

The last years of an edition are estimates. The error of a first estimate is the log ratio of the latest
figure to it. Errors are learned by **lag**: the edition's year minus the figure's (an edition's own year has
lag 0, the year before it lag 1).

The model of the log ratio of ally i in edition e is ::

    x[e, i] = m[e] + scale * t[e, i]        t: Student, the same degrees of freedom everywhere
    m[e]    ~ N(bias, between^2)            the editions' means are random effects
    bias    ~ N(0, BIAS_SD^2)               shrunk towards "no bias": there are only a handful of editions

fitted in three steps (:func:`learn`): the t part by EM over all editions at once, which gives an outlier
such as Bulgaria's 2019 (a jet paid for at once, +0.67) almost no weight; the spread between editions by
moments, shrunk; the bias as its posterior mean.

A log ratio mixes corrections of spending, corrections of GDP, and NATO's change from 2015 to 2021 prices
between the editions of 2023 and 2024. The latest figure of a recent year is an estimate itself, so the last
edition's errors are understated.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from models.dataset.observations import UnknownVintage, edition_year
from models.dataset.tables import BUNDLED, Tables
from models.rng import generator
from models.series import Array

# Source -> edition year, in the order of publication: the annual reports (sgar) come out in the March
# after their year, the tables in the June to August of it. "News" are single columns quoted by the press.
EDITIONS: Mapping[str, int] = {
    "nato_sgar_2017": 2017,
    "nato_2019": 2019,
    "nato_2022_news": 2022,
    "nato_sgar_2023": 2023,
    "nato_2024": 2024,
    "nato_2025": 2025,
    "nato_2025_news": 2025,
    "nato_sgar_2025": 2025,
    "nato_2026": 2026,
}

# The prior, log units: no bias, and a standard deviation of 0.08 in all for a single figure.
BIAS_SD = 0.03
BETWEEN_SD, BETWEEN_WEIGHT = 0.03, 3.0  # weight: counts as so many degrees of freedom
OWN_SD, OWN_WEIGHT = math.sqrt(0.08**2 - BIAS_SD**2 - BETWEEN_SD**2), 10.0  # ... as so many pairs
TAILS, TAILS_LEARNED_FROM = 5.0, 20  # degrees of freedom; fewer pairs do not change them
TAILS_TRIED = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 30.0)
_EM_STEPS = 100


@dataclass(frozen=True)
class Revision:
    """How estimates of one lag move, log units.

    Attributes
    ----------
    bias : expected revision; negative where first estimates were too high.
    common_sd : standard deviation of what all allies of one edition share (editions differ, and the bias is
        not known exactly).
    own_sd : standard deviation of an ally's own part.
    tails : degrees of freedom of the own part, Student's t scaled to ``own_sd``.
    pairs, editions : how many it was learned from; 0 for the prior.
    """

    bias: float
    common_sd: float
    own_sd: float
    tails: float
    pairs: int
    editions: int


@dataclass(frozen=True)
class _StudentFit:
    """Locations (editions,) and common scale of Student's t with ``tails`` degrees of freedom."""

    tails: float
    scale: float
    locations: Array
    log_likelihood: float


@cache
def learn(vintage: str, lag: int, tables: Tables = BUNDLED) -> Revision:
    """Revisions of estimates of one lag, learned from the editions up to and including ``vintage``.

    With k editions of n[e] pairs, N in all, weights W and prior sds as the constants above:

    - own variance = (W_own OWN_SD^2 + N s^2) / (W_own + N), s^2 = scale^2 tails / (tails - 2) * N / (N - k);
    - v[e] = scale^2 (tails + 3) / ((tails + 1) n[e]), the sampling variance of an edition's location;
    - between^2 = (W_between BETWEEN_SD^2 + (k - 1) max(var(m) - mean(v), 0)) / (W_between + k - 1);
    - w[e] = 1 / (between^2 + v[e]), bias = sum(w m) / (sum(w) + 1 / BIAS_SD^2);
    - common variance = between^2 + 1 / (sum(w) + 1 / BIAS_SD^2).

    Without any pair this leaves the prior: bias 0, sd 0.08 in all.

    Parameters
    ----------
    vintage : an edition, such as ``nato-2026``.
    lag : edition year minus the figure's year.

    Raises
    ------
    UnknownVintage
    """
    misses = [np.array(found) for found in misses_by_year(vintage, lag, tables).values()]
    pairs, editions = sum(x.size for x in misses), len(misses)
    if not pairs:
        return Revision(0.0, math.hypot(BETWEEN_SD, BIAS_SD), OWN_SD, TAILS, 0, 0)
    tried = TAILS_TRIED if pairs >= TAILS_LEARNED_FROM else (TAILS,)
    fit = max((_fit(misses, tails) for tails in tried), key=lambda f: f.log_likelihood)
    spread = fit.scale**2 * fit.tails / (fit.tails - 2) * pairs / max(pairs - editions, 1)
    own = (OWN_WEIGHT * OWN_SD**2 + pairs * spread) / (OWN_WEIGHT + pairs)
    sampling = own * (fit.tails - 2) / fit.tails * (fit.tails + 3) / (fit.tails + 1)
    bias, common = _shrunk(fit.locations, sampling / np.array([x.size for x in misses]))
    return Revision(bias, common, math.sqrt(own), fit.tails, pairs, editions)


def simulate(revision: Revision, series: str, draws: int, seed: int) -> Array:
    """Log revisions of one ally's estimate, array (draws,): log(final figure) - log(estimate).

    Row i of every ally shares one common shock. Neither stream depends on the lag: within an edition the
    misses of two years of one ally go together (correlation 0.4 in 2019, 0.7 in 2025), so they move as one.
    """
    common = generator(seed, "revision").standard_normal(draws)
    own = generator(seed, "revision", series).standard_t(revision.tails, draws)
    unit = math.sqrt((revision.tails - 2) / revision.tails)
    return np.asarray(revision.bias + revision.common_sd * common + revision.own_sd * unit * own)


def _editions(tables: Tables) -> dict[str, int]:
    """:data:`EDITIONS` and those that were imported since, each after what was published up to its year."""
    found = dict(EDITIONS)
    sources = {row["source"] for name in ("share_vintages", "core_share") for row in tables.read(name)}
    for source in sorted(sources - found.keys()):
        if year := edition_year(source):
            found[source] = year
    return dict(sorted(found.items(), key=lambda item: item[1]))


def misses_by_year(vintage: str, lag: int, tables: Tables = BUNDLED) -> dict[int, list[float]]:
    """Edition year -> log ratios of the latest figure, as of ``vintage``, to the first estimate.

    If several editions of one year have a figure, the earliest counts: their errors are not independent.
    """
    editions = _editions(tables)
    order = list(editions)
    vintage_source = vintage.replace("-", "_")
    if vintage_source not in editions:
        raise UnknownVintage(vintage)
    known = order[: order.index(vintage_source) + 1]
    figures: dict[str, dict[tuple[str, int], float]] = defaultdict(dict)
    first: dict[tuple[str, int], str] = {}
    rows = [r for t in ("share_vintages", "core_share") for r in tables.read(t) if r["source"] in known]
    for row in sorted(rows, key=lambda r: order.index(r["source"])):
        source, key = row["source"], (row["iso3"], int(row["year"]))
        figures[source][key] = float(row["share_pct"])
        if row["estimate"] == "true" and editions[source] - key[1] == lag:
            first.setdefault(key, source)
    misses: dict[int, list[float]] = defaultdict(list)
    for key, source in first.items():
        latest = next(s for s in reversed(known) if key in figures[s])
        if latest != source:
            misses[editions[source]].append(math.log(figures[latest][key] / figures[source][key]))
    return misses


def _fit(misses: list[Array], tails: float) -> _StudentFit:
    """Maximum likelihood by EM: a location for each edition, one scale (Lange, Little & Taylor 1989)."""
    x = np.concatenate(misses)
    edition = np.repeat(np.arange(len(misses)), [m.size for m in misses])
    locations = np.array([np.median(m) for m in misses])
    # Equal misses would give a scale of 0; the floor is far below the rounding of shares.
    variance = max(float(np.mean((x - locations[edition]) ** 2)), 1e-8)
    for _ in range(_EM_STEPS):
        weight = (tails + 1) / (tails + (x - locations[edition]) ** 2 / variance)
        locations = np.bincount(edition, weight * x) / np.bincount(edition, weight)
        variance = max(float(np.mean(weight * (x - locations[edition]) ** 2)), 1e-8)
    constant = math.lgamma((tails + 1) / 2) - math.lgamma(tails / 2) - 0.5 * math.log(tails * math.pi * variance)
    exponent = np.log1p((x - locations[edition]) ** 2 / (tails * variance)) * (tails + 1) / 2
    return _StudentFit(tails, math.sqrt(variance), locations, float(x.size * constant - exponent.sum()))


def _shrunk(locations: Array, sampling: Array) -> tuple[float, float]:
    """Posterior mean of the bias, and the sd with which a new edition's mean is known."""
    freedom = locations.size - 1
    excess = max(float(locations.var(ddof=1) - sampling.mean()), 0.0) if freedom else 0.0
    between = (BETWEEN_WEIGHT * BETWEEN_SD**2 + freedom * excess) / (BETWEEN_WEIGHT + freedom)
    weight = 1 / (between + sampling)
    precision = float(weight.sum()) + 1 / BIAS_SD**2
    return float((weight * locations).sum()) / precision, math.sqrt(between + 1 / precision)
