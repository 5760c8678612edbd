"""The bundled tables, read as they are. ``data/SOURCES.md`` says where each figure comes from."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data"

NAMES = (
    "core_amount",
    "core_share",
    "core_share_history",
    "equipment_share",
    "gdp",
    "members",
    "pledges",
    "related_share",
    "share_vintages",
    "sources",
)

Row = dict[str, str]


@cache
def read(name: str) -> tuple[Row, ...]:
    """All rows of table ``name`` (a file of ``models/data`` without its ending), as text by column."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def number(text: str) -> float | None:
    """The number in a cell, None where the cell is blank."""
    return float(text) if text else None
