"""Simulated worlds one by one, for sums and conditions of an analyst's own.

Row i of every ally's paths in the store is the same simulated world (:mod:`models.analysis.alliance`), before and after
every scenario. An answer has some of the worlds, and the same ones for every ally and scenario: see
:func:`chosen_worlds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.dataset.countries import Ally, allies
from models.dataset.gdp import gdp_usd
from models.errors import CannotForecast
from models.forecast import Forecaster, Question
from models.forecast.question import digest
from models.paths import Floats, Paths, Rule, counted
from models.scenarios.builtin import NamedScenario, named_scenarios
from models.scenarios.scenario import Scenario
from models.scenarios.targets import Targets

USUAL_DRAWS = 1_000
"""How many worlds an answer has if none are named: the Monte-Carlo error of a probability is then at most 0.016."""
MOST_ROWS = 350_000
"""The most rows, each of an ally, a world and a year, of one answer: about 9 MB as Parquet, 32 MB as CSV."""

Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class AllyInWorlds:
    """One ally in the chosen worlds. Each array is (worlds, years), float32; None where it does not apply.

    Attributes
    ----------
    core, related, total : shares, % of GDP. Of ``related`` at most 1.5 counts towards ``total``.
    gdp : real GDP, million US dollars at 2021 prices and exchange rates; None where no amounts are published.
    """

    ally: Ally
    core: Floats | None
    related: Floats | None
    total: Floats | None
    gdp: Floats | None

    @property
    def core_spending(self) -> Floats | None:
        """Core spending in the unit of ``gdp``; None without either."""
        return None if self.core is None or self.gdp is None else self.core * self.gdp / np.float32(100)


@dataclass(frozen=True)
class Worlds:
    """The answer. ``id`` is a hash of all that determines it.

    Attributes
    ----------
    numbers : array (worlds,), the place of each world in the store, from 0, ascending.
    ally : the one that was asked for; None if all were.
    years : after the origin, up to the deadline.
    """

    id: str
    ally: Ally | None
    scenario: NamedScenario | Scenario
    origin: int
    deadline: int
    vintage: str
    numbers: Numbers
    years: tuple[int, ...]
    allies: tuple[AllyInWorlds, ...]


def chosen_worlds(draws: int, count: int) -> Numbers:
    """The places of ``count`` of the store's ``draws`` worlds, ascending; array (count,).

    They depend on nothing else, so tables of other allies, scenarios and vintages have the same worlds, and a smaller
    count has some of those of a larger one. Worlds come in pairs with opposite shocks
    (:func:`models.ensemble.members.panel.mirrored`), and each member of the ensemble has a block of them. So pairs are
    taken whole, in the order of van der Corput's sequence, which puts each next one into a widest gap: every count is
    spread evenly over the members' blocks.

    Parameters
    ----------
    count : 1 to ``draws``.
    """
    pairs = -(-draws // 2)
    bits = (pairs - 1).bit_length()
    places = np.arange(1 << bits)
    order = np.zeros_like(places)
    for bit in range(bits):
        order = order << 1 | places >> bit & 1
    in_order = order[order < pairs]
    worlds = np.stack([2 * in_order, 2 * in_order + 1], axis=1).ravel()
    return np.sort(worlds[worlds < draws][:count]).astype(np.int32)


def count_of(draws: int, wanted: int | None, rows_each: int) -> int:
    """How many worlds an answer has.

    Parameters
    ----------
    draws : worlds in the store. rows_each : rows of one world.
    wanted : how many were asked for; if None, :data:`USUAL_DRAWS`, or as many as there are and as fit.

    Raises
    ------
    CannotForecast
        if there are not so many, or they do not fit into :data:`MOST_ROWS`.
    """
    most = min(draws, max(MOST_ROWS // rows_each, 1))
    if wanted is not None and not 1 <= wanted <= most:
        why = f"the service has {draws} draws"
        if most < draws:
            why = f"a draw has {rows_each} rows (one for each ally and year), and an answer at most {MOST_ROWS:,}"
        raise CannotForecast("draws", f"must be a whole number from 1 to {most}: {why}")
    return min(most, USUAL_DRAWS) if wanted is None else wanted


def ally_in_worlds(forecaster: Forecaster, question: Question, count: int) -> Worlds:
    """The paths that answer ``question``, in ``count`` worlds. Raises LeverOverflow or CannotForecast."""
    numbers = chosen_worlds(forecaster.draws, count)
    found = {question.id: _in_worlds(forecaster, question, numbers)}
    return _answer(forecaster, question.scenario, question.origin, question.deadline, numbers, found, question.ally)


def allies_in_worlds(
    forecaster: Forecaster,
    scenario: str | Scenario,
    targets: Targets,
    count: int,
    *,
    origin: int | None = None,
    rule: Rule | None = None,
) -> Worlds:
    """The paths of all allies, in ``count`` worlds, but of those whose figures at this origin are too few.

    Parameters and errors are those of :func:`models.analysis.alliance.alliance_forecast`; of ``targets`` only the
    deadline counts.
    """
    basis, tables = forecaster.basis, forecaster.figures.tables
    origin, numbers = basis.origin(origin), chosen_worlds(forecaster.draws, count)
    basis.check_years(origin, targets.deadline)
    found: dict[str, AllyInWorlds] = {}
    for ally in allies(tables).values():
        question = Question.resolve(basis, ally.code, scenario, targets, origin=origin, rule=rule)
        with suppress(CannotForecast):
            found[question.id] = _in_worlds(forecaster, question, numbers)
    named = named_scenarios()[scenario] if isinstance(scenario, str) else scenario
    return _answer(forecaster, named, origin, targets.deadline, numbers, found, None)


def _in_worlds(forecaster: Forecaster, question: Question, numbers: Numbers) -> AllyInWorlds:
    paths, tables = forecaster.scenario_paths(question), forecaster.figures.tables
    core, related = _chosen(paths, "core", numbers), _chosen(paths, "related", numbers)
    total = None if core is None or related is None else core + counted(related, paths.counted_related)
    size = gdp_usd(question.ally.code, question.origin, tables)
    gdp = None if size is None else paths.gdp[numbers, 1:] * np.float32(size)
    return AllyInWorlds(question.ally, core, related, total, gdp)


def _chosen(paths: Paths, component: str, numbers: Numbers) -> Floats | None:
    shares = paths.component(component)
    return None if shares is None else shares[numbers, 1:].astype(np.float32, copy=False)


def _answer(
    forecaster: Forecaster,
    scenario: NamedScenario | Scenario,
    origin: int,
    deadline: int,
    numbers: Numbers,
    found: Mapping[str, AllyInWorlds],
    ally: Ally | None,
) -> Worlds:
    return Worlds(
        id=digest(" ".join(["worlds", str(numbers.size), *found])),
        ally=ally,
        scenario=scenario,
        origin=origin,
        deadline=deadline,
        vintage=forecaster.figures.vintage,
        numbers=numbers,
        years=tuple(range(origin + 1, deadline + 1)),
        allies=tuple(found.values()),
    )
