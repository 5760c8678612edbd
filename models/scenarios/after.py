"""How paths go on after levers that end, said in the JSON of levers that do not say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.scenarios.levers import ORDER, After, Temporary

TEMPORARY = frozenset(kind.type for kind in ORDER if issubclass(kind, Temporary))
"""The types of the levers that may end before the deadline and have the field ``after``."""


def stating_after(scenario: Mapping[str, Any], after: After) -> dict[str, Any]:
    """The JSON of a scenario in which each lever that ends and does not say how paths go on says ``after``.

    Requests mean ``"continue"``. What releases before 1.0 saved means ``"resume"``, and never says so.
    """
    return {**scenario, "levers": [_stating(lever, after) for lever in scenario["levers"]]}


def _stating(lever: Mapping[str, Any], after: After) -> dict[str, Any]:
    ends = lever["type"] in TEMPORARY and lever.get("to") is not None
    return {"after": after, **lever} if ends else dict(lever)
