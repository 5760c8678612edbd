"""Answers in the format and encoding that a client accepts, cached, and 304 if the client has the answer already.

An answer depends only on the request and the vintage: fits and seed do not change while the process lives. The key of
the cache holds both, so a repeated request costs a look-up. If the request names no vintage, the answer expires by
the next switch. A saved scenario can change, and some callers may not read it, so its answers are never cached.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, g, json, request

from forecast_service.callers import is_known
from forecast_service.http import fast_path, gateway_cache, negotiation
from forecast_service.http.answer_cache import AnswerCache, Representation
from forecast_service.http.blueprint import Blueprint
from forecast_service.http.compression import LEAST_BYTES, wanted_encoding
from forecast_service.http.file_names import file_name
from forecast_service.http.negotiation import documented, links, negotiate, offered, write
from forecast_service.http.tables import Table
from forecast_service.media_types import ARROW, CONTENT_TYPES, JSON, PARQUET, PNG, XLSX
from forecast_service.observability import metrics, telemetry
from forecast_service.observability.telemetry import PROBES
from forecast_service.settings import Settings

EXTENSION, VALIDITY = "forecast-http-cache", "forecast-http-validity"
FRESH, UNTIL_SWITCH_S, GATEWAY_CACHE = "FORECAST_FRESH", "FORECAST_UNTIL_SWITCH_S", "FORECAST_GATEWAY_CACHE"
STALE_S = 86_400
"""How many seconds a client may use an expired answer while it requests a new one."""
IDENTIFIED = re.compile(rb'\{"id":"([0-9a-f]{32})"')
"""The beginning of a computed answer."""

View = TypeVar("View", bound=Callable[..., Any])
Tabulate = Callable[[dict[str, Any]], Table]
Draw = Callable[[dict[str, Any], str], tuple[bytes, str]]

COMPRESSED_FORMATS = frozenset({PARQUET, ARROW, XLSX, PNG})
"""Formats that are compressed already."""


class TableAnswer(Response):
    """What a view returns whose answer is a table alone: it has no JSON document.

    Parameters
    ----------
    table : the answer.
    about : of the document's fields those that name the file (see :func:`forecast_service.http.file_names.file_name`),
        ``vintage`` among them, and ``id`` if it has one.
    """

    def __init__(self, table: Table, about: dict[str, Any]) -> None:
        super().__init__()
        self.table, self.about = table, about


class Validity(Protocol):
    """Who may share answers, and for how long they are valid."""

    notice_s: float
    """A switch to another vintage is known at least so many seconds ahead."""

    def vintage(self) -> str:
        """The current vintage, the same from the beginning to the end of a request."""

    def latest(self) -> str:
        """The current vintage at this moment."""

    def seconds_left(self) -> float | None:
        """Seconds until the next switch; None if none is known."""

    def for_everyone(self) -> bool:
        """Whether the present request has the same answer for every caller, at any time."""


def register(app: Flask, settings: Settings, validity: Validity) -> None:
    """Give ``app`` a cache, and a ``Cache-Control`` and a weak ETag to every answer that has none."""
    app.extensions[EXTENSION] = AnswerCache(settings.cache_bytes)
    app.extensions[VALIDITY] = validity
    app.config[FRESH] = f"max-age={settings.cache_max_age}, stale-while-revalidate={STALE_S}"
    app.config[UNTIL_SWITCH_S] = min(settings.cache_max_age, validity.notice_s)
    # Only a gateway that names the callers checks them before it answers.
    app.config[GATEWAY_CACHE] = settings.gateway_cache and settings.identity_header != ""

    @app.after_request
    def default(response: Response) -> Response:
        if "Cache-Control" in response.headers:
            return response
        lasting = request.method in {"GET", "HEAD"} and response.status_code < 400
        response.headers["Cache-Control"] = "private, no-cache" if lasting else "no-store"
        if lasting and response.mimetype == "application/json" and not response.is_streamed:
            # A 304 saves only the transfer: the answer can change, so it is computed each time.
            if "ETag" not in response.headers and request.path not in PROBES:
                response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True)
            response.make_conditional(request)
        return response


def answers(
    tabulate: Tabulate | None = None, draw: Draw | None = None, *, bookmark: bool = True, only_table: bool = False
) -> Callable[[View], View]:
    """Decorate a view: negotiate the format, serve from the cache, answer conditional requests.

    Parameters
    ----------
    tabulate : makes the table for CSV, Parquet and Arrow from the JSON document; None if there is no table.
    draw : draws the JSON document's chart in a format, and says in a sentence what it shows; None if there is no chart.
    bookmark : whether the view takes ``vintage``, so that an answer that expires with the vintage can link to itself.
    only_table : whether the view returns a :class:`TableAnswer`, as CSV unless the client asks for another format.

    Notes
    -----
    Write it below the route and above the view's other decorators, so that a cached answer skips those. Authentication
    and rate limits run before the view, so no answer skips them.
    """

    def decorator(view: View) -> View:
        kinds = {"table": tabulate is not None or only_table, "chart": draw is not None, "document": not only_table}
        shown = {"table": kinds["table"], "chart": kinds["chart"]}
        described = Blueprint.doc(responses=documented(**shown))(view) if any(shown.values()) else view

        @wraps(described)
        def wrapper(*args: Any, format: str | None = None, **kwargs: Any) -> Response:
            format = negotiate(format, offered(**kinds))
            reads = request.method in {"GET", "HEAD"}
            depends_on_caller = not _validity().for_everyone()
            cacheable = reads and not depends_on_caller
            vintage = _validity().vintage()
            key = (view.__name__, *kwargs.values(), request.query_string, request.script_root, format, vintage)
            cache = cast(AnswerCache, current_app.extensions[EXTENSION])
            answer = cache.get(key) if cacheable else None
            if cacheable:
                metrics.cache(hit=answer is not None)
                telemetry.annotate(cache="miss" if answer is None else "hit")
            size = answer.size if answer else 0
            if answer is None:
                computed: Response = described(*args, **kwargs)
                if computed.status_code != 200:
                    return computed
                answer = _represent(computed, format, tabulate, draw)
            telemetry.annotate(**answer.facts)
            metrics.answered(answer.facts.get("vintage"))
            response = _respond(answer, reads, depends_on_caller, bookmark=bookmark and not depends_on_caller)
            if cacheable and answer.size != size:  # it is new, or has been compressed
                cache.put(key, answer)
            if cacheable:
                fast_path.offer(_route(cache, key, answer, response))
            return response

        return cast(View, wrapper)

    return decorator


def _validity() -> Validity:
    return cast(Validity, current_app.extensions[VALIDITY])


def _represent(computed: Response, format: str, tabulate: Tabulate | None, draw: Draw | None) -> Representation:
    """The answer in the requested format, with its ETag."""
    facts, body, alt, file = telemetry.facts(), computed.get_data(), "", ""
    if isinstance(computed, TableAnswer):
        document, table = computed.about, computed.table
    else:
        document, table = _document(body, format, facts), None
    if format in negotiation.CHARTS and draw:
        body, alt = draw(document, format)
        file = _file_name(document, request.args.get("component", "core"), format)
    elif format != JSON and (table or tabulate):
        body = write(table or cast(Tabulate, tabulate)(document), format)
        file = _file_name(document, None, format)
    # The id stands for the numbers, the digest for the bytes: a release may present the same numbers differently.
    digest = hashlib.sha256(body).hexdigest()
    identifier = document.get("id")
    tag = f"{identifier}-{digest[:12]}" if isinstance(identifier, str) else digest[:32]
    if "country" not in facts and (code := (document.get("country") or document).get("code")):
        facts["country"] = code
    if isinstance(vintage := document.get("vintage"), str):
        facts["vintage"] = vintage
    return Representation(body, format, tag, facts, g.get("depends_on_switch", False), alt, file)


def _document(body: bytes, format: str, facts: dict[str, Any]) -> dict[str, Any]:
    """The JSON of an answer; of JSON that is sent as it is, ``facts`` and the id suffice, so it is not parsed."""
    computed = IDENTIFIED.match(body)
    if format == JSON and computed and "country" in facts:
        return {"id": computed[1].decode(), **facts}
    read: dict[str, Any] = json.loads(body)
    return read


def _file_name(document: dict[str, Any], component: str | None, format: str) -> str:
    kind = request.args.get("table") or request.path.rsplit("/", 1)[1].removesuffix(f".{format}")
    return file_name(document, kind, document.get("component", component), format)


def _until_switch() -> float:
    """Seconds for which an answer that expires with the vintage is valid: at most the notice that a switch gives."""
    left, seconds = _validity().seconds_left(), float(current_app.config[UNTIL_SWITCH_S])
    return seconds if left is None else min(seconds, left)


def _bookmark(answer: Representation) -> str | None:
    """The ``Link`` that names the vintage; a header, so that the body is the same for every spelling of the query."""
    vintage = answer.facts.get("vintage")
    if not answer.expires_with_vintage or vintage is None:
        return None
    query = urlencode(sorted((request.args | {"vintage": vintage}).items()))
    return f'<{quote(request.script_root + request.path)}?{query}>; rel="bookmark"'


def _route(cache: AnswerCache, key: Hashable, answer: Representation, response: Response) -> fast_path.CachedRoute:
    """How to take the body of ``response`` from the cache, and its headers."""
    encoding, validity = response.headers.get("Content-Encoding"), _validity()
    vintage, max_age_s = validity.vintage(), float(current_app.config[UNTIL_SWITCH_S])

    def max_age_holds() -> bool:
        """Whether no switch has come, and none comes within the ``max-age`` that was sent."""
        left = validity.seconds_left()
        return validity.latest() == vintage and (left is None or left > max_age_s)

    def body() -> bytes | None:
        cached = cache.get(key)
        if cached is None or (cached.expires_with_vintage and not max_age_holds()):
            return None
        return cached.encodings.get(encoding) if encoding else cached.body

    length = len(answer.encodings[encoding] if encoding else answer.body)
    entity = [("Content-Type", response.content_type), ("Content-Length", str(length))]
    if encoding:
        entity.append(("Content-Encoding", encoding))
    tag = str(response.get_etag()[0])
    return fast_path.CachedRoute(key, body, tag, entity, {"cache": "hit", **answer.facts})


def _respond(answer: Representation, reads: bool, depends_on_caller: bool, *, bookmark: bool) -> Response:
    encoding = (
        wanted_encoding() if len(answer.body) >= LEAST_BYTES and answer.format not in COMPRESSED_FORMATS else None
    )
    body, tag = answer.encoded(encoding)
    response = Response(body, content_type=CONTENT_TYPES[answer.format])
    response.headers["Vary"] = "Accept, Accept-Encoding"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    if answer.file:
        response.headers["Content-Disposition"] = f'inline; filename="{answer.file}"'
    if answer.alt:
        response.headers["X-Alt-Text"] = quote(answer.alt)
        # Pages of other origins may embed a chart, unless only some callers may see it.
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin" if depends_on_caller else "cross-origin"
    if not reads:
        return response
    response.headers["ETag"] = f'"{tag}"'
    if depends_on_caller:
        response.headers["Cache-Control"] = "private, no-cache"
    elif current_app.config[GATEWAY_CACHE]:
        seconds = _until_switch() if answer.expires_with_vintage else current_app.config[UNTIL_SWITCH_S]
        gateway_cache.share(response, seconds)
    else:
        whose = "private" if is_known() else "public"
        lasts = f"max-age={int(_until_switch())}" if answer.expires_with_vintage else current_app.config[FRESH]
        response.headers["Cache-Control"] = f"{whose}, {lasts}"
    if linked := [link for link in (links(answer.format), _bookmark(answer) if bookmark else None) if link]:
        response.headers["Link"] = ", ".join(linked)
    if request.if_none_match.contains_weak(tag):  # weakly, since a gateway that compresses makes our ETags weak
        response.status_code = 304
        response.set_data(b"")
    elif answer.format in negotiation.TABLES:
        _allow_range(response, len(body))
    return response


def _allow_range(response: Response, length: int) -> None:
    """Send the part that the client asks for (RFC 9110, 14): readers of Parquet fetch the end of a file first.

    Several parts at once are not sent as such: the client gets the whole. Raises RequestedRangeNotSatisfiable.
    """
    response.headers["Accept-Ranges"] = "bytes"
    wanted = request.range
    if request.method == "GET" and wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1:
        response.make_conditional(request, accept_ranges=True, complete_length=length)
