"""For whom, and for how long, answers of the running service hold."""

from __future__ import annotations

import time

from flask import request

from forecast_service.forecasting.registry import ForecasterRegistry
from models.scenarios.builtin import named_scenarios


class AnswerValidity:
    """What the cache of answers must know (:class:`forecast_service.http.answers.Validity`)."""

    def __init__(self, registry: ForecasterRegistry) -> None:
        self._registry = registry
        self.notice_s = registry.switches.ahead_s

    def vintage(self) -> str:
        """The current vintage, as the present request sees it."""
        return self._registry.vintage

    def latest(self) -> str:
        """The current vintage at this moment."""
        return self._registry.current_vintage.vintage()

    def seconds_left(self) -> float | None:
        """Until the next switch; None if none is known."""
        coming = self._registry.current_vintage.pending()
        return None if coming is None else max(0.0, coming.at - time.monotonic())

    def for_everyone(self) -> bool:
        """Whether the query names no saved scenario: what that says can change, and not every caller may read it."""
        named = [request.args.get("scenario", "baseline"), *request.args.get("overlay", "baseline").split(",")]
        return named_scenarios().keys() >= set(named)
