"""The difference of two JSON documents as a JSON Patch (RFC 6902)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from forecast_service.schemas.messages import pointer

Operation = dict[str, Any]


def difference(before: Any, after: Any) -> list[Operation]:
    """The operations that make ``before`` to ``after``, in order; none if both are the same.

    Each is ``add``, ``remove`` or ``replace``. The last two also say what stood there, in the member ``before``, which
    RFC 6902 has readers of a patch ignore. Objects are compared field by field, unless their ``type`` differs, and
    lists of objects item by item; any other value is replaced as a whole.
    """
    return list(_changes(before, after, ()))


def _changes(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[Operation]:
    if _text(before) == _text(after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and before.get("type") == after.get("type"):
        yield from _of_objects(before, after, path)
    elif isinstance(before, list) and isinstance(after, list) and all(isinstance(x, dict) for x in before + after):
        yield from _of_lists(before, after, path)
    else:
        yield {"op": "replace", "path": pointer(path), "before": before, "value": after}


def _of_objects(before: dict[str, Any], after: dict[str, Any], path: tuple[str, ...]) -> Iterator[Operation]:
    for name in dict.fromkeys((*before, *after)):
        inner = (*path, name)
        if name not in after:
            yield {"op": "remove", "path": pointer(inner), "before": before[name]}
        elif name not in before:
            yield {"op": "add", "path": pointer(inner), "value": after[name]}
        else:
            yield from _changes(before[name], after[name], inner)


def _of_lists(before: list[Any], after: list[Any], path: tuple[str, ...]) -> Iterator[Operation]:
    """Left to right: when an item is reached, the items before it are those of ``after`` already."""
    same = SequenceMatcher(None, [_text(x) for x in before], [_text(x) for x in after], autojunk=False)
    for kind, first, last, start, end in same.get_opcodes():
        if kind == "equal":
            continue
        pairs = min(last - first, end - start)
        for number in range(pairs):
            yield from _changes(before[first + number], after[start + number], (*path, str(start + number)))
        for item in before[first + pairs : last]:
            yield {"op": "remove", "path": pointer((*path, str(start + pairs))), "before": item}
        for place in range(start + pairs, end):
            yield {"op": "add", "path": pointer((*path, str(place))), "value": after[place]}


def _text(value: Any) -> str:
    """The same text for the same JSON; Python takes 1 and true for the same."""
    return json.dumps(value, sort_keys=True)
