"""Compiled writers: they give what :meth:`marshmallow.Schema.dump` gives, in less time.

marshmallow looks up each field of an answer's hundreds of numbers again for each answer. Here a schema's fields become
plain functions once. The schema stays the contract.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from marshmallow import Schema, fields, missing

from forecast_service.schemas.fields import Numbers, Plain, Rounded

Write = Callable[[Any], Any]
Round = Callable[[Iterable[float]], list[float]]


@cache
def writer(kind: type[Schema]) -> Write:
    """A function that dumps one object as ``kind`` does, without the hooks of ``kind`` itself."""
    steps = [
        (field.data_key or name, field.attribute or name, _field(field)) for name, field in kind().dump_fields.items()
    ]

    def write(value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return {key: one(value[name]) for key, name, one in steps if name in value}
        found = ((key, getattr(value, name, missing), one) for key, name, one in steps)
        return {key: one(part) for key, part, one in found if part is not missing}

    return write


def _field(field: fields.Field[Any]) -> Write:
    if isinstance(field, Plain):
        return lambda value: value
    if isinstance(field, Rounded):
        return _number(field.rounded)
    if isinstance(field, Numbers):
        return _numbers(field.rounded)
    if isinstance(field, fields.Nested) and not (field.many or field.only or field.exclude):
        inner = field.schema
        return _or_none(inner.dump if any(inner._hooks.values()) else writer(type(inner)))
    if isinstance(field, fields.List):
        return _list(_field(field.inner))
    if isinstance(field, fields.Dict) and isinstance(field.key_field, fields.String) and field.value_field:
        return _dict(_field(field.value_field))
    return lambda value: field._serialize(value, None, None)


def _or_none(write: Write) -> Write:
    return lambda value: None if value is None else write(value)


def _list(write: Write) -> Write:
    return lambda value: None if value is None else [write(part) for part in value]


def _dict(write: Write) -> Write:
    # The schema says that the keys are text.
    return lambda value: None if value is None else {key: write(part) for key, part in value.items()}


def _number(rounded: Round) -> Write:
    def write(value: Any) -> float | None:
        if value is None:
            return None
        if not math.isfinite(value):
            raise ValueError("a number of an answer is not finite")
        return rounded([float(value)])[0]

    return write


def _numbers(rounded: Round) -> Write:
    def write(value: Any) -> list[float] | None:
        if value is None:
            return None
        if not all(map(math.isfinite, value)):
            raise ValueError("a number of an answer is not finite")
        return rounded(value)

    return write
