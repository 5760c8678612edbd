"""How long an answer is valid, and whether it is the same for every caller."""

from __future__ import annotations

import time

from flask import request

from forecast_service.forecasting.registry import ForecasterRegistry
from forecast_service.http.strict_json import BadJson, load_json
from models.scenarios.builtin import named_scenarios


class AnswerValidity:
    """The facts that the cache of answers needs (:class:`forecast_service.http.answers.Validity`)."""

    def __init__(self, registry: ForecasterRegistry) -> None:
        self._registry = registry
        self.notice_s = registry.switches.ahead_s

    def vintage(self) -> str:
        """The current vintage, fixed for the present request."""
        return self._registry.vintage

    def latest(self) -> str:
        """The current vintage at this moment."""
        return self._registry.current_vintage.vintage()

    def seconds_left(self) -> float | None:
        """Seconds until the next switch; None if none is known."""
        pending = self._registry.current_vintage.pending()
        return None if pending is None else max(0.0, pending.at - time.monotonic())

    def for_everyone(self) -> bool:
        """Whether the query names no saved scenario, which can change and which not every caller may read."""
        named = [_scenario(), *request.args.get("overlay", "baseline").split(",")]
        return named_scenarios().keys() >= set(named)


def _scenario() -> str:
    """The name or id of the scenario in the query or in the question there; for one that is written out, baseline."""
    if "question" not in request.args:
        return request.args.get("scenario", "baseline")
    try:
        scenario = load_json(request.args["question"].encode())["scenario"]
    except (BadJson, TypeError, KeyError):  # the baseline, or no question
        return "baseline"
    return scenario if isinstance(scenario, str) else "baseline"
