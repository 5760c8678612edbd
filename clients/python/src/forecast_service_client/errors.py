"""Exceptions for the service's problems (``application/problem+json``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class FieldError:
    """An error of one input."""

    field: str
    """The name of a parameter, or a JSON Pointer into the body."""
    detail: str
    """What is wrong and what is allowed."""


class Problem(Exception):
    """The service answered with an error; subclasses are the common kinds."""

    def __init__(self, status: int, document: dict[str, Any], headers: httpx.Headers) -> None:
        self.status = status
        self.type: str = document.get("type", "about:blank")
        """Stable identifier of the kind of problem."""
        self.title: str = document.get("title", f"HTTP {status}")
        self.detail: str = document.get("detail", "")
        self.errors = [
            FieldError(found.get("pointer") or found.get("parameter", ""), found.get("detail", ""))
            for found in document.get("errors", ())
        ]
        self.retry_after = retry_after(headers)
        """When to repeat the request (seconds); None if the service does not say."""
        self.request_id = headers.get("X-Request-ID")
        """The id of the request in the service's log."""
        reasons = "; ".join(f"{error.field}: {error.detail}" for error in self.errors) or self.detail
        super().__init__(f"{status} {self.title}: {reasons}")


class InvalidInput(Problem):
    """400, 413, 415 or 422: the request has errors; ``errors`` names the fields."""


class Forbidden(Problem):
    """401 or 403: the service does not know the caller, or the caller may not do this."""


class NotFound(Problem):
    """404: there is no such ally, scenario or sweep, or the caller may not see it."""


class Stale(Problem):
    """412: the scenario has changed since it was read."""


class Unavailable(Problem):
    """429 or 503, after all allowed repetitions."""


class SweepFailed(Exception):
    """A sweep failed or was cancelled."""


_KINDS: dict[int, type[Problem]] = {
    **dict.fromkeys((400, 413, 415, 422), InvalidInput),
    **dict.fromkeys((401, 403), Forbidden),
    404: NotFound,
    412: Stale,
    **dict.fromkeys((429, 503), Unavailable),
}


def retry_after(headers: httpx.Headers) -> float | None:
    """``Retry-After`` in seconds; None if it is absent or a date."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None


def check(response: httpx.Response) -> None:
    """Raise :class:`Problem`, or a subclass, for a status of 400 or more."""
    if response.status_code < 400:
        return
    try:
        document = response.json()
    except ValueError:
        document = {}  # from a gateway, which does not send problem+json
    if not isinstance(document, dict):
        document = {}
    raise _KINDS.get(response.status_code, Problem)(response.status_code, document, response.headers)
