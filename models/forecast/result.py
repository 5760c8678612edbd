"""The answer to a question, computed from paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from models.dataset.countries import COMPONENTS, OWN_SERIES, Ally
from models.dataset.currencies import currency
from models.dataset.gdp import gdp_usd, nominal_gdp, price_index
from models.dataset.tables import BUNDLED, Tables
from models.forecast.explanation import Explanation
from models.forecast.why import Why, probability_alone, why
from models.paths import RULES, Floats, Paths, Rule, ordered, quantiles_of, spending
from models.scenarios.scenario import Scenario
from models.scenarios.targets import Outcome, Targets, assess, met, proportion, required_growth
from models.series import Array
from models.simulation.path_store import Fit
from models.simulation.related import related_prior


@dataclass(frozen=True)
class RuleAnswer:
    """One rule that counts related spending: its fraction of the draws, and the probability at the deadline in them."""

    rule: Rule
    weight: float
    at_deadline: float


@dataclass(frozen=True)
class TargetAnswer:
    """One target and its outcome; if the target does not apply, ``outcome`` is None and ``reason`` says why.

    ``required_growth`` is the constant real growth of spending (% a year) that takes the median share of the origin,
    ``start`` (% of GDP), to the threshold while GDP follows the median of the scenario's own paths. The GDP of a
    series of no ally is constant. ``rules`` are the rules that count related spending; empty for core, and where the
    target does not apply. ``counted_related`` is the most of related spending that counts towards the total (% of
    GDP); None for the others. ``why`` has the parts of the core target's probability; None for the other targets, and
    for a series without a panel.
    """

    component: str
    threshold: float
    basis: str
    rests_on: str
    outcome: Outcome | None
    required_growth: float | None
    start: float | None
    reason: str | None
    rules: tuple[RuleAnswer, ...] = ()
    counted_related: float | None = None
    why: Why | None = None


@dataclass(frozen=True)
class Fan:
    """Mean, median and 75 % quantile, arrays (years,), and quantiles, array (levels, years), of one quantity."""

    mean: Array
    median: Array
    upper_quartile: Array
    quantiles: Array

    @classmethod
    def of(cls, values: Floats, levels: Array) -> Fan:
        """From draws, array (draws, years)."""
        return cls.of_ordered(values, ordered(values), levels)

    @classmethod
    def of_ordered(cls, values: Floats, by_year: Floats, levels: Array) -> Fan:
        """From draws, array (draws, years), and the same :func:`models.paths.ordered`, array (years, draws)."""
        found = quantiles_of(by_year, np.array([*levels, 0.5, 0.75]))
        return cls(values.mean(axis=0, dtype=np.float64), found[-2], found[-1], found[:-2])

    def times(self, factor: Array) -> Fan:
        """The fan of the quantity times a positive ``factor``, array (years,)."""
        return Fan(self.mean * factor, self.median * factor, self.upper_quartile * factor, self.quantiles * factor)

    @property
    def tail_dominates(self) -> bool:
        """Whether the mean of the last year lies above its 75 % quantile."""
        return bool(self.mean[-1] > self.upper_quartile[-1])


@dataclass(frozen=True)
class Money:
    """Core spending behind the shares: million USD at 2021 prices and exchange rates, and billion national currency.

    ``national`` is None for Luxembourg, whose shares are of gross national income. ``currency`` is its ISO 4217 code,
    the one in which the ally's GDP is counted; None if unknown.
    """

    usd: Fan
    national: Fan | None
    currency: str | None


@dataclass(frozen=True)
class Forecast:
    """The answer. ``id`` is a hash of all that determines it; ``explanation`` is None for the baseline itself."""

    id: str
    ally: Ally
    scenario: Scenario
    origin: int
    deadline: int
    vintage: str
    model_version: str
    draws: int
    seed: int
    levels: tuple[float, ...]
    targets: tuple[TargetAnswer, ...]
    years: tuple[int, ...]
    components: Mapping[str, Fan]
    money: Money | None
    members: tuple[tuple[str, float, float], ...]
    left_out: Mapping[str, str]
    credibility: float | None
    explanation: Explanation | None
    notes: tuple[str, ...]


def fans(paths: Paths, levels: tuple[float, ...]) -> dict[str, Fan]:
    """Mean, median and quantiles of every component that applies, of the years after the origin."""
    return {name: _fan(paths.holding(name), name, levels) for name in COMPONENTS if paths.applies(name)}


def _fan(paths: Paths, component: str, levels: tuple[float, ...]) -> Fan:
    def read() -> Fan:
        return Fan.of_ordered(paths.known(component)[:, 1:], paths.ordered(component)[1:], np.array(levels))

    return paths.once(("fan", component, levels), read)


def target_answer(
    ally: Ally,
    component: str,
    targets: Targets,
    paths: Paths,
    core: str,
    fit: Fit,
    tables: Tables = BUNDLED,
) -> TargetAnswer:
    """One target's answer by ``paths`` of ``fit``, which end in the deadline year; ``core`` names the figures."""
    threshold = targets.threshold(component)
    weights = paths.once("rules", lambda: _weights(paths))
    prior = "nothing" if ally is OWN_SERIES else related_prior(ally.code, tables).rests_on(weights)
    counted_related = targets.counted_related if component == "total" else None
    basis, rests_on = {
        "core": ("history", core),
        "related": ("prior", prior),
        "total": ("history and prior", f"core: {core}; related: {prior}"),
    }[component]
    gdp, paths = paths.last_gdp(), paths.holding(component)
    if not paths.applies(component):
        reason = f"{ally.name} has no armed forces and no core defence spending, so this target does not apply."
        if ally is OWN_SERIES:
            reason = "Nothing is assumed of related spending for a series that belongs to no ally."
        return TargetAnswer(
            component, threshold, basis, rests_on, None, None, None, reason, counted_related=counted_related
        )
    # Related spending has a prior and no members; core has no rule.
    member = np.zeros_like(paths.member) if component == "related" else paths.member
    rule = None if component == "core" else paths.rule

    def outcome_now() -> Outcome:
        alone = alone_at(fit, paths, targets) if component == "core" else {}
        return assess(paths.known(component), threshold, paths.origin, member, alone, rule)

    outcome = paths.once(("outcome", component, threshold), outcome_now)
    # The paths before the scenario cache the median. Of the levers only a rule changes the origin, that of related.
    start = float((paths if component != "core" else paths.base or paths).medians(component)[0])
    growth = required_growth(start, threshold, gdp, targets.deadline - paths.origin)
    rules = tuple(RuleAnswer(RULES[i], weights[RULES[i]], p) for i, p in outcome.by_rule.items())
    reasons = _why(paths, fit, targets, outcome) if component == "core" else None
    return TargetAnswer(
        component, threshold, basis, rests_on, outcome, growth, start, None, rules, counted_related, reasons
    )


def _why(paths: Paths, fit: Fit, targets: Targets, outcome: Outcome) -> Why | None:
    before, fitted = paths, None
    while before.base is not None:
        before = before.base
    if before is not paths:
        hits = np.count_nonzero(met(before.shares["core"][:, -1], targets.core))
        fitted = proportion(int(hits), paths.draws)
    column = targets.deadline - fit.paths.origin
    return why(fit.alone, paths.draws, column, targets.core, outcome.probability.at_deadline, fitted)


def _weights(paths: Paths) -> dict[Rule, float]:
    """The rules that count related spending, with their fractions of the draws; empty if there is none."""
    if paths.rule is None:
        return {}
    found = np.bincount(paths.rule, minlength=len(RULES)) / paths.draws
    return {rule: float(weight) for rule, weight in zip(RULES, found, strict=True) if weight}


def alone_at(fit: Fit, paths: Paths, targets: Targets) -> dict[int, float]:
    """By index of a member, its probability of meeting the core target, from all draws its own.

    Empty if a lever changed the core of ``paths``, which rest on ``fit``: then only the mixture's draws are known.
    """
    if paths.holding("core").base is not None:
        return {}
    column = targets.deadline - fit.paths.origin
    return {
        fit.members.index(name): probability_alone(quantiles[column], targets.core, fit.paths.draws)
        for name, quantiles in fit.alone.items()
        if 0 < fit.weights.get(name, 0.0) < 1
    }


def money(
    ally: Ally, paths: Paths, reported: float | None, levels: tuple[float, ...], tables: Tables = BUNDLED
) -> Money | None:
    """The money behind core spending, one value a year after the origin; None where no amount is published.

    Parameters
    ----------
    reported : the share that the publisher reports for the origin, % of GDP.
    """
    denominator = gdp_usd(ally.code, paths.origin, tables)
    core = paths.shares.get("core")
    if core is None or denominator is None or reported is None:
        return None
    while paths.base is not None and core is paths.base.shares["core"] and paths.gdp is paths.base.gdp:
        paths = paths.base
    amount = denominator * reported / 100
    usd = paths.once(
        ("money", levels),
        lambda: Fan.of(spending(core, paths.gdp, amount, reported)[:, 1:], np.array(levels)),
    )
    national = None
    if ally.denominator == "GDP":
        # The same real spending at the year's prices: one factor a year for every draw.
        prices = price_index(ally.code, paths.origin, int(paths.years[-1]), tables)[1:]
        national = usd.times(nominal_gdp(ally.code, tables=tables)[paths.origin] / denominator * prices)
    return Money(usd, national, currency(ally.code, tables))


def tail_notes(components: Mapping[str, Fan], amounts: Money | None, deadline: int) -> Iterator[str]:
    """A note where extreme draws take the mean of the deadline year above its 75 % quantile."""
    fans_by_name = dict(components)
    if amounts is not None:
        fans_by_name["money in million USD"] = amounts.usd
    found = [
        f"{name} (mean {fan.mean[-1]:,.2f}, median {fan.median[-1]:,.2f})"
        for name, fan in fans_by_name.items()
        if fan.tail_dominates
    ]
    if found:
        yield (
            f"In {deadline} the mean lies above the 75 % quantile for {', '.join(found)}: "
            "a few extreme futures dominate it. Read the median."
        )
