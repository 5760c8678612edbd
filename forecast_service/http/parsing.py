"""Strict parsing of requests: it guesses nothing and ignores nothing silently."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NoReturn, cast

from flask import Flask, Request, g, request
from marshmallow import RAISE, Schema, fields
from webargs.fields import DelimitedList
from webargs.flaskparser import FlaskParser, abort
from werkzeug.datastructures import MultiDict

from forecast_service.errors import ServiceError
from forecast_service.http.strict_json import BadJson, load_json

JSON_TYPE = "application/json"
NO_QUERY = "is not known here: this address takes no parameters in the query"


class WrongCoding(ServiceError):
    """The body is compressed, and no route takes that."""

    status = 415
    headers = {"Accept-Encoding": "identity"}  # noqa: RUF012  as RFC 9110 asks, so that a client knows it is the coding

    def __init__(self, coding: str) -> None:
        detail = f"must be absent: the service takes no compressed body (here {coding[:20]}); send it as it is"
        named = [{"parameter": "Content-Encoding", "detail": detail}]
        super().__init__(detail=f"Content-Encoding: {detail}.", errors=named)


def refuse_compressed(req: Request) -> None:
    """Raise WrongCoding if a header says that the body is compressed."""
    coding = req.headers.get("Content-Encoding", "").strip().lower()
    if coding not in {"", "identity"}:
        raise WrongCoding(coding)


def remember(body: Any) -> None:
    """Keep the body of the present request, so that an error in it points at what was sent."""
    g.sent_body = body


def sent_body() -> Any:
    """The body of the present request, or the object in its query, once it is read; None if it has none."""
    return g.get("sent_body")


def sent_in() -> str | None:
    """The parameter of the query that held what :func:`sent_body` returns; None if it was a body."""
    return cast("str | None", g.get("sent_in"))


def _kind(value: Any) -> str:
    """The kind of a JSON value that is no object, in words."""
    return {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(value), "a number")


def _malformed(detail: str) -> NoReturn:
    abort(400, detail=detail, errors=[{"pointer": "", "detail": detail}])
    raise AssertionError("abort never returns")


def _object_in_query(name: str, text: str) -> dict[str, Any]:
    """The JSON object that the query's parameter ``name`` holds; errors in it point into it, as into a body."""
    try:
        value = load_json(text.encode())
        if not isinstance(value, dict):
            raise BadJson(f"It must be a JSON object, and is {_kind(value)}.")
    except BadJson as error:
        abort(400, detail=f"{name}: {error.detail}", errors=[{"parameter": name, "detail": error.detail}])
    remember(value)
    g.sent_in = name
    return cast(dict[str, Any], value)


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
        refuse_compressed(req)
        if req.mimetype != JSON_TYPE:
            wrong = {"parameter": "Content-Type", "detail": f"must be {JSON_TYPE}"}
            abort(415, detail=f"Send the body as {JSON_TYPE}.", errors=[wrong])
        # werkzeug silently cuts a chunked body off at the limit.
        if req.content_length is None and len(body) >= (req.max_content_length or math.inf):
            abort(413)
        if not body.strip():
            _malformed("The body is empty; a JSON object is expected.")
        try:
            value = load_json(body)
        except BadJson as error:
            _malformed(error.detail)
        if not isinstance(value, dict):
            _malformed(f"The body must be a JSON object, and is {_kind(value)}.")
        remember(value)
        return value

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query. Only a list may occur more than once, as generated clients repeat it for each item."""
        lists = {name for name, field in schema.fields.items() if isinstance(field, DelimitedList)}
        twice = [name for name, values in req.args.lists() if len(values) > 1 and name not in lists]
        if twice:
            abort(422, messages={"query": {name: ["is given more than once"] for name in twice}})
        sent: dict[str, Any] = {name: ",".join(values) for name, values in req.args.lists()}
        for name, field in schema.fields.items():
            if isinstance(field, fields.Nested) and name in sent:
                sent[name] = _object_in_query(name, sent[name])
        return self._makeproxy(MultiDict(sent), schema)


parser = StrictParser()


def refuse_unread_queries(app: Flask) -> None:
    """Refuse a query if the route reads none."""

    @app.before_request
    def refuse() -> None:
        view = app.view_functions.get(request.endpoint or "")
        documented = getattr(view, "_apidoc", {})
        reads = any(p["in"] == "query" for p in documented.get("arguments", {}).get("parameters", ()))
        if documented and request.args and not reads:
            abort(422, messages={"query": {name: [NO_QUERY] for name in request.args}})
