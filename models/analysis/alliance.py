"""The alliance together: how many allies meet a target, and what all of them spend.

Row i of every ally's paths is the same simulated world (shared shocks), so joint results are arithmetic on
rows: counts are sums of booleans over allies, alliance-wide shares are sums of money over sums of GDP.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.dataset.countries import COMPONENTS, Ally, Component, allies
from models.dataset.gdp import gdp_usd
from models.dataset.tables import Tables
from models.errors import CannotForecast
from models.forecast import MODEL_VERSION, Forecaster, Question
from models.forecast.forecaster import FitContext
from models.forecast.question import LEVELS, digest
from models.forecast.result import Fan, alone_at
from models.paths import Floats, Paths, Rule, quantiles
from models.scenarios.builtin import NamedScenario, named_scenarios
from models.scenarios.scenario import Scenario
from models.scenarios.targets import Targets, met, of_members, proportion
from models.series import Array

REVIEW_YEAR = 2029
"""Year in which the allies review their trajectory (The Hague Summit Declaration, 25 June 2025)."""
UNITED_STATES = "USA"
LARGEST = 5
"""How many allies besides the United States are shown with their part of the burden: the largest at the origin."""
INTERVAL = (0.1, 0.9)

Booleans = NDArray[np.bool_]
Counts = NDArray[np.int16]


@dataclass(frozen=True)
class Tally:
    """How many of ``allies`` meet a condition, over the draws.

    Attributes
    ----------
    probabilities : of each count 0 ... allies; they sum to 1.
    mean, median, interval : of the count; the interval holds 80 %.
    dispersion : the count's variance over what it would be if the allies were independent, the sum of p (1 - p);
        above 1 if they move together. None if nothing is uncertain.
    """

    allies: int
    probabilities: tuple[float, ...]
    mean: float
    median: int
    interval: tuple[int, int]
    dispersion: float | None

    @classmethod
    def of(cls, counts: Counts, each: Sequence[float]) -> Tally:
        """From the count of every draw, array (draws,), and each ally's fraction of the draws.

        A count seen in k of n draws has the probability (k + 1 / cells) / (n + 1): one draw's worth of prior
        spread evenly over the cells (Perks 1947, Journal of the Institute of Actuaries 73). With two cells
        that is (k + 0.5) / (n + 1), what single probabilities use, and sums of cells stay coherent.
        """
        cells = len(each) + 1
        seen = np.bincount(counts, minlength=cells)
        low, middle, high = np.quantile(counts, [INTERVAL[0], 0.5, INTERVAL[1]], method="inverted_cdf")
        independent = sum(p * (1 - p) for p in each)
        return cls(
            len(each),
            tuple(((seen + 1 / cells) / (counts.size + 1)).tolist()),
            float(counts.mean()),
            int(middle),
            (int(low), int(high)),
            float(counts.var()) / independent if independent else None,
        )

    def at_least(self, count: int) -> float:
        """Probability that ``count`` allies or more meet it, between 0 and 1."""
        return math.fsum(self.probabilities[count:])


@dataclass(frozen=True)
class RankedAlly:
    """The results of one ally for one target.

    ``latest`` is the core share that the publisher reports for the origin, % of GDP (None for the other
    components, of which no series exists). ``on_track`` and ``at_threshold`` are probabilities in the review year.
    ``across_members`` is the lowest and the highest ``at_deadline`` of any single member, ``share`` the 10 %, 50 % and
    90 % quantile of its share in the deadline year (% of GDP), ``by_year`` the probability of being at the threshold
    in each year after the origin.
    """

    ally: Ally
    at_deadline: float
    by_deadline: float
    standard_error: float
    latest: float | None
    on_track: float | None
    at_threshold: float | None
    across_members: tuple[float, float]
    share: tuple[float, float, float]
    by_year: tuple[float, ...]


@dataclass(frozen=True)
class AllianceTarget:
    """One target over all allies that it applies to; ``ranking`` begins with the likeliest at the deadline.

    ``on_track`` and ``at_threshold`` count allies in the review year (see :func:`on_track`); None if that year
    is not between the origin and the deadline.
    """

    component: str
    threshold: float
    at_deadline: Tally
    by_deadline: Tally
    on_track: Tally | None
    at_threshold: Tally | None
    ranking: tuple[RankedAlly, ...]

    @property
    def likelier_than_not(self) -> int:
        """How many allies are at the threshold in the deadline year with a probability of at least a half each.

        That is another number than the median count: allies below a half are there in some futures too.
        """
        return sum(entry.at_deadline >= 0.5 for entry in self.ranking)


@dataclass(frozen=True)
class GroupShare:
    """Core spending of a group of allies taken together, % of their GDP, and its probability of the core target."""

    group: str
    allies: tuple[str, ...]
    share: Fan
    at_deadline: float
    by_deadline: float
    standard_error: float


@dataclass(frozen=True)
class Burden:
    """One holder's part of all allies' core spending, %: a group, or one ally by its code."""

    holder: str
    ally: Ally | None
    part: Fan


@dataclass(frozen=True)
class AllianceForecast:
    """The answer. ``id`` is a hash of all that determines it; ``left_out`` says why, by ally code.

    ``shares`` and ``burden`` are empty, with a ``reason``, where no amounts are published for the origin. ``rule`` is
    the one that counts all related spending; None if all three do by their weights.
    """

    id: str
    scenario: NamedScenario | Scenario
    origin: int
    deadline: int
    review_year: int
    vintage: str
    model_version: str
    draws: int
    seed: int
    levels: tuple[float, ...]
    years: tuple[int, ...]
    targets: tuple[AllianceTarget, ...]
    shares: tuple[GroupShare, ...]
    burden: tuple[Burden, ...]
    reason: str | None
    left_out: Mapping[str, str]
    rule: Rule | None


def on_track(shares: Floats, threshold: float, elapsed: float) -> Booleans:
    """Where a share is at or above the straight line from its origin to the threshold, or at the threshold.

    The line goes from the draw's own share of the origin, as revised, to the deadline year. An ally that starts above
    the threshold is on track as long as it stays there. Shares are compared as reported: rounded to two decimals.

    Parameters
    ----------
    shares : array (2, draws), % of GDP: of the origin and of the year in question.
    threshold : % of GDP.
    elapsed : the part of the time from the origin to the deadline that has passed, 0 to 1.
    """
    start, now = shares
    line = np.minimum(start + (threshold - start) * now.dtype.type(elapsed), now.dtype.type(threshold))
    return np.asarray(now >= line - now.dtype.type(0.005))


@dataclass
class _TargetCounts:
    """Counts of one target, ally by ally, each array (draws,)."""

    component: str
    threshold: float
    draws: int
    review: int | None
    counts: dict[str, Counts] = field(default_factory=dict)
    each: dict[str, list[float]] = field(default_factory=dict)
    ranked: list[RankedAlly] = field(default_factory=list)

    def add(
        self,
        ally: Ally,
        shares: Floats,
        member: NDArray[np.integer],
        latest: float | None,
        alone: Mapping[int, float],
    ) -> None:
        """Count ``ally`` in, by its shares, array (1 + horizon, draws), and the member of each draw, array (draws,).

        ``alone`` has each member's probability, if it is known from all draws its own.
        """
        reached = met(shares, self.threshold)
        p = self._count("at", np.asarray(reached[-1]))
        by = self._count("by", np.asarray(reached.any(axis=0)))
        track = at_threshold = None
        if self.review is not None:
            elapsed = self.review / (shares.shape[0] - 1)
            track = self._count("track", on_track(shares[[0, self.review]], self.threshold, elapsed))
            at_threshold = self._count("at_threshold", np.asarray(reached[self.review]))
        error = math.sqrt(p * (1 - p) / self.draws)
        low, middle, high = quantiles(shares[-1:].T, np.array([INTERVAL[0], 0.5, INTERVAL[1]]))[:, 0].tolist()
        by_year = tuple(proportion(int(np.count_nonzero(row)), self.draws) for row in reached[1:])
        _, range_ = of_members(reached[-1], member, alone)
        share = (low, middle, high)
        self.ranked.append(RankedAlly(ally, p, by, error, latest, track, at_threshold, range_, share, by_year))

    def _count(self, what: str, hit: Booleans) -> float:
        hits = int(np.count_nonzero(hit))
        self.counts.setdefault(what, np.zeros(self.draws, dtype=np.int16))
        self.counts[what] += hit
        self.each.setdefault(what, []).append(hits / self.draws)
        return proportion(hits, self.draws)

    def target(self) -> AllianceTarget:
        """The finished count."""
        tally = {what: Tally.of(counts, self.each[what]) for what, counts in self.counts.items()}
        ranked = sorted(self.ranked, key=lambda s: (-s.at_deadline, -s.by_deadline, s.ally.code))
        return AllianceTarget(
            self.component,
            self.threshold,
            tally["at"],
            tally["by"],
            tally.get("track"),
            tally.get("at_threshold"),
            tuple(ranked),
        )


class _SpendingTotals:
    """Core spending and GDP of all allies, summed ally by ally, million US dollars of 2021.

    Arrays are (1 + horizon, draws), the years in rows as the store has them.
    """

    def __init__(self, origin: int, shares: Mapping[str, float], tables: Tables) -> None:
        # The allies shown by name spend most at the origin; they are chosen before any paths are read.
        self.gdp_usd = {code: gdp for code in shares if (gdp := gdp_usd(code, origin, tables)) is not None}
        largest = sorted(self.gdp_usd, key=lambda code: -self.gdp_usd[code] * shares[code])
        self.named = [code for code in largest if code != UNITED_STATES][:LARGEST]
        self.tables = tables
        self.members: list[str] = []
        self.by_ally: dict[str, Floats] = {}
        self.spent: Floats | None = None
        self.gdp: Floats | None = None
        self.us_gdp: Floats | None = None

    def add(self, ally: Ally, core: Floats, index: Floats) -> None:
        """Add ``ally`` by its core shares (% of GDP) and its index of real GDP."""
        if ally.code not in self.gdp_usd:
            return
        gdp = index * index.dtype.type(self.gdp_usd[ally.code])
        spent = gdp * core
        self.members.append(ally.code)
        if ally.code == UNITED_STATES:
            self.us_gdp = gdp
        if ally.code == UNITED_STATES or ally.code in self.named:
            self.by_ally[ally.code] = spent
        if self.spent is None or self.gdp is None:
            self.spent, self.gdp = spent.copy(), gdp.copy()
        else:
            self.spent += spent
            self.gdp += gdp

    def shares(self, threshold: float, levels: Array) -> tuple[GroupShare, ...]:
        """The groups' core spending, % of their GDP."""
        if self.spent is None or self.gdp is None or self.us_gdp is None:
            return ()
        us, others = self.by_ally[UNITED_STATES], tuple(code for code in self.members if code != UNITED_STATES)
        return (
            _group("alliance", tuple(self.members), self.spent / self.gdp, threshold, levels),
            _group("europe-and-canada", others, (self.spent - us) / (self.gdp - self.us_gdp), threshold, levels),
            _group("united-states", (UNITED_STATES,), us / self.us_gdp, threshold, levels),
        )

    def burden(self, levels: Array) -> tuple[Burden, ...]:
        """Parts of all core spending, %."""
        if self.spent is None or UNITED_STATES not in self.by_ally:
            return ()
        known, scale = allies(self.tables), 100 / self.spent[1:]
        parts = {code: self.by_ally[code][1:] * scale for code in (UNITED_STATES, *self.named) if code in self.by_ally}
        us = parts[UNITED_STATES]
        rest = Burden("europe-and-canada", None, Fan.of((100 - us).T, levels))
        shown = [Burden(code, known[code], Fan.of(part.T, levels)) for code, part in parts.items()]
        return (shown[0], rest, *shown[1:])


def _group(name: str, codes: tuple[str, ...], share: Floats, threshold: float, levels: Array) -> GroupShare:
    reached = met(share, threshold)
    draws = share.shape[1]
    p = proportion(int(np.count_nonzero(reached[-1])), draws)
    by = proportion(int(np.count_nonzero(reached.any(axis=0))), draws)
    return GroupShare(name, codes, Fan.of(share[1:].T, levels), p, by, math.sqrt(p * (1 - p) / draws))


def alliance_forecast(
    forecaster: Forecaster,
    scenario: str | Scenario = "baseline",
    targets: Targets | None = None,
    *,
    origin: int | None = None,
    levels: Sequence[float] = LEVELS,
    rule: Rule | None = None,
) -> AllianceForecast:
    """The alliance's forecast under a scenario; a shipped scenario is built for each ally.

    Today's allies are counted, at any origin. Core does not apply to Iceland, which NATO's alliance-wide figures
    leave out as well. GDP is weighted as NATO does, at 2021 prices and exchange rates; the
    weights are those of the latest edition that the vintage holds, whichever edition the shares come from.

    Parameters
    ----------
    scenario : name of a shipped scenario, or a scenario.
    targets : thresholds in % of GDP and the deadline; The Hague's if None.
    origin : the last year known; the last of the figures if None.
    levels : of the quantiles, between 0 and 1.
    rule : the rule that counts related spending; all three by their weights, or the scenario's, if None.

    Raises
    ------
    UnknownScenario, CannotForecast
    """
    basis, tables = forecaster.basis, forecaster.figures.tables
    targets, origin = targets or Targets(), basis.origin(origin)
    basis.check_years(origin, targets.deadline)
    review = REVIEW_YEAR - origin if origin < REVIEW_YEAR <= targets.deadline else None
    tallies = {c: _TargetCounts(c, targets.threshold(c), forecaster.draws, review) for c in COMPONENTS}
    latest = {code: x for code, ally in allies(tables).items() if (x := forecaster.reported(ally, origin)) is not None}
    totals = _SpendingTotals(origin, latest, tables)
    ordered = tuple(sorted(set(levels)))
    left_out: dict[str, str] = {}
    ids: list[str] = []
    for ally in allies(tables).values():
        question = Question.resolve(basis, ally.code, scenario, targets, origin=origin, levels=levels, rule=rule)
        try:
            context = FitContext(forecaster, question)
            fit = context.fit(trend=question.trend)
            paths = context.scenario_paths(fit)
        except CannotForecast as refused:
            left_out[ally.code] = refused.detail
            continue
        ids.append(question.id)
        alone = alone_at(fit, paths, targets)
        _count_in(ally, paths, tallies, totals, latest.get(ally.code), alone)
    counted = tuple(tallies[c].target() for c in COMPONENTS if tallies[c].ranked)
    shares = totals.shares(targets.core, np.array(ordered))
    return AllianceForecast(
        # All that determines the allies' answers determines this one.
        id=digest(" ".join(["alliance", *ids])),
        scenario=named_scenarios()[scenario] if isinstance(scenario, str) else scenario,
        origin=origin,
        deadline=targets.deadline,
        review_year=REVIEW_YEAR,
        vintage=forecaster.figures.vintage,
        model_version=MODEL_VERSION,
        draws=forecaster.draws,
        seed=forecaster.seed,
        levels=ordered,
        years=tuple(range(origin + 1, targets.deadline + 1)),
        targets=counted,
        shares=shares,
        burden=totals.burden(np.array(ordered)),
        reason=None if shares else f"NATO publishes no amounts for {origin}, so the allies cannot be weighted.",
        left_out=left_out,
        rule=rule or _rule_of(scenario),
    )


def _rule_of(scenario: str | Scenario) -> Rule | None:
    """The rule that a scenario chooses for all allies; no shipped scenario chooses one."""
    lever = None if isinstance(scenario, str) or scenario.countries else scenario.counting_rule()
    return None if lever is None else lever.rule


def _count_in(
    ally: Ally,
    paths: Paths,
    tallies: Mapping[Component, _TargetCounts],
    totals: _SpendingTotals,
    latest: float | None,
    alone: Mapping[int, float],
) -> None:
    """Add one ally's paths to the counts and the totals."""
    for component, tally in tallies.items():
        shares = paths.component(component)
        if shares is not None:
            # Years in rows, as in the store, so that sums read contiguous memory. Related spending has no members.
            member = np.zeros_like(paths.member) if component == "related" else paths.member
            of_core = component == "core"
            tally.add(ally, shares.T, member, latest if of_core else None, alone if of_core else {})
    core = paths.component("core")
    if core is not None:
        totals.add(ally, core.T, paths.gdp.T)
