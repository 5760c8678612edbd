"""What each field of a request takes, in words. Every message about a field is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from marshmallow import fields, validate

PLAIN: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.String, "must be a text"),
    (fields.Boolean, "must be true or false"),
    (fields.List, "must be a list"),
    (fields.Mapping, "must be an object"),
    (fields.Nested, "must be an object"),
)
"""What a field takes that has no validator and no class of ours."""


ONLY_IN_ANSWERS = "cannot be sent"


def give_words(field: fields.Field[Any]) -> None:
    """Replace marshmallow's messages of ``field``, its validators and the fields inside it."""
    said = [_say(validator, field) for validator in field.validators]
    takes = next(filter(None, said), None) or _by_class(field)
    field.error_messages |= {
        "invalid": takes,
        "type": takes,
        "null": f"must not be null; {takes}",
        "required": f"is missing; {takes}",
    }
    for inner in _inside(field):
        give_words(inner)


def _inside(field: fields.Field[Any]) -> Iterator[fields.Field[Any]]:
    if isinstance(field, fields.List):
        yield field.inner
    if isinstance(field, fields.Mapping):
        yield from filter(None, (field.key_field, field.value_field))


def _by_class(field: fields.Field[Any]) -> str:
    takes = getattr(field, "takes", None)
    return takes or next((words for kind, words in PLAIN if isinstance(field, kind)), ONLY_IN_ANSWERS)


def _say(validator: Any, field: fields.Field[Any]) -> str | None:
    """The message of ``validator``, which becomes ours if it is marshmallow's; None for a plain function."""
    if isinstance(validator, validate.Length) and isinstance(field, fields.String):
        bounds = f"at most {validator.max}" if not validator.min else f"{validator.min} to {validator.max}"
        validator.error = f"must be a text of {bounds} characters"
    elif isinstance(validator, validate.OneOf) and validator.error == validate.OneOf.default_message:
        validator.error = "must be one of {choices}"
    elif isinstance(validator, validate.Equal) and validator.error == validate.Equal.default_message:
        validator.error = "must be {other}"
    if not isinstance(validator, validate.Validator):
        return None
    known = vars(validator)
    listed = {"choices": known.get("choices_text"), "other": known.get("comparable")}
    return str(known["error"]).format(**known | listed)


def unknown(name: str, known: Iterable[str]) -> str:
    """That there is no field ``name``, with the nearest name that is known, or all of them."""
    names = list(known)
    if near := get_close_matches(name[:100].lower(), names, 1):
        return f"is not known here; did you mean '{near[0]}'?"
    return f"is not known here; there are {', '.join(names)}"
