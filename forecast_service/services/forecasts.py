"""Answer questions about the future: forecast, alliance, requirement, sensitivity.

Each function looks up the scenario, resolves the question on the figures of its vintage, computes the answer under one
span, and records the question in the log and the metrics.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from forecast_service.forecasting import fit_missing
from forecast_service.forecasting.registry import forecasters
from forecast_service.observability import telemetry, tracing
from forecast_service.services.scenario_lookup import UnusableScenario, resolve
from models.analysis.alliance import AllianceForecast, alliance_forecast
from models.analysis.requirements import Requirement, required
from models.analysis.sensitivity import Sensitivity
from models.analysis.sensitivity import sensitivity as moved
from models.forecast import Forecaster, Question
from models.forecast.question import LEVELS
from models.forecast.result import Forecast
from models.scenarios.builtin import named_scenarios
from models.scenarios.levers import HistoryOverride
from models.scenarios.scenario import Scenario, UnusableLever

T = TypeVar("T")

_compute_lock = threading.Lock()
"""The threads of a worker compute one at a time. Otherwise they would interrupt each other whenever numpy releases the
interpreter lock and compete for the processor's cache, and every answer would be slower. A thread that waits for a fit
does not hold this lock."""


def forecast(*, scenario: str | Scenario = "baseline", field: str = "scenario", **asked: Any) -> Forecast:
    """The forecast that a request asks for.

    Parameters
    ----------
    scenario : a name, an id or a scenario; ``field`` is the input that holds it.
    asked : ``vintage``, and the parameters of :meth:`models.forecast.Question.resolve`.

    Raises
    ------
    UnknownSaved, UnusableScenario, OldForm, and the errors of :meth:`models.forecast.Forecaster.forecast`
    """
    try:
        return _answer(Forecaster.answer, resolve(scenario, field), **({"levels": LEVELS} | asked))
    except UnusableLever as error:
        if field == "scenario":
            raise
        raise UnusableScenario(field, error) from None


def requirement(*, probability: float, scenario: str | Scenario = "baseline", **asked: Any) -> Requirement:
    """The growth and the money that raise the probability to ``probability``; parameters as :func:`forecast`."""

    def compute(forecaster: Forecaster, question: Question) -> Requirement:
        return required(forecaster, question, probability)

    return _answer(compute, resolve(scenario), **({"component": "core"} | asked))


def sensitivity(*, scenario: str | Scenario = "baseline", **asked: Any) -> Sensitivity:
    """The assumptions that move a probability most; parameters as :func:`forecast`."""
    return _answer(moved, resolve(scenario), **({"component": "core"} | asked))


def alliance(*, scenario: str | Scenario = "baseline", vintage: str | None = None, **asked: Any) -> AllianceForecast:
    """The forecast of all allies together; parameters as :func:`forecast`.

    Raises FitUnavailable if more fits are missing than a request can wait for.
    """
    scenario = resolve(scenario)
    forecaster = forecasters().forecaster(vintage)
    targets, origin = asked.get("targets"), asked.get("origin")
    missing = forecaster.unfitted(scenario, targets, origin)
    fit_missing.require_affordable_fits(
        forecasters(), forecaster.figures.vintage, forecaster.basis.origin(origin), missing
    )
    own_figures = isinstance(scenario, Scenario) and any(isinstance(x, HistoryOverride) for x in scenario.levers)
    with _computing(fitted=not missing and not own_figures):
        answer = alliance_forecast(forecaster, scenario, **asked)
    telemetry.annotate(scenario=_logged(answer.scenario.name), vintage=answer.vintage)
    return answer


def _answer(
    compute: Callable[[Forecaster, Question], T], scenario: str | Scenario, *, vintage: str | None = None, **asked: Any
) -> T:
    forecaster = forecasters().forecaster(vintage)
    question = Question.resolve(forecaster.basis, scenario=scenario, **asked)
    with _computing(fitted=forecaster.has_fits(question)):
        answer = compute(forecaster, question)
    facts = {"scenario": _logged(question.scenario.name), "vintage": forecaster.figures.vintage}
    telemetry.annotate(country=question.ally.code, **facts)
    return answer


@contextmanager
def _computing(*, fitted: bool) -> Iterator[None]:
    """Open the span of a computation; hold the compute lock if every fit that it needs is saved."""
    with tracing.span("forecast"), _compute_lock if fitted else nullcontext():
        yield


def _logged(name: str) -> str:
    """The name of a scenario in the log: "own" for an analyst's, whose name may be confidential."""
    return name if name in named_scenarios() else "own"
