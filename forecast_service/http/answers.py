"""Representations of answers: negotiated, kept in memory, compressed once, and not sent to who has them already.

An answer depends on the question and the vintage of the figures alone: fits and seed do not change while the process
lives. So the bytes of an answer are kept under both, and a question asked again costs a look-up. Where the question
does not name the vintage, the answer may be used by others only for so long that none outlives a switch. What a kept
scenario says can change, and not every caller may read it: such answers are never kept here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, g, json, request

from forecast_service.callers import is_known
from forecast_service.http import fast_path, negotiation
from forecast_service.http.answer_cache import AnswerCache, Representation
from forecast_service.http.blueprint import Blueprint
from forecast_service.http.compression import LEAST_BYTES, wanted_encoding
from forecast_service.http.negotiation import documented, links, negotiate, offered, write
from forecast_service.http.tables import Table
from forecast_service.media_types import ARROW, CONTENT_TYPES, JSON, PARQUET, PNG
from forecast_service.observability import metrics, telemetry
from forecast_service.observability.telemetry import PROBES
from forecast_service.settings.http import HttpSettings

EXTENSION, VALIDITY = "forecast-http-cache", "forecast-http-validity"
FRESH, UNTIL_SWITCH_S = "FORECAST_FRESH", "FORECAST_UNTIL_SWITCH_S"
STALE_S = 86_400
"""How long a client may go on using an answer while it asks for a newer one."""

View = TypeVar("View", bound=Callable[..., Any])
Tabulate = Callable[[dict[str, Any]], Table]
Draw = Callable[[dict[str, Any], str], tuple[bytes, str]]

COMPRESSED_FORMATS = frozenset({PARQUET, ARROW, PNG})
"""Forms that are compressed as they are."""


class Validity(Protocol):
    """For whom, and for how long, answers hold."""

    notice_s: float
    """How long before a switch to another vintage it is known, seconds, at least."""

    def vintage(self) -> str:
        """The current vintage, as the present request sees it from its beginning to its end."""

    def latest(self) -> str:
        """The current vintage at this moment."""

    def seconds_left(self) -> float | None:
        """Until the next switch; None if none is known."""

    def for_everyone(self) -> bool:
        """Whether the present request would be answered alike whoever sent it, and at any time."""


def register(app: Flask, settings: HttpSettings, validity: Validity) -> None:
    """Give ``app`` a cache, and to every answer that says nothing itself a ``Cache-Control`` and a weak ETag."""
    app.extensions[EXTENSION] = AnswerCache(settings.cache_bytes)
    app.extensions[VALIDITY] = validity
    app.config[FRESH] = f"max-age={settings.cache_max_age}, stale-while-revalidate={STALE_S}"
    app.config[UNTIL_SWITCH_S] = min(settings.cache_max_age, validity.notice_s)

    @app.after_request
    def default(response: Response) -> Response:
        if "Cache-Control" in response.headers:
            return response
        lasting = request.method in {"GET", "HEAD"} and response.status_code < 400
        response.headers["Cache-Control"] = "private, no-cache" if lasting else "no-store"
        if lasting and response.mimetype == "application/json" and not response.is_streamed:
            # Made again each time, since it can change: a 304 saves its way only.
            if "ETag" not in response.headers and request.path not in PROBES:
                response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True)
            response.make_conditional(request)
        return response


def answers(tabulate: Tabulate | None = None, draw: Draw | None = None) -> Callable[[View], View]:
    """Decorate a view: negotiate the format, serve from the cache, answer conditional requests.

    Parameters
    ----------
    tabulate : makes of the JSON document the table that CSV and its kin show; None where there is none.
    draw : makes of the JSON document its chart in a form, and a sentence that says what it shows; None likewise.

    Notes
    -----
    It belongs above the view's other decorators, so that a saved answer skips them, and below the route's, so that
    everything that runs before a request (who calls, how often) still does.
    """

    def decorator(view: View) -> View:
        kinds = {"table": tabulate is not None, "picture": draw is not None}
        described = Blueprint.doc(responses=documented(**kinds))(view) if any(kinds.values()) else view

        @wraps(described)
        def wrapper(*args: Any, form: str | None = None, **kwargs: Any) -> Response:
            form = negotiate(form, offered(**kinds))
            asks = request.method in {"GET", "HEAD"}
            depends_on_caller = not _validity().for_everyone()
            kept = asks and not depends_on_caller
            vintage = _validity().vintage()
            key = (view.__name__, *kwargs.values(), request.query_string, request.script_root, form, vintage)
            cache = cast(AnswerCache, current_app.extensions[EXTENSION])
            answer = cache.get(key) if kept else None
            if kept:
                metrics.cache(hit=answer is not None)
                telemetry.annotate(cache="miss" if answer is None else "hit")
            size = answer.size if answer else 0
            if answer is None:
                computed: Response = described(*args, **kwargs)
                if computed.status_code != 200:
                    return computed
                answer = _represent(computed.get_data(), form, tabulate, draw)
            telemetry.annotate(**answer.facts)
            metrics.answered(answer.facts.get("vintage"))
            response = _respond(answer, asks, depends_on_caller)
            if kept and answer.size != size:  # it is new, or has been compressed
                cache.put(key, answer)
            if kept:
                fast_path.offer(_found(cache, key, answer, response))
            return response

        return cast(View, wrapper)

    return decorator


def _validity() -> Validity:
    return cast(Validity, current_app.extensions[VALIDITY])


def _represent(body: bytes, form: str, tabulate: Tabulate | None, draw: Draw | None) -> Representation:
    """The answer in the form that was asked for, with the tag of its representation."""
    noted, document, alt = telemetry.facts(), json.loads(body), ""
    if form in negotiation.PICTURES and draw:
        body, alt = draw(document, form)
    elif form != JSON and tabulate:
        body = write(tabulate(document), form, request)
    # The id says what was computed, the digest how it is put: a release may word the same numbers otherwise.
    digest = hashlib.sha256(body).hexdigest()
    identifier = document.get("id")
    tag = f"{identifier}-{digest[:12]}" if isinstance(identifier, str) else digest[:32]
    if "country" not in noted and (code := (document.get("country") or document).get("code")):
        noted["country"] = code
    if isinstance(vintage := document.get("vintage"), str):
        noted["vintage"] = vintage
    return Representation(body, form, tag, noted, g.get("depends_on_switch", False), alt)


def _until_switch() -> str:
    """How long an answer may be used that ends with the next switch, which is written at least so long ahead."""
    left, seconds = _validity().seconds_left(), float(current_app.config[UNTIL_SWITCH_S])
    return f"max-age={int(seconds if left is None else min(seconds, left))}"


def _bookmark(answer: Representation) -> str | None:
    """The link under which the answer stays what it is: in a header, since the same answer has many questions."""
    vintage = answer.facts.get("vintage")
    if not answer.expires_with_vintage or vintage is None:
        return None
    query = urlencode(sorted((request.args | {"vintage": vintage}).items()))
    return f'<{quote(request.script_root + request.path)}?{query}>; rel="bookmark"'


def _found(cache: AnswerCache, key: Hashable, answer: Representation, response: Response) -> fast_path.CachedRoute:
    """Where the body of ``response`` stays, and what is said of it."""
    encoding, validity = response.headers.get("Content-Encoding"), _validity()
    vintage, passing_s = validity.vintage(), float(current_app.config[UNTIL_SWITCH_S])

    def lasts() -> bool:
        """Whether what was said of its age still holds: no switch has come, and none comes sooner than that."""
        left = validity.seconds_left()
        return validity.latest() == vintage and (left is None or left > passing_s)

    def body() -> bytes | None:
        kept = cache.get(key)
        if kept is None or (kept.expires_with_vintage and not lasts()):
            return None
        return kept.encodings.get(encoding) if encoding else kept.body

    length = len(answer.encodings[encoding] if encoding else answer.body)
    entity = [("Content-Type", response.content_type), ("Content-Length", str(length))]
    if encoding:
        entity.append(("Content-Encoding", encoding))
    tag = str(response.get_etag()[0])
    return fast_path.CachedRoute(key, body, tag, entity, {"cache": "hit", **answer.facts})


def _respond(answer: Representation, asks: bool, depends_on_caller: bool) -> Response:
    encoding = (
        wanted_encoding() if len(answer.body) >= LEAST_BYTES and answer.format not in COMPRESSED_FORMATS else None
    )
    body, tag = answer.encoded(encoding)
    response = Response(body, content_type=CONTENT_TYPES[answer.format])
    response.headers["Vary"] = "Accept, Accept-Encoding"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    if answer.alt:
        response.headers["X-Alt-Text"] = quote(answer.alt)
        # Pages elsewhere show it by its address; not what only some may see.
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin" if depends_on_caller else "cross-origin"
    if not asks:
        return response
    response.headers["ETag"] = f'"{tag}"'
    if depends_on_caller:
        response.headers["Cache-Control"] = "private, no-cache"
    else:
        whose = "private" if is_known() else "public"
        response.headers["Cache-Control"] = (
            f"{whose}, {_until_switch() if answer.expires_with_vintage else current_app.config[FRESH]}"
        )
    if found := [link for link in (links(answer.format), None if depends_on_caller else _bookmark(answer)) if link]:
        response.headers["Link"] = ", ".join(found)
    if request.if_none_match.contains_weak(tag):  # weakly, since a gateway that compresses weakens our tags
        response.status_code = 304
        response.set_data(b"")
    return response
