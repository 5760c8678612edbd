"""Answers that a client remembers: as long as the service says that they are fresh, and then by their ETag."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import httpx

LARGEST_BYTES = 1_000_000
"""Larger answers are not remembered."""


@dataclass(frozen=True)
class Remembered:
    """An answer, and until when it is fresh by the clock of the cache."""

    response: httpx.Response
    fresh_until: float


class AnswerCache:
    """The ``size`` answers used last, of one caller; threads may share it (RFC 9111, for what the service sends)."""

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._clock = size, clock
        self._answers: OrderedDict[str, Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def fresh(self, request: httpx.Request) -> httpx.Response | None:
        """The answer to a request if it is still fresh. Otherwise the request asks whether it has changed."""
        if request.method != "GET":
            return None
        with self._lock:
            found = self._answers.get(str(request.url))
            if found is None:
                return None
            self._answers.move_to_end(str(request.url))
        if self._clock() < found.fresh_until:
            return found.response
        if "ETag" in found.response.headers:
            request.headers["If-None-Match"] = found.response.headers["ETag"]
            request.extensions["remembered"] = found.response  # others may push it out before the answer
        return None

    def take(self, response: httpx.Response) -> httpx.Response:
        """Remember a response and return it; for a 304, the answer that has not changed."""
        request, control = response.request, response.headers.get("Cache-Control", "")
        unchanged = response.status_code == 304 and "remembered" in request.extensions
        answer: httpx.Response = request.extensions["remembered"] if unchanged else response
        if request.method != "GET" or answer.status_code != 200 or "no-store" in control:
            return answer
        seconds = _lasts(control) - _seconds(response.headers.get("Age", ""))
        if (seconds > 0 or "ETag" in answer.headers) and len(answer.content) <= LARGEST_BYTES:
            with self._lock:
                self._answers[str(request.url)] = Remembered(answer, self._clock() + seconds)
                self._answers.move_to_end(str(request.url))
                while len(self._answers) > self._size:
                    self._answers.popitem(last=False)
        return answer


def _lasts(control: str) -> int:
    """For how many seconds ``Cache-Control`` lets an answer be used without asking."""
    found = re.search(r"(?:^|[\s,])max-age=(\d+)", control)
    return _seconds(found[1]) if found and "no-cache" not in control else 0


def _seconds(text: str) -> int:
    return int(text) if text.isdecimal() else 0
