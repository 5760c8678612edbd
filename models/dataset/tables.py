"""The tables that a forecast uses. ``data/SOURCES.md`` says where each figure comes from.

The bundled tables are files of ``models/data``. An imported vintage replaces some of them
(:mod:`models.dataset.vintages`), so read a vintage's tables from its :class:`Tables`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
VINTAGES = ("nato-2019", "nato-2025", "nato-2026")
"""The bundled vintages whose table of shares is whole, oldest first."""
NEWEST = VINTAGES[-1]
NAMES = (
    "core_amount",
    "core_share",
    "core_share_history",
    "equipment_share",
    "gdp",
    "members",
    "outside_views",
    "plan_record",
    "pledges",
    "related_share",
    "share_vintages",
    "sources",
)

Row = dict[str, str]


@cache
def read(name: str) -> tuple[Row, ...]:
    """All rows of the bundled table ``name`` (a file without its ending), as text by column."""
    return rows_of(DATA / f"{name}.csv")


def rows_of(file: Path) -> tuple[Row, ...]:
    """All rows of a CSV file, as text by column."""
    return parsed_rows(file.read_bytes().decode())


def parsed_rows(text: str) -> tuple[Row, ...]:
    """All rows of the text of a CSV file, as text by column."""
    return tuple(csv.DictReader(io.StringIO(text, newline="")))


def number(text: str) -> float | None:
    """The number in a cell, None where the cell is blank."""
    return float(text) if text else None


@dataclass(frozen=True)
class Uses:
    """Which rows of the tables count: keys of ``sources.csv``, and years.

    Attributes
    ----------
    core : the edition that core shares are read from.
    history : the long history of core shares.
    outlook, outlook_from : the projection of growth, and the first origin that could know it.
    outlook_actual : the last year that the outlook reports; from the next one on it projects.
    growth, growth_from : newer real growth that replaces the outlook's, and the first origin that could know it.
    """

    core: str = "nato_2026"
    history: str = "sipri_2025"
    outlook: str = "weo_2025_10"
    outlook_from: int = 2025
    outlook_actual: int = 2024
    growth: str = "nato_2026"
    growth_from: int = 2026


@dataclass(frozen=True)
class Tables:
    """All tables of one vintage. Two with the same ``key`` hold the same.

    Attributes
    ----------
    key : names the content.
    uses : which of the rows count.
    changed : the tables that are not the bundled ones, by name.
    """

    key: str
    uses: Uses = field(default=Uses(), compare=False)
    changed: Mapping[str, tuple[Row, ...]] = field(default_factory=dict, compare=False, repr=False)

    def read(self, name: str) -> tuple[Row, ...]:
        """All rows of table ``name``, one of :data:`NAMES`, as text by column."""
        return self.changed[name] if name in self.changed else read(name)


BUNDLED = Tables("bundled")
"""The tables as shipped."""
