"""Answer questions about the future: forecast, alliance, requirement, sensitivity, simulated paths.

Each function looks up the scenario, resolves the question on the figures of its vintage, computes the answer under one
span, and records the question in the log and the metrics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from forecast_service.errors import ServiceError
from forecast_service.forecasting import fit_missing
from forecast_service.forecasting.registry import forecasters
from forecast_service.observability import telemetry, tracing
from forecast_service.services import admission, price
from forecast_service.services.scenario_lookup import UnusableScenario, look_up
from forecast_service.store.scenarios import ScenarioVersion
from models.analysis.alliance import AllianceForecast, alliance_forecast
from models.analysis.requirements import Requirement, required
from models.analysis.sensitivity import Sensitivity
from models.analysis.sensitivity import sensitivity as moved
from models.analysis.worlds import Worlds, allies_in_worlds, ally_in_worlds, count_of
from models.dataset.countries import allies
from models.forecast import MODEL_VERSION, Forecaster, Question
from models.forecast.question import LEVELS, digest
from models.forecast.result import Forecast
from models.paths import Rule
from models.scenarios.builtin import named_scenarios
from models.scenarios.scenario import Scenario, UnusableLever
from models.scenarios.targets import Targets

T = TypeVar("T")


class OtherAnswer(ServiceError):
    """The answer that a citation means is not the one that its question has by now."""

    status, kind = 410, "other-answer"

    def __init__(self, cited: str, now: str, forecaster: Forecaster) -> None:
        made = f"version {MODEL_VERSION} of the statistics, {forecaster.draws:,} draws, seed {forecaster.seed}"
        detail = (
            f"The answer {cited} is gone: this service now computes another answer to this question, {now}. That one "
            f"is by {made}, figures {forecaster.figures.vintage}; the cited one is by others, or to another question."
        )
        super().__init__(detail=detail)


@dataclass(frozen=True)
class Asked(Generic[T]):
    """A question that is checked and priced, and not computed yet.

    Attributes
    ----------
    price : units, see :mod:`forecast_service.services.price`.
    named, saved : the shipped scenario of this name, or the saved one, that was asked for; None for any other.
    rule : the rule that was asked for besides the scenario.
    """

    forecaster: Forecaster
    question: Question
    price: int
    fitted: bool
    compute: Callable[[Forecaster, Question], T]
    named: str | None = None
    saved: ScenarioVersion | None = None
    rule: Rule | None = None

    @property
    def vintage(self) -> str:
        return self.forecaster.figures.vintage

    def answer(self) -> T:
        """Compute it. Raises what ``compute`` and :func:`forecast_service.services.admission.computing` raise."""
        with tracing.span("forecast"), admission.computing(self.price, fitted=self.fitted):
            answer = self.compute(self.forecaster, self.question)
        facts = {"scenario": logged(self.question.scenario.name), "vintage": self.forecaster.figures.vintage}
        telemetry.annotate(country=self.question.ally.code, **facts)
        return answer


def forecast(*, scenario: str | Scenario = "baseline", field: str = "scenario", **asked: Any) -> Forecast:
    """The forecast that a request asks for.

    Parameters
    ----------
    scenario : a name, an id or a scenario; ``field`` is the input that holds it.
    asked : ``vintage``, the ``id`` of the answer that is expected, and the parameters of
        :meth:`models.forecast.Question.resolve`.

    Raises
    ------
    OtherAnswer, UnknownSaved, UnusableScenario, OldForm, and the errors of :meth:`models.forecast.Forecaster.forecast`
    and of :func:`forecast_service.services.admission.computing`
    """
    return ask(scenario=scenario, field=field, **asked).answer()


def ask(*, scenario: str | Scenario = "baseline", field: str = "scenario", **asked: Any) -> Asked[Forecast]:
    """What :func:`forecast` computes, with its price; parameters and errors as there."""

    def compute(forecaster: Forecaster, question: Question) -> Forecast:
        with _naming(field):
            return forecaster.answer(question)

    with _naming(field):
        return _ask(compute, price.forecast, scenario, field=field, **({"levels": LEVELS} | asked))


@contextmanager
def _naming(field: str) -> Iterator[None]:
    """Name ``field`` as the input whose scenario has an unusable lever."""
    try:
        yield
    except UnusableLever as error:
        if field == "scenario":
            raise
        raise UnusableScenario(field, error) from None


def requirement(
    *, probability: float, scenario: str | Scenario = "baseline", id: str | None = None, **asked: Any
) -> Asked[Requirement]:
    """What gives the growth and the money that raise the probability to ``probability``; parameters as :func:`ask`."""

    def compute(forecaster: Forecaster, question: Question) -> Requirement:
        answer = required(forecaster, question, probability)
        check_id(id, answer.id, forecaster)
        return answer

    return _ask(compute, price.requirement, scenario, **({"component": "core"} | asked))


def sensitivity(*, scenario: str | Scenario = "baseline", id: str | None = None, **asked: Any) -> Asked[Sensitivity]:
    """What gives the assumptions that move a probability most; parameters as :func:`ask`."""
    found = _ask(moved, price.sensitivity, scenario, **({"component": "core"} | asked))
    check_id(id, sensitivity_id(found.question), found.forecaster)
    return found


def sensitivity_id(question: Question) -> str:
    """A hash of all that determines the answer of :func:`sensitivity`."""
    return digest(f"sensitivity {question.target} {question.id}")


def alliance(
    *, scenario: str | Scenario = "baseline", vintage: str | None = None, id: str | None = None, **asked: Any
) -> AllianceForecast:
    """The forecast of all allies together; parameters as :func:`forecast`.

    Raises OtherAnswer, and FitUnavailable if more fits are missing than a request can wait for.
    """
    scenario, _ = look_up(scenario)
    forecaster = forecasters().forecaster(vintage)
    with computing_together(forecaster, scenario, price.alliance, asked.get("targets"), asked.get("origin")):
        answer = alliance_forecast(forecaster, scenario, **asked)
    check_id(id, answer.id, forecaster)
    telemetry.annotate(scenario=logged(answer.scenario.name), vintage=answer.vintage)
    return answer


def paths(*, scenario: str | Scenario = "baseline", draws: int | None = None, **asked: Any) -> Worlds:
    """The simulated paths of an ally; parameters as :func:`forecast`.

    Parameters
    ----------
    draws : how many (:func:`models.analysis.worlds.count_of`).
    """

    def count(question: Question) -> tuple[int, int]:
        years = question.deadline - question.origin
        return count_of(question.basis.draws, draws, years), years

    def compute(forecaster: Forecaster, question: Question) -> Worlds:
        return ally_in_worlds(forecaster, question, count(question)[0])

    def priced(question: Question, fits: int) -> int:
        return price.forecast(question, fits) + price.path_rows(math.prod(count(question)))

    return _ask(compute, priced, scenario, **asked).answer()


def alliance_paths(
    *,
    targets: Targets,
    scenario: str | Scenario = "baseline",
    draws: int | None = None,
    vintage: str | None = None,
    origin: int | None = None,
    **asked: Any,
) -> Worlds:
    """The simulated paths of all allies; parameters as :func:`paths`, errors as :func:`alliance`."""
    scenario, _ = look_up(scenario)
    forecaster = forecasters().forecaster(vintage)
    forecaster.basis.check_years(forecaster.basis.origin(origin), targets.deadline)
    rows = len(allies(forecaster.figures.tables)) * (targets.deadline - forecaster.basis.origin(origin))
    count = count_of(forecaster.draws, draws, rows)
    priced = partial(price.paths_together, rows=count * rows)
    with computing_together(forecaster, scenario, priced, targets, origin):
        answer = allies_in_worlds(forecaster, scenario, targets, count, origin=origin, **asked)
    telemetry.annotate(scenario=logged(answer.scenario.name), vintage=answer.vintage)
    return answer


@contextmanager
def computing_together(
    forecaster: Forecaster,
    scenario: str | Scenario,
    priced: Callable[[int, int, int, int, int], int],
    targets: Targets | None = None,
    origin: int | None = None,
    countries: Collection[str] | None = None,
) -> Iterator[None]:
    """Compute several allies together when it is admitted.

    Parameters
    ----------
    priced : the price, from the parameters of :func:`forecast_service.services.price.alliance`.
    countries : alpha-3 codes; all allies if None.

    Raises
    ------
    FitUnavailable
        if more fits are missing than a request can wait for.
    """
    missing, year = forecaster.unfitted(scenario, targets, origin, countries), forecaster.basis.origin(origin)
    fit_missing.require_affordable_fits(forecasters(), forecaster.figures.vintage, year, missing)
    every = allies(forecaster.figures.tables).items()
    wanted = [ally for code, ally in every if countries is None or code in countries]
    own = sum(scenario.override(ally) is not None for ally in wanted) if isinstance(scenario, Scenario) else 0
    years = (targets or Targets()).deadline - year
    levers = len(scenario.levers) if isinstance(scenario, Scenario) else 1
    units = priced(years, levers, len(wanted), forecaster.draws, missing + own)
    with tracing.span("forecast"), admission.computing(units, fitted=not missing and not own):
        yield


def _ask(
    compute: Callable[[Forecaster, Question], T],
    priced: Callable[[Question, int], int],
    asked_scenario: str | Scenario,
    *,
    field: str = "scenario",
    vintage: str | None = None,
    id: str | None = None,
    **asked: Any,
) -> Asked[T]:
    scenario, saved = look_up(asked_scenario, field)
    forecaster = forecasters().forecaster(vintage)
    question = Question.resolve(forecaster.basis, scenario=scenario, **asked)
    check_id(id, question.id, forecaster)
    lacking = forecaster.lacks(question)
    named = scenario if isinstance(scenario, str) else None
    priced_at = priced(question, lacking)
    return Asked(forecaster, question, priced_at, not lacking, compute, named, saved, asked.get("rule"))


def check_id(cited: str | None, now: str, forecaster: Forecaster) -> None:
    """Raise OtherAnswer if an answer was ``cited`` and the answer of ``forecaster`` is another ``now``."""
    if cited is not None and cited != now:
        raise OtherAnswer(cited, now, forecaster)


def logged(name: str) -> str:
    """The name of a scenario in the log: "own" for an analyst's, whose name may be confidential."""
    return name if name in named_scenarios() else "own"
