"""Related spending, the "up to 1.5 %": a prior for each of three counting rules, since no series is published.

``data/related_share.csv`` holds all there is: claims and plans of five governments. NATO has published no figure per
ally and no rule of what counts. So the paths of this component are not fitted but drawn from a prior, and every answer
says ``"basis": "prior"``. What divides the views is what is counted. One rule binds the whole alliance: in one draw all
allies have the same.

=========  =======================================================  ======  ==================  ============
rule       what counts                                              weight  level today, % GDP  sd of its log
=========  =======================================================  ======  ==================  ============
strict     new money of the kinds that the declaration lists        0.2     0.3                 0.6
claimed    what governments say they count                          0.5     1.3                 0.4
broad      existing functional spending of those kinds              0.3     2.0                 0.4
=========  =======================================================  ======  ==================  ============

All numbers of this table are constants: judgements for which no evidence exists that could move them. Their reasons:

- The weights. The declaration says that allies "will account for" up to 1.5 %, where it says "allocate" of the 3.5 %.
  The outside views that were found expect that mostly existing spending is counted and that most allies meet 1.5 %:

  - ABN AMRO, 25 June 2025: many have likely met it already.
    https://www.abnamro.com/research/en/our-research/nato-summit-defence-spending-to-still-rise-significantly-even-if-3-5-is
  - Oxford Economics, June 2025: it entails little actual new spending.
    https://www.oxfordeconomics.com/resource/new-nato-target-in-line-with-our-previously-revised-forecast/
  - IFS, 24 June 2025, on the United Kingdom: reached in 2027-28 by classification.
    https://www.parliamenttoday.com/free/viewnews.html?id=165459
  - Parliamentary Budget Officer of Canada, 5 February 2026: the government says that it is on track already.
    https://www.pbo-dpb.ca/en/publications/RP-2526-022-S--fiscal-implications-meeting-nato-5-commitment--repercussions-financieres-atteinte-cible-5-otan
  - S&P Global Ratings, July 2025, read second-hand: largely reallocated.
    https://latestnewsandupdates.com/expected-impact-limited-by-defense-expenses-increase/

  None expects a strict rule; it keeps one part in five, because the review of 2029 may bring one.
- strict: Iceland spends 0.14 on defence of all kinds, and Oxford Economics sees little new money. Its sd is wider: the
  new money of no other ally is known.
- claimed: between the geometric mean (1.16) and the median (1.5) of the three claims and plans; those far from the
  target have no reason to publish.
- broad: police, courts, prisons and fire protection alone take 1.7 to 1.8 % of GDP in the European Union (Eurostat,
  2018 and 2020), transport and energy come on top, and only a part of all of them would count.
  https://ec.europa.eu/eurostat/statistics-explained/index.php?title=Government_expenditure_by_function_%E2%80%93_COFOG

An ally has a level of its own only where its government has published a figure. Such a figure is what it claims: it is
the level under ``claimed``, with an sd of 0.15 for a figure of a national budget, 0.30 for a claim and 0.35 for a plan
not yet reached. It also bounds the other two: the level under ``strict`` is at most the figure, under ``broad`` at
least.

The paths, with the level m and the sd s of the draw's rule, from origin o:

    log L         = log m + s * z                           the level today
    log r(o + k)  = log L + f * max(0, log(1.5 / L)) * min(k / (2035 - o), 1) + W(k)
    f             = 1 / (1 + exp(-1.1 y))                   the fraction of the gap that is closed by 2035
    W(k)          : random walk, sd 0.06 a year             reclassification and ordinary variation

- z and y are standard normal. Between allies they correlate by 0.4: they decide together how far to go.
- f has mean 0.5, and 80 % of it lies between 0.2 and 0.8: pledges of this kind were about half kept (of 24 allies below
  2 % in 2014, 12 reached it by 2024). The constant 1.1 gives about the spread of a Beta(2, 2).

A scenario's ``counting_rule`` keeps z, y and W and gives all draws one rule. Its ``share_path``, ``floor`` or
``pledge`` on the component ``related`` replaces the levels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from models.dataset.tables import BUNDLED, Tables, number
from models.paths import RULES, Floats, Rule
from models.rng import generator
from models.scenarios.targets import HAGUE_DEADLINE, RELATED_TARGET
from models.series import Array

WEIGHTS: Mapping[Rule, float] = {"strict": 0.2, "claimed": 0.5, "broad": 0.3}
"""The fraction of the draws that each rule counts."""
COUNTS: Mapping[Rule, str] = {
    "strict": "new money of the kinds that the declaration lists",
    "claimed": "what governments say they count",
    "broad": "existing functional spending of those kinds",
}
"""What each rule counts, in words."""
TOGETHER = 0.4
YEARLY_SD = 0.06
CLOSING_SPREAD = 1.1
SIMULATED_CACHED = 40
"""How many allies' shares under one rule are cached (0.4 MB each up to 2035): other levers then need no simulation."""
_FIGURE_SD = {"national_figure": 0.15, "national_claim": 0.30, "national_plan": 0.35}


@dataclass(frozen=True)
class Level:
    """The related share today under one rule: its median, % of GDP, and the sd of its log."""

    median_pct: float
    log_sd: float


LEVELS: Mapping[Rule, Level] = {"strict": Level(0.3, 0.6), "claimed": Level(1.3, 0.4), "broad": Level(2.0, 0.4)}
"""The levels of an ally that has published no figure."""


@dataclass(frozen=True)
class RelatedPrior:
    """The prior of one ally's related share today: its level by rule, and the figure that it uses, if any."""

    levels: Mapping[Rule, Level]
    figure: str | None
    source: str | None

    def rests_on(self, rules: Mapping[Rule, float]) -> str:
        """What the prior rests on, in words; ``rules`` are those that count, with their weights."""
        parts = [
            f"{rule} ({'' if weight == 1 else f'{100 * weight:.0f} % of the futures; '}{COUNTS[rule]}): "
            f"{self.levels[rule].median_pct:g} % today"
            for rule, weight in rules.items()
        ]
        published = self.figure or "no figure is published for this ally"
        counted = "the counting rule" if len(parts) == 1 else "three counting rules, whose weights are a judgement"
        return f"{counted}: {'; '.join(parts)}. Published: {published}"


@cache
def related_prior(code: str, tables: Tables = BUNDLED) -> RelatedPrior:
    """The prior for the ally with ISO alpha-3 code ``code``."""
    for row in tables.read("related_share"):
        share = number(row["share_pct"])
        if row["iso3"] == code and share and row["kind"] in _FIGURE_SD:
            strict, broad = LEVELS["strict"], LEVELS["broad"]
            levels: dict[Rule, Level] = {
                "strict": Level(min(strict.median_pct, share), strict.log_sd),
                "claimed": Level(share, _FIGURE_SD[row["kind"]]),
                "broad": Level(max(broad.median_pct, share), broad.log_sd),
            }
            figure = f"{row['kind'].replace('_', ' ')} for {row['year']}: {row['summary']}"
            return RelatedPrior(levels, figure, row["source"])
    return RelatedPrior(LEVELS, None, None)


@lru_cache(maxsize=4)
def drawn_rules(draws: int, seed: int) -> NDArray[np.int8]:
    """The index in :data:`models.paths.RULES` of each draw's rule, the same for all allies; array (draws,), read-only.

    Each rule has its weight's part of the draws, in random order.
    """
    ends = np.cumsum([WEIGHTS[rule] for rule in RULES])
    in_order = np.searchsorted(ends, (np.arange(draws) + 0.5) / draws).astype(np.int8)
    rules = generator(seed, "counting rule").permutation(in_order)
    rules.flags.writeable = False
    return rules


def simulate_related(code: str, origin: int, horizon: int, draws: int, seed: int, tables: Tables = BUNDLED) -> Array:
    """Draws of the related share, array (draws, 1 + horizon), % of GDP; column 0 is the origin year.

    Row i of every ally is the same world: allies count by the same rule and decide together how far to go.
    """
    return _simulate(code, origin, horizon, drawn_rules(draws, seed), seed, tables)


@lru_cache(maxsize=SIMULATED_CACHED)
def simulate_under(
    rule: Rule, code: str, origin: int, horizon: int, draws: int, seed: int, tables: Tables = BUNDLED
) -> Floats:
    """The same futures as :func:`simulate_related`, all counted by ``rule``; array (draws, 1 + horizon), read-only.

    It holds float32, year by year, as the store of the fits does.
    """
    rules = np.full(draws, RULES.index(rule), dtype=np.int8)
    by_year = _simulate(code, origin, horizon, rules, seed, tables).T.astype(np.float32)
    by_year.flags.writeable = False
    return by_year.T


def _simulate(code: str, origin: int, horizon: int, rules: NDArray[np.int8], seed: int, tables: Tables) -> Array:
    """Draws of the related share, each by its rule; a longer horizon only adds years."""
    levels = [related_prior(code, tables).levels[rule] for rule in RULES]
    median = np.log([level.median_pct for level in levels])[rules]
    sd = np.array([level.log_sd for level in levels])[rules]
    shared, rng = generator(seed, "related"), generator(seed, "related", code)

    def together() -> Array:
        own = math.sqrt(1 - TOGETHER) * rng.standard_normal(rules.size)
        return math.sqrt(TOGETHER) * shared.standard_normal(rules.size) + own

    level = median + sd * together()
    closed = 1 / (1 + np.exp(-CLOSING_SPREAD * together()))
    gap = np.maximum(0.0, math.log(RELATED_TARGET) - level)
    elapsed = np.minimum(np.arange(1, horizon + 1) / max(HAGUE_DEADLINE - origin, 1), 1.0)[:, None]
    noise = np.cumsum(YEARLY_SD * rng.standard_normal((horizon, rules.size)), axis=0)
    return np.exp(np.vstack([level, level + closed * gap * elapsed + noise])).T
