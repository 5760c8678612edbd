"""Taking something back in good time: ``Deprecation`` (RFC 9745), ``Sunset`` (RFC 8594) and ``Link``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, after_this_request
from werkzeug.http import http_date

from forecast_service.openapi import Blueprint

View = TypeVar("View", bound=Callable[..., Any])


def deprecated(
    since: date, sunset: date | None = None, *, policy: str = "", successor: str = ""
) -> Callable[[View], View]:
    """Mark a view as deprecated, in its answers and in the contract. Belongs right below its route.

    Parameters
    ----------
    since : from when on it should not be used any more.
    sunset : when it will be gone.
    policy : where to read why, and what to do.
    successor : what to use instead.
    """
    begin = _midnight(since)
    headers = {"Deprecation": f"@{int(begin.timestamp())}"}
    if sunset:
        headers["Sunset"] = http_date(_midnight(sunset))
    related = [(policy, 'rel="deprecation"; type="text/html"'), (successor, 'rel="successor-version"')]
    link = ", ".join(f"<{address}>; {what}" for address, what in related if address)

    def announce(response: Response) -> Response:
        response.headers.update(headers)
        if link:
            response.headers.add("Link", link)
        return response

    def decorator(view: View) -> View:
        described = Blueprint.doc(deprecated=True)(view)

        @wraps(described)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            after_this_request(announce)
            return described(*args, **kwargs)

        return cast(View, wrapper)

    return decorator


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
