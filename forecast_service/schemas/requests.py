"""The base of every schema of a request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any

from marshmallow import Schema, ValidationError, fields

from forecast_service.schemas.wording import give_words, unknown

MAX_NAMED = 50
"""For how many unknown fields the nearest known name is looked up, which takes time."""


class RequestSchema(Schema):
    """A schema whose messages say what is allowed. Null for a field that is not required is the same as leaving it out.

    Generated clients send null for what their user leaves out.
    """

    error_messages = {"type": "must be an object", "unknown": "is not known here"}  # noqa: RUF012  declared so

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.optional = frozenset(_name(field) for field in self.load_fields.values() if not field.required)

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give the field our messages."""
        give_words(field_obj)

    def load(self, data: Any, **kwargs: Any) -> Any:
        """As the original, without the nulls of optional fields."""
        if isinstance(data, dict) and None in data.values():
            data = {name: x for name, x in data.items() if x is not None or name not in self.optional}
        return super().load(data, **kwargs)

    def handle_error(self, error: ValidationError, data: Any, **kwargs: Any) -> None:
        """Say of each unknown field which name is the nearest."""
        if not isinstance(data, Mapping) or not isinstance(error.messages, dict):
            return
        known = [_name(field) for field in self.load_fields.values()]
        wrong = (name for name in error.messages if name in data and name not in known)
        for name in islice(wrong, MAX_NAMED):
            error.messages[name] = [unknown(name, known)]


def _name(field: fields.Field[Any]) -> str:
    """The name of the field in a request."""
    return str(field.data_key or field.name)


@cache
def shared(kind: type[Schema]) -> Schema:
    """A shared instance of a schema, because making one takes longer than using it. It holds no data of its input."""
    return kind()
