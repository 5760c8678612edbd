"""Strict reading of requests: nothing is guessed, and nothing that was sent is silently ignored."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import Request
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser, abort


class DuplicateKey(ValueError):
    """An object of the body names a key twice."""


class NotANumber(ValueError):
    """The body holds NaN or Infinity, which JSON does not have."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise DuplicateKey(next(name for name in names if names.count(name) > 1))
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotANumber(name)


def _malformed(detail: str) -> NoReturn:
    abort(400, detail=detail, errors=[{"pointer": "", "detail": detail}])
    raise AssertionError("abort returns never")


def load_json(body: bytes) -> Any:
    """The value that a UTF-8 JSON text holds; a 400 problem if it is none."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError:
        _malformed("The body is not UTF-8.")
    except DuplicateKey as error:
        _malformed(f"The key {json.dumps(str(error))} stands twice in one object.")
    except NotANumber:
        _malformed("NaN and Infinity are no JSON numbers.")
    except (ValueError, RecursionError):
        _malformed("The body is not JSON.")


class StrictParser(FlaskParser):
    """webargs' parser for Flask, made strict."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012  declared so by webargs

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body, which must be a JSON object of type application/json."""
        body = req.get_data(cache=True)
        if req.mimetype != "application/json":
            abort(415, detail="Send the body as application/json.")
        if not body:
            _malformed("The body is empty; a JSON object is expected.")
        value = load_json(body)
        if not isinstance(value, dict):
            _malformed("The body must be a JSON object.")
        return value

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query, in which no parameter stands twice."""
        twice = [name for name, values in req.args.lists() if len(values) > 1]
        if twice:
            abort(422, messages={"query": {name: ["is given more than once"] for name in twice}})
        return super().load_querystring(req, schema)


parser = StrictParser()
