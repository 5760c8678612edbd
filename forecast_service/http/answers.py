"""Finished answers: negotiated, kept in memory, compressed once, and not sent to who has them already.

An answer depends on the question and the edition of the figures alone: fits and seed do not change while the process
lives. So the bytes of an answer are kept under both, and a question asked again costs a look-up. Where the question
does not name the edition, the answer may be used by others only for so long that none outlives a switch. What a kept
scenario says can change, and not every caller may read it: such answers are never kept here.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import wraps
from threading import Lock
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, g, json, request

from forecast_service.callers import is_known
from forecast_service.charts.renderer import drawer
from forecast_service.forecasting.registry import engine
from forecast_service.http import fast_path, negotiation
from forecast_service.http.compression import LEAST_BYTES, compress, wanted_encoding
from forecast_service.http.negotiation import documented, links, negotiate, offered, write
from forecast_service.http.tables import Table
from forecast_service.media_types import ARROW, CONTENT_TYPES, JSON, PARQUET, PNG
from forecast_service.observability import metrics, telemetry
from forecast_service.observability.telemetry import PROBES
from forecast_service.openapi.spec import Blueprint
from forecast_service.settings import Settings
from forecast_service.settings.panel import shipped
from forecast_service.store.vintage_switches import LEAST_AHEAD_S

EXTENSION = "forecast-http-cache"
FRESH, PASSING_S = "FORECAST_FRESH", "FORECAST_PASSING_S"
OVERHEAD_BYTES = 1000
"""What an entry costs beside its bodies: key, headers, bookkeeping."""
IDENTIFIED = re.compile(rb'\{"id":"([0-9a-f]{32})"')
"""How the answers that are computed begin."""

View = TypeVar("View", bound=Callable[..., Any])
Tabulate = Callable[[dict[str, Any]], Table]
Order = Callable[[dict[str, Any]], dict[str, Any]]

UNPACKED = frozenset({PARQUET, ARROW, PNG})
"""Forms that are compressed as they are."""


@dataclass
class Finished:
    """An answer as it is sent, in one format and any number of encodings."""

    body: bytes
    form: str
    tag: str
    facts: dict[str, Any]  # what the log says of it
    passing: bool = False  # whether it is another one once another edition of the figures is current
    alt: str = ""  # of a picture: what it shows, in a sentence
    packed: dict[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes held, about."""
        return OVERHEAD_BYTES + len(self.body) + len(self.alt) + sum(map(len, self.packed.values()))

    def encoded(self, encoding: str | None) -> tuple[bytes, str]:
        """The body in an encoding, and its ETag: another encoding is another representation (RFC 9110, 8.8.3)."""
        if encoding is None:
            return self.body, self.tag
        if encoding not in self.packed:
            self.packed[encoding] = compress(self.body, encoding)
        return self.packed[encoding], f"{self.tag}-{encoding}"


class AnswerCache:
    """The answers asked for last, of bounded size; of one process, shared by its threads."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.bytes = 0
        self._kept: OrderedDict[Hashable, tuple[Finished, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Finished | None:
        """The answer kept under ``key``, which becomes the last to be dropped."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, answer: Finished) -> None:
        """Keep ``answer``, or count it anew after it has grown; what was not asked for longest makes room."""
        with self._lock:
            _, before = self._kept.pop(key, (None, 0))
            size = answer.size
            self.bytes -= before
            if size > self.limit_bytes:
                return
            self._kept[key] = (answer, size)
            self.bytes += size
            while self.bytes > self.limit_bytes:
                self.bytes -= self._kept.popitem(last=False)[1][1]

    def __len__(self) -> int:
        return len(self._kept)


def register(app: Flask, settings: Settings) -> None:
    """Give ``app`` a cache, and to every answer that says nothing itself a ``Cache-Control`` and a weak ETag."""
    app.extensions[EXTENSION] = AnswerCache(settings.cache_bytes)
    app.config[FRESH] = f"max-age={settings.cache_max_age}, stale-while-revalidate={settings.cache_stale}"
    app.config[PASSING_S] = min(settings.cache_max_age, max(settings.switch_ahead, LEAST_AHEAD_S))

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


def answers(
    tabulate: Tabulate | None = None, order: Order | None = None, *, plain: bool = True
) -> Callable[[View], View]:
    """Decorate a view: negotiate the format, serve from the cache, answer conditional requests.

    Parameters
    ----------
    tabulate : makes of the JSON document the table that CSV and its kin show; None where there is none.
    order : makes of the JSON document the order of its picture; None likewise.
    plain : whether the document itself is offered, or the picture alone.

    Notes
    -----
    It belongs above the view's other decorators, so that a kept answer skips them, and below the route's, so that
    everything that runs before a request (who calls, how often) still does.
    """

    def decorator(view: View) -> View:
        kinds = {"table": tabulate is not None, "picture": order is not None}
        described = Blueprint.doc(responses=documented(**kinds))(view) if any(kinds.values()) else view

        @wraps(described)
        def wrapper(*args: Any, form: str | None = None, **kwargs: Any) -> Response:
            form = negotiate(form, offered(json=plain, **kinds))
            asks = request.method in {"GET", "HEAD"}
            depends_on_caller = _names_kept()
            kept = asks and not depends_on_caller
            vintage = engine().vintage
            key = (view.__name__, *kwargs.values(), request.query_string, request.script_root, form, vintage)
            cache = cast(AnswerCache, current_app.extensions[EXTENSION])
            answer = cache.get(key) if kept else None
            if kept:
                metrics.cache(hit=answer is not None)
                telemetry.note(cache="miss" if answer is None else "hit")
            size = answer.size if answer else 0
            if answer is None:
                computed: Response = described(*args, **kwargs)
                if computed.status_code != 200:
                    return computed
                answer = _finish(computed.get_data(), form, tabulate, order)
            telemetry.note(**answer.facts)
            metrics.answered(answer.facts.get("vintage"))
            response = _respond(answer, asks, depends_on_caller)
            if kept and answer.size != size:  # it is new, or has been compressed
                cache.put(key, answer)
            if kept:
                fast_path.leave(_found(cache, key, answer, response))
            return response

        return cast(View, wrapper)

    return decorator


def _names_kept() -> bool:
    """Whether the query names a kept scenario, which not every caller may read."""
    named = [request.args.get("scenario", "baseline"), *request.args.get("overlay", "baseline").split(",")]
    return not shipped().keys() >= set(named)


def _finish(body: bytes, form: str, tabulate: Tabulate | None, order: Order | None) -> Finished:
    """The answer in the form that was asked for, with the tag of its representation."""
    noted, written, alt = telemetry.facts(), IDENTIFIED.match(body), ""
    if form == JSON and written and "country" in noted:  # which saves reading what was just written
        document: dict[str, Any] = {"id": written[1].decode(), **noted}
    else:
        document = json.loads(body)
    if form in negotiation.PICTURES and order:
        drawn = drawer.draw(order(document) | {"form": form})
        body, alt = drawn.body, drawn.finding
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
    return Finished(body, form, tag, noted, g.get("depends_on_switch", False), alt)


def _passing() -> str:
    """How long an answer may be used that ends with the next switch, which is written at least so long ahead."""
    coming, seconds = engine().follower.pending(), float(current_app.config[PASSING_S])
    if coming is not None:
        seconds = min(seconds, max(0.0, coming.at - time.monotonic()))
    return f"max-age={int(seconds)}"


def _bookmark(answer: Finished) -> str | None:
    """The link under which the answer stays what it is: in a header, since the same answer has many questions."""
    vintage = answer.facts.get("vintage")
    if not answer.passing or vintage is None:
        return None
    query = urlencode(sorted((request.args | {"vintage": vintage}).items()))
    return f'<{quote(request.script_root + request.path)}?{query}>; rel="bookmark"'


def _found(cache: AnswerCache, key: Hashable, answer: Finished, response: Response) -> fast_path.Found:
    """Where the body of ``response`` stays, and what is said of it."""
    encoding, follower, vintage = response.headers.get("Content-Encoding"), engine().follower, engine().vintage
    passing_s = float(current_app.config[PASSING_S])

    def lasts() -> bool:
        """Whether what was said of its age still holds: no switch has come, and none comes sooner than that."""
        coming = follower.pending()
        return follower.vintage() == vintage and (coming is None or coming.at - time.monotonic() > passing_s)

    def body() -> bytes | None:
        kept = cache.get(key)
        if kept is None or (kept.passing and not lasts()):
            return None
        return kept.packed.get(encoding) if encoding else kept.body

    length = len(answer.packed[encoding] if encoding else answer.body)
    entity = [("Content-Type", response.content_type), ("Content-Length", str(length))]
    if encoding:
        entity.append(("Content-Encoding", encoding))
    tag = str(response.get_etag()[0])
    return fast_path.Found(key, body, tag, entity, {"cache": "hit", **answer.facts})


def _respond(answer: Finished, asks: bool, depends_on_caller: bool) -> Response:
    encoding = wanted_encoding() if len(answer.body) >= LEAST_BYTES and answer.form not in UNPACKED else None
    body, tag = answer.encoded(encoding)
    response = Response(body, content_type=CONTENT_TYPES[answer.form])
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
        response.headers["Cache-Control"] = f"{whose}, {_passing() if answer.passing else current_app.config[FRESH]}"
    if found := [link for link in (links(answer.form), None if depends_on_caller else _bookmark(answer)) if link]:
        response.headers["Link"] = ", ".join(found)
    if request.if_none_match.contains_weak(tag):  # weakly, since a gateway that compresses weakens our tags
        response.status_code = 304
        response.set_data(b"")
    return response
