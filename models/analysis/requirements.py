"""Requirements: the growth of spending, and the money, that bring a probability to a requested value.

The paths are the scenario's, after all its levers. On top of them real spending on the
component grows by the same extra percentage points in every year after the origin: in every draw

    spending[t] = spending[t-1] * (own growth[t] + extra),      share[t] = spending[t] / GDP[t],

with GDP unchanged. The lever ``spending_growth`` with ``change_pp`` does the same, and gives the same numbers if no
lever acts after it. Levers that act after it in the fixed order (:data:`models.scenarios.levers.ORDER`) act before the
extra growth here; only the scenario's caps are applied once more, since they bind all spending. For the target "total"
only core is raised: related spending has no figures.

Every draw's share in the deadline year rises with the extra growth, and so does the probability. Bisection on the
draws finds the least extra growth that reaches it, in thousandths of a percentage point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.dataset.countries import Ally, Component
from models.dataset.currencies import currency
from models.dataset.gdp import gdp_usd, nominal_gdp, price_index
from models.dataset.tables import Tables
from models.errors import CannotForecast
from models.forecast import MODEL_VERSION, Forecaster, Question
from models.forecast.question import digest
from models.paths import MOST_VALUE, Floats, Paths, counted
from models.scenarios.levers import LEAST_RATIO, ORDER, Cap, SpendingGrowth
from models.scenarios.scenario import Scenario
from models.scenarios.targets import met, proportion
from models.series import Array

LEAST_EXTRA, MOST_EXTRA = -30.0, 60.0
"""The range of the search for extra growth, percentage points a year."""
GRAIN = 1000
"""Steps of the search per percentage point."""


class CannotReach(CannotForecast):
    """No extra growth in the range of the search brings the probability to the requested value.

    Attributes
    ----------
    low, high : the probabilities at the two ends of the range.
    """

    def __init__(self, detail: str, low: float, high: float) -> None:
        super().__init__("probability", detail)
        self.low = low
        self.high = high


@dataclass(frozen=True)
class Sums:
    """Amounts of money in one unit, medians over the draws.

    Attributes
    ----------
    without, needed : spending in the deadline year, under the scenario alone and with the extra growth.
    extra : extra spending in the deadline year. extra_cumulative : in all years after the origin together.
    """

    without: float
    needed: float
    extra: float
    extra_cumulative: float


@dataclass(frozen=True)
class Requirement:
    """The answer. ``id`` is a hash of all that determines it.

    Attributes
    ----------
    component : of the target; ``moved`` is the one whose spending is raised for it.
    threshold : % of GDP.
    asked, reached, without : probability at the deadline: requested, with the extra growth, under the scenario alone.
    standard_error : Monte-Carlo standard error of ``reached``.
    extra_growth_pp : percentage points a year on top of each draw's own real growth of spending.
    real_growth, real_growth_without : % a year, median over the draws of the mean growth up to the deadline.
    share, share_without : median share of ``moved`` in the deadline year, % of GDP.
    usd : million US dollars at 2021 prices and exchange rates; None where NATO publishes no amounts.
    national : billion national currency at current prices; None for Luxembourg, whose shares are of GNI.
    currency : ISO 4217 code of the national currency, the one in which the ally's GDP is counted; None if unknown.
    notes : what the reader should know.
    """

    id: str
    ally: Ally
    scenario: Scenario
    component: Component
    moved: str
    threshold: float
    origin: int
    deadline: int
    vintage: str
    model_version: str
    draws: int
    seed: int
    asked: float
    reached: float
    without: float
    standard_error: float
    extra_growth_pp: float
    real_growth: float
    real_growth_without: float
    share: float
    share_without: float
    usd: Sums | None
    national: Sums | None
    currency: str | None
    notes: tuple[str, ...]


class _Raised:
    """One component's paths with extra growth; the years in rows, as in the store."""

    def __init__(self, paths: Paths, component: Component, scenario: Scenario, threshold: float) -> None:
        self.moved = "related" if component == "related" else "core"
        self.threshold = threshold
        self.shares: Floats = paths.shares[self.moved].T
        self.gdp: Floats = paths.gdp.T
        self.counted: Floats | None = None
        if component == "total":
            self.counted = counted(paths.shares["related"].T[-1], paths.counted_related)
        spent = self.shares * self.gdp
        self.ratios: Floats = spent[1:] / spent[:-1]
        # The least cap of each year, array (1 + horizon,), or the most that any path may hold: where shocks let a
        # draw's spending jump by orders of magnitude, the factors below exceed all numbers.
        self.caps = np.full(paths.years.size, MOST_VALUE, dtype=self.shares.dtype)
        for lever in scenario.levers:
            if isinstance(lever, Cap) and lever.component == self.moved:
                acts = (paths.years >= (lever.first_year or 0)) & (paths.years <= (lever.last_year or 9999))
                acts[0] = False
                self.caps[acts] = np.minimum(self.caps[acts], lever.share_pct)

    def factor(self, extra_pp: float) -> Floats:
        """The factor on spending in each year after the origin, array (horizon, draws)."""
        factors = np.maximum(self.ratios + extra_pp / 100, LEAST_RATIO)
        factors /= self.ratios
        with np.errstate(over="ignore"):
            return np.asarray(np.multiply.accumulate(factors, axis=0, out=factors))

    def hits(self, extra_pp: float) -> int:
        """The number of draws that meet the target in the deadline year."""
        factor = np.ones_like(self.ratios[0])
        with np.errstate(over="ignore"):
            for ratio in self.ratios:
                factor *= np.maximum(ratio + extra_pp / 100, LEAST_RATIO) / ratio
            share = np.minimum(self.shares[-1] * factor, self.caps[-1])
        return int(np.count_nonzero(met(share if self.counted is None else share + self.counted, self.threshold)))

    def with_extra(self, extra_pp: float) -> Floats:
        """Shares with the extra growth, array (1 + horizon, draws), % of GDP."""
        raised = self.shares.copy()
        with np.errstate(over="ignore"):
            raised[1:] *= self.factor(extra_pp)
        # The scenario's own paths lie below its caps already.
        return np.minimum(raised, self.caps[:, None], out=raised)

    def growth(self, shares: Floats) -> float:
        """Median over the draws of the mean real growth of spending implied by ``shares``, % a year."""
        years = shares.shape[0] - 1
        last, first = shares[-1] * self.gdp[-1], shares[0] * self.gdp[0]
        return float(np.median((last / first).astype(np.float64) ** (1 / years) - 1) * 100)

    def sums(self, shares: Floats, unit: Array) -> Sums:
        """Money behind the component, without and with the extra growth.

        Parameters
        ----------
        shares : with the extra growth, array (1 + horizon, draws), % of GDP.
        unit : array (1 + horizon,), what one unit of the index of real GDP is worth in each year.
        """
        worth = self.gdp * (unit / 100).astype(self.gdp.dtype)[:, None]
        extra = (shares - self.shares) * worth
        return Sums(
            float(np.median(self.shares[-1] * worth[-1])),
            float(np.median(shares[-1] * worth[-1])),
            float(np.median(extra[-1])),
            float(np.median(extra[1:].sum(axis=0, dtype=np.float64))),
        )


def _search(raised: _Raised, probability: float, draws: int, scenario: Scenario, deadline: int) -> float:
    """The least extra growth, in thousandths of a point, that reaches ``probability``."""
    low, high = round(LEAST_EXTRA * GRAIN), round(MOST_EXTRA * GRAIN)
    worst, best = (proportion(raised.hits(extra / GRAIN), draws) for extra in (low, high))
    if worst >= probability or best < probability:
        detail = (
            f"cannot be reached here: extra growth of {LEAST_EXTRA:g} to {MOST_EXTRA:+g} percentage points a year "
            f"takes the probability from {worst:.6f} to {best:.6f}"
        )
        if best < probability and raised.caps[-1] < raised.threshold:
            detail += f", and the scenario caps {raised.moved} spending at {raised.caps[-1]:g} % in {deadline}"
        raise CannotReach(detail, worst, best)
    while high - low > 1:
        middle = (low + high) // 2
        if proportion(raised.hits(middle / GRAIN), draws) >= probability:
            high = middle
        else:
            low = middle
    return high / GRAIN


def required(forecaster: Forecaster, question: Question, probability: float) -> Requirement:
    """The extra real growth of spending that brings the probability at the deadline to ``probability``.

    Parameters
    ----------
    question : with the component of the target, core if it names none; for ``total``, core is raised. The extra growth
        comes on top of the paths of its scenario.
    probability : of meeting the target in the deadline year, between 0 and 1.

    Raises
    ------
    LeverOverflow, CannotForecast
    CannotReach
        if no extra growth from :data:`LEAST_EXTRA` to :data:`MOST_EXTRA` reaches it.
    """
    question.check_target()
    component = question.target
    ally, tables = question.ally, forecaster.figures.tables
    paths = forecaster.scenario_paths(question)
    threshold = question.targets.threshold(component)
    acting = question.scenario.on(ally)
    raised = _Raised(paths, component, acting, threshold)
    extra = _search(raised, probability, paths.draws, acting, question.deadline)
    shares = raised.with_extra(extra)
    reached = proportion(raised.hits(extra), paths.draws)
    usd = gdp_usd(ally.code, question.origin, tables)
    return Requirement(
        id=digest(f"requirement {question.id} {component} {float(probability)!r}"),
        ally=ally,
        scenario=question.scenario,
        component=component,
        moved=raised.moved,
        threshold=threshold,
        origin=question.origin,
        deadline=question.deadline,
        vintage=forecaster.figures.vintage,
        model_version=MODEL_VERSION,
        draws=paths.draws,
        seed=forecaster.seed,
        asked=probability,
        reached=reached,
        without=proportion(raised.hits(0.0), paths.draws),
        standard_error=math.sqrt(reached * (1 - reached) / paths.draws),
        extra_growth_pp=extra,
        real_growth=raised.growth(shares),
        real_growth_without=raised.growth(raised.shares),
        share=float(np.median(shares[-1])),
        share_without=float(np.median(raised.shares[-1])),
        usd=None if usd is None else raised.sums(shares, np.full(paths.years.size, usd)),
        national=_national(ally, paths, raised, shares, tables),
        currency=currency(ally.code, tables),
        notes=(*forecaster.notes(question), *_after(acting, raised.moved)),
    )


def _national(ally: Ally, paths: Paths, raised: _Raised, shares: Floats, tables: Tables) -> Sums | None:
    """Amounts in billion national currency at current prices; None where the shares are not of GDP."""
    nominal = nominal_gdp(ally.code, tables=tables)
    if ally.denominator != "GDP" or paths.origin not in nominal:
        return None
    prices = price_index(ally.code, paths.origin, int(paths.years[-1]), tables)
    return raised.sums(shares, nominal[paths.origin] * prices)


def _after(scenario: Scenario, moved: str) -> list[str]:
    """A note on the levers that would act after a ``spending_growth`` lever of the scenario."""
    later = ORDER[ORDER.index(SpendingGrowth) + 1 :]
    kinds = dict.fromkeys(x.type for x in scenario.levers if isinstance(x, later) and moved in x.components)
    if not kinds:
        return []
    return [
        f"The extra growth comes on top of the paths that {', '.join(kinds)} left; caps hold for it as well. "
        "A spending_growth lever in the same scenario acts before them and gives other numbers."
    ]
