"""What goes wrong, as exceptions: the service's ``application/problem+json``, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class FieldError:
    """One offending input."""

    field: str
    """The name of a parameter, or a JSON Pointer into the body."""
    detail: str
    """What is wrong and what is allowed."""


class Problem(Exception):
    """The service refused, and says why; a kind that is not one of the subclasses too."""

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
        """When to ask again (seconds); None where the service does not say."""
        self.request_id = headers.get("X-Request-ID")
        """What the service's log calls the request."""
        said = "; ".join(f"{error.field}: {error.detail}" for error in self.errors) or self.detail
        super().__init__(f"{status} {self.title}: {said}")


class InvalidInput(Problem):
    """400, 413, 415, 422: the question is at fault; ``errors`` names the fields."""


class Forbidden(Problem):
    """401 or 403: it is not known who asks, or they may not."""


class NotFound(Problem):
    """404: no such ally, scenario or sweep, or not for this caller."""


class Stale(Problem):
    """412: the scenario has changed since it was read."""


class Unavailable(Problem):
    """429 or 503, after all the tries that the client was allowed."""


class SweepFailed(Exception):
    """A sweep ended without being done: it failed, or was cancelled."""


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
    """Raise what a response of 400 and above says.

    Raises
    ------
    Problem
    """
    if response.status_code < 400:
        return
    try:
        document = response.json()
    except ValueError:
        document = {}  # of a gateway in between, which does not speak problem+json
    if not isinstance(document, dict):
        document = {}
    raise _KINDS.get(response.status_code, Problem)(response.status_code, document, response.headers)
