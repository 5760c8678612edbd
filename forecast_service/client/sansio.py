"""Operations as steps, which say what to send and when to wait, but do neither: so sync and async share them all."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx

from forecast_service.client.errors import check, retry_after

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """Send this, and go on with the response."""

    method: str
    address: str
    """Below the service's address, or absolute."""
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again where it is not known whether it came through.

        A server may close a connection it kept in the moment in which the next request is sent on it.
        """
        return self.method == "GET" or "Idempotency-Key" in self.headers


@dataclass(frozen=True)
class Pause:
    """Wait (seconds)."""

    seconds: float


@dataclass(frozen=True)
class Item(Generic[T]):
    """Hand this to who iterates."""

    value: T


Steps = Generator[Call | Pause, Any, T]
"""The steps to one result."""
Stream = Generator[Call | Pause | Item[T], Any, None]
"""The steps of an iteration."""


@dataclass(frozen=True)
class Policy:
    """How often to try again after a 429 or 503, and how long to wait at most each time (seconds)."""

    retries: int = 3
    longest_wait: float = 60.0

    def wait(self, response: httpx.Response, attempt: int) -> float | None:
        """How long to wait before trying again; None to give up."""
        if response.status_code not in {429, 503} or attempt >= self.retries:
            return None
        asked = retry_after(response.headers)
        # Who is not told when comes later each time, and not together with the others.
        seconds = asked if asked is not None else 0.5 * 2**attempt * random.uniform(0.5, 1)  # noqa: S311
        return seconds if seconds <= self.longest_wait else None


def single(steps: Steps[T]) -> Stream[T]:
    """The iteration whose one item is the result of ``steps``."""
    yield Item((yield from steps))


def retrying(steps: Stream[T], policy: Policy) -> Stream[T]:
    """``steps``, in which a call that is answered with 429 or 503 is sent again as ``policy`` says.

    Raises
    ------
    Problem
        where the last answer is an error.
    """
    reply: Any = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration:
            return
        reply = yield step
        if isinstance(step, Call):
            attempt = 0
            while (wait := policy.wait(reply, attempt)) is not None:
                yield Pause(wait)
                attempt += 1
                reply = yield step
            check(reply)
