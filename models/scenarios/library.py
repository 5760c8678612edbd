"""The library of scenarios that ship as files: ``models/scenarios/shipped/NAME.json``.

An analyst could post each file under a name of their own. A test compares its results with
``tests/models/scenarios/shipped/NAME.expected.csv``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from models.dataset.groups import canonical
from models.scenarios.levers import ORDER, Lever
from models.scenarios.scenario import Scenario

FOLDER = Path(__file__).parent / "shipped"

_BY_TYPE: Mapping[str, type[Lever]] = {kind.type: kind for kind in ORDER}
# The attributes of JSON fields whose names are Python keywords or say too little.
_ATTRIBUTES = {"from": "first_year", "to": "last_year"}


@cache
def library() -> Mapping[str, Scenario]:
    """Every scenario of the library by name, in the order of the names."""
    found = (_read(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.json")))
    return {scenario.name: scenario for scenario in found}


def _read(content: dict[str, Any]) -> Scenario:
    return Scenario(
        content["name"],
        content["description"],
        tuple(_lever(dict(lever)) for lever in content["levers"]),
        pledge_effect=content.get("pledge_effect", True),
        components=tuple(content.get("components", ())),
        countries=canonical(content.get("countries", ())),
        based_on=content.get("based_on"),
    )


def _lever(content: dict[str, Any]) -> Lever:
    kind = _BY_TYPE[content.pop("type")]
    if "points" in content:
        content["points"] = {int(year): share for year, share in content["points"].items()}
    if "countries" in content:
        content["countries"] = canonical(content["countries"])
    return kind(**{_ATTRIBUTES.get(name, name): value for name, value in content.items()})
