"""Related spending, the "up to 1.5 %": a prior, since no series is published.

``data/related_share.csv`` holds all there is: claims and plans of five governments. NATO has published no figure
per ally and no counting rule. So the paths of this component are not fitted but drawn from this prior, and every
answer says ``"basis": "prior"``:

    log L        ~ Normal(log m, s^2)                      the level today
    log r(o + k)  = log L + f * max(0, log(1.5 / L)) * min(k / (2035 - o), 1) + W(k)
    f            ~ Beta(2, 2)                               the fraction of the gap that is closed by 2035
    W(k)         : random walk, sd 0.06 a year              reclassification and ordinary variation

- m, the median level: the government's own figure where there is one; otherwise 0.8 % of GDP, between the
  one itemised claim (Italy, 0.7 in 2026) and the two that round to the target (the United Kingdom and
  Canada, 1.5), nearer the lower because governments far from the target have no reason to publish.
- s: 0.15 for a figure of a national budget, 0.30 for a claim, 0.35 for a plan not yet reached, 0.50 where
  nothing is published (80 % interval 0.42 to 1.52 % of GDP).
- Between allies, the level's error and f correlate by 0.4: NATO's rule on what counts, still to come, will bind all.
- f: pledges of this kind were about half kept (of 24 allies below 2 % in 2014, 12 reached it by 2024).

These are judgements, not estimates: a scenario's ``share_path``, ``floor`` or ``pledge`` on the component
``related`` replaces them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from models.dataset.tables import BUNDLED, Tables, number
from models.rng import generator
from models.scenarios.targets import HAGUE_DEADLINE, RELATED_TARGET
from models.series import Array

DEFAULT_LEVEL, DEFAULT_SD = 0.8, 0.50
TOGETHER = 0.4
YEARLY_SD = 0.06
_SD = {"national_figure": 0.15, "national_claim": 0.30, "national_plan": 0.35}


@dataclass(frozen=True)
class RelatedPrior:
    """The prior of one ally's related share today: median (% of GDP), sd of its log, and what it rests on."""

    median_pct: float
    log_sd: float
    rests_on: str
    source: str | None


@cache
def related_prior(code: str, tables: Tables = BUNDLED) -> RelatedPrior:
    """The prior for the ally with ISO alpha-3 code ``code``."""
    for row in tables.read("related_share"):
        level = number(row["share_pct"])
        if row["iso3"] == code and level and row["kind"] in _SD:
            return RelatedPrior(
                level,
                _SD[row["kind"]],
                f"{row['kind'].replace('_', ' ')} for {row['year']}: {row['summary']}",
                row["source"],
            )
    return RelatedPrior(
        DEFAULT_LEVEL,
        DEFAULT_SD,
        "No figure is published for this ally: the default prior, between the claims of the allies that publish one.",
        None,
    )


def _closed(normal: Array) -> Array:
    """Beta(2, 2) variates from standard normal ones: its distribution function is 3 x^2 - 2 x^3."""
    rank = np.vectorize(NormalDist().cdf, otypes=[float])(normal)
    grid = np.linspace(0, 1, 1001)
    return np.asarray(np.interp(rank, 3 * grid**2 - 2 * grid**3, grid))


def simulate_related(code: str, origin: int, horizon: int, draws: int, seed: int, tables: Tables = BUNDLED) -> Array:
    """Draws of the related share, array (draws, 1 + horizon), % of GDP; column 0 is the origin year.

    Row i of every ally is the same world: allies decide together what counts and how far to go.
    """
    prior = related_prior(code, tables)
    shared, rng = generator(seed, "related"), generator(seed, "related", code)

    def together() -> Array:
        own = math.sqrt(1 - TOGETHER) * rng.standard_normal((draws, 1))
        return math.sqrt(TOGETHER) * shared.standard_normal((draws, 1)) + own

    level = math.log(prior.median_pct) + prior.log_sd * together()
    closed = _closed(together())
    gap = np.maximum(0.0, math.log(RELATED_TARGET) - level)
    elapsed = np.minimum(np.arange(1, horizon + 1) / max(HAGUE_DEADLINE - origin, 1), 1.0)
    noise = np.cumsum(YEARLY_SD * rng.standard_normal((draws, horizon)), axis=1)
    return np.exp(np.hstack([level, level + closed * gap * elapsed + noise]))
