"""Steps of operations: what to send and how long to wait. The two clients carry them out."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx

from forecast_service_client.errors import check, retry_after

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """Send a request; the client sends back the response, or the error if the connection is lost."""

    method: str
    address: str
    """Relative to the service's address, or absolute."""
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """Whether the client may send it again after a lost connection: the service carries it out once."""
        return self.method == "GET" or "Idempotency-Key" in self.headers


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class Item(Generic[T]):
    """Yield ``value`` to the caller."""

    value: T


Steps = Generator[Call | Pause, Any, T]
"""Steps to one result."""
Stream = Generator[Call | Pause | Item[T], Any, None]
"""Steps of an iterator."""


LOST = (httpx.NetworkError, httpx.RemoteProtocolError)
"""The connection failed. A time limit is none of these: the caller has set it."""
Outcome = httpx.Response | httpx.NetworkError | httpx.RemoteProtocolError


@dataclass(frozen=True)
class Policy:
    """How often to repeat after a 429, a 503 or a lost connection, and how long to wait at most each time (seconds)."""

    retries: int = 3
    longest_wait: float = 60.0

    def wait(self, call: Call, outcome: Outcome, attempt: int) -> float | None:
        """Seconds before the next try; None to give up."""
        asked = None
        if isinstance(outcome, httpx.Response):
            if outcome.status_code not in {429, 503}:
                return None
            asked = retry_after(outcome.headers)
        elif not (call.repeatable or isinstance(outcome, httpx.ConnectError)):  # no connection: nothing was sent
            return None
        elif attempt == 0 and isinstance(outcome, httpx.RemoteProtocolError):
            return 0.0  # a server may close an idle connection while the client sends the next request
        if attempt >= self.retries:
            return None
        # Without Retry-After, wait twice as long each time, with a random part so that clients do not come together.
        seconds = asked if asked is not None else 0.5 * 2**attempt * random.uniform(0.5, 1)  # noqa: S311
        return seconds if seconds <= self.longest_wait else None


def single(steps: Steps[T]) -> Stream[T]:
    """An iterator of one item, the result of ``steps``."""
    yield Item((yield from steps))


def retrying(steps: Stream[T], policy: Policy) -> Stream[T]:
    """``steps`` with calls repeated as the policy says.

    Raises
    ------
    Problem
        if the last answer is an error.
    httpx.NetworkError, httpx.RemoteProtocolError
        if the connection is lost and the call is not repeated again.
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
            while (wait := policy.wait(step, reply, attempt)) is not None:
                yield Pause(wait)
                attempt += 1
                reply = yield step
            if isinstance(reply, LOST):
                raise reply
            check(reply)
