"""Every question about the future takes this one way: forecast, alliance, requirement, sensitivity.

The scenario is looked up, the question resolved on the figures of its vintage and computed in its turn, under one span;
log and metrics are told what was asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from forecast_service.forecasting import fit_missing
from forecast_service.forecasting.registry import forecasters
from forecast_service.observability import metrics, telemetry, tracing
from forecast_service.services.scenario_lookup import resolve
from models.analysis.alliance import AllianceForecast, alliance_forecast
from models.analysis.requirements import Requirement, required
from models.analysis.sensitivity import Sensitivity
from models.analysis.sensitivity import sensitivity as moved
from models.forecast import Forecaster, Question
from models.forecast.question import LEVELS
from models.forecast.result import Forecast
from models.scenarios.builtin import named_scenarios
from models.scenarios.levers import HistoryOverride
from models.scenarios.scenario import Scenario

T = TypeVar("T")

_compute_lock = threading.Lock()
"""Threads of a worker compute one after the other. Each time numpy lets go of the interpreter, another thread would
take it, with its own arrays in the processor's cache: all would come later. Who waits for a fit takes no turn."""


def forecast(*, scenario: str | Scenario = "baseline", field: str = "scenario", **asked: Any) -> Forecast:
    """The answer to a question as the schemas read it.

    Parameters
    ----------
    scenario : as it was named or written; ``field`` is the input that holds it.
    asked : ``vintage``, and what :meth:`models.forecast.Question.resolve` takes.

    Raises
    ------
    UnknownSaved, OldForm, and as :meth:`models.forecast.Forecaster.forecast`
    """
    answer = _answer(Forecaster.answer, resolve(scenario, field), **({"levels": LEVELS} | asked))
    current = forecasters()
    if answer.vintage == current.vintage and "history" not in asked:
        metrics.forecast_made(answer, current.forecaster(answer.vintage).figures.origin)
    return answer


def requirement(*, probability: float, scenario: str | Scenario = "baseline", **asked: Any) -> Requirement:
    """The growth and the money that bring a probability to ``probability``; as :func:`forecast`."""

    def compute(forecaster: Forecaster, question: Question) -> Requirement:
        return required(forecaster, question, probability)

    return _answer(compute, resolve(scenario), **({"component": "core"} | asked))


def sensitivity(*, scenario: str | Scenario = "baseline", **asked: Any) -> Sensitivity:
    """What moves a probability most; as :func:`forecast`."""
    return _answer(moved, resolve(scenario), **({"component": "core"} | asked))


def alliance(*, scenario: str | Scenario = "baseline", vintage: str | None = None, **asked: Any) -> AllianceForecast:
    """What the allies do together; as :func:`forecast`.

    Raises
    ------
    FitUnavailable
        if more fits are missing than a request can wait for.
    """
    scenario = resolve(scenario)
    forecaster = forecasters().forecaster(vintage)
    targets, origin = asked.get("targets"), asked.get("origin")
    missing = forecaster.unfitted(scenario, targets, origin)
    fit_missing.require_affordable_fits(
        forecasters(), forecaster.figures.vintage, forecaster.basis.origin(origin), missing
    )
    own_figures = isinstance(scenario, Scenario) and any(isinstance(x, HistoryOverride) for x in scenario.levers)
    with _turn(kept=not missing and not own_figures):
        found = alliance_forecast(forecaster, scenario, **asked)
    telemetry.annotate(scenario=_logged(found.scenario.name), vintage=found.vintage)
    return found


def _answer(
    compute: Callable[[Forecaster, Question], T], scenario: str | Scenario, *, vintage: str | None = None, **asked: Any
) -> T:
    forecaster = forecasters().forecaster(vintage)
    question = Question.resolve(forecaster.basis, scenario=scenario, **asked)
    with _turn(kept=forecaster.has_fits(question)):
        found = compute(forecaster, question)
    said = {"scenario": _logged(question.scenario.name), "vintage": forecaster.figures.vintage}
    telemetry.annotate(country=question.ally.code, **said)
    return found


@contextmanager
def _turn(*, kept: bool) -> Iterator[None]:
    """The span of a computation, and its turn if all fits that it needs are kept."""
    with tracing.span("forecast"):
        if not kept:
            yield
            return
        with _compute_lock:
            yield


def _logged(name: str) -> str:
    """What the log calls a scenario: those of one's own have names that tell too much."""
    return name if name in named_scenarios() else "own"
