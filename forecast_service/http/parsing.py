"""Strict parsing of requests: it guesses nothing and ignores nothing silently."""

from __future__ import annotations

import json
import math
from collections import Counter
from functools import cache
from typing import Any, NoReturn

from flask import Flask, Request, request
from marshmallow import RAISE, Schema
from webargs.fields import DelimitedList
from webargs.flaskparser import FlaskParser, abort
from werkzeug.datastructures import MultiDict


class BadJson(ValueError):
    """A text that is not JSON, or is ambiguous; ``detail`` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The JSON object of these members. Raises BadJson if a key occurs twice: RFC 8259 leaves open which one counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise BadJson(f"The key {json.dumps(twice)} stands twice in one object.")
    return members


def _no_constant(_name: str) -> NoReturn:
    raise BadJson("NaN and Infinity are no JSON numbers.")


def load_json(text: bytes) -> Any:
    """The value of a UTF-8 JSON text. Raises BadJson."""
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=object_of, parse_constant=_no_constant)
        if b"\\u" in text:  # half a surrogate pair is a valid escape, but no valid text
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except BadJson:
        raise
    except UnicodeError:
        raise BadJson("The text is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise BadJson("The text is not JSON.") from None
    return value


def _malformed(detail: str) -> NoReturn:
    abort(400, detail=detail, errors=[{"pointer": "", "detail": detail}])
    raise AssertionError("abort never returns")


@cache
def _instance(kind: type[Schema]) -> Schema:
    return kind()


class StrictParser(FlaskParser):
    """webargs' parser for Flask, made strict."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012  declared so by webargs

    def _get_schema(self, argmap: Any, req: Request) -> Schema:
        """As the original, but with one object per class: making an object takes longer than parsing with it."""
        is_class = isinstance(argmap, type) and issubclass(argmap, Schema)
        return _instance(argmap) if is_class else super()._get_schema(argmap, req)

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body, which must be a JSON object of type application/json."""
        body = req.get_data(cache=True)
        if not body and getattr(schema, "empty_allowed", False):
            return {}
        if req.mimetype != "application/json":
            abort(415, detail="Send the body as application/json.")
        if not body:
            _malformed("The body is empty; a JSON object is expected.")
        # werkzeug silently cuts a chunked body off at the limit.
        if req.content_length is None and len(body) >= (req.max_content_length or math.inf):
            abort(413)
        try:
            value = load_json(body)
        except BadJson as error:
            _malformed(error.detail)
        if not isinstance(value, dict):
            _malformed("The body must be a JSON object.")
        return value

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query. Only a list may occur more than once, as generated clients repeat it for each item."""
        lists = {name for name, field in schema.fields.items() if isinstance(field, DelimitedList)}
        twice = [name for name, values in req.args.lists() if len(values) > 1 and name not in lists]
        if twice:
            abort(422, messages={"query": {name: ["is given more than once"] for name in twice}})
        return self._makeproxy(MultiDict({name: ",".join(values) for name, values in req.args.lists()}), schema)


parser = StrictParser()


def refuse_unread_queries(app: Flask) -> None:
    """Refuse a query if the route reads none."""

    @app.before_request
    def refuse() -> None:
        view = app.view_functions.get(request.endpoint or "")
        documented = getattr(view, "_apidoc", {})
        reads = any(p["in"] == "query" for p in documented.get("arguments", {}).get("parameters", ()))
        if documented and request.args and not reads:
            abort(422, messages={"query": {name: ["is not known here"] for name in request.args}})
