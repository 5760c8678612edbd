"""Applies a JSON Patch as RFC 6902 describes it, in Python, for the operations that the service writes."""

from __future__ import annotations

import copy
from typing import Any


def applied(patch: list[dict[str, Any]], document: Any) -> Any:
    """``document`` changed by ``patch``. Fails if an operation finds nothing, or something else than it says."""
    above = {"": copy.deepcopy(document)}  # every pointer begins with an empty part
    for operation in patch:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")]
        place: Any = above
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        key: Any = int(last) if isinstance(place, list) else last
        if operation["op"] == "add" and isinstance(place, list):
            assert key <= len(place)
            place.insert(key, copy.deepcopy(operation["value"]))
            continue
        if operation["op"] == "add":
            assert key not in place
        else:
            assert place[key] == operation["before"]
        if operation["op"] == "remove":
            del place[key]
        else:
            place[key] = copy.deepcopy(operation["value"])
    return above[""]
