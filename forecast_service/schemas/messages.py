"""Messages about input: marshmallow's nested ones made flat, what in a body they are about, and what some say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from models.dataset.countries import UnknownCountry


def pointer(path: Iterable[str]) -> str:
    """The JSON Pointer (RFC 6901) of a path."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def sent_part(path: Sequence[str], document: Any) -> Sequence[str]:
    """The part of ``path`` that leads to something in the JSON ``document``."""
    for depth, part in enumerate(path):
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isascii() and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return path[:depth]
    return path


def placed(path: Sequence[str], detail: str, document: Any) -> dict[str, str]:
    """The error at ``path`` in the JSON ``document``, or at the part of it that lacks the rest of the path."""
    sent = sent_part(path, document)
    lacking = "/".join(path[len(sent) :])
    return {"pointer": pointer(sent), "detail": f"{lacking}: {detail}" if lacking else detail}


def flatten(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The leaves of marshmallow's nested messages, each with its path."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from flatten(inner, path if key == "_schema" else (*path, str(key)))
    elif isinstance(messages, list):
        for inner in messages:
            yield from flatten(inner, path)
    else:
        yield path, str(messages)


def unknown_country(error: UnknownCountry) -> str:
    """What is wrong with the name of an ally, and what helps."""
    return error.detail if error.detail.endswith("?") else f"{error.detail}; GET /v1/countries lists the allies"
