"""The tables that a forecast rests on, read as they are. ``data/SOURCES.md`` says where each figure comes from.

The bundled tables are files of ``models/data``. A vintage that was imported later replaces some of them
(:mod:`models.dataset.vintages`); whoever reads a table of a vintage asks its :class:`Tables`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from models.dataset.config import ALLIES, PanelConfig

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
def read(name: str, panel: PanelConfig = ALLIES) -> tuple[Row, ...]:
    """All rows of table ``name`` in a panel's folder (a file without its ending), as text by column.

    An operator's own panel may do without most of them.
    """
    file = panel.folder / f"{name}.csv"
    return () if panel.own and not file.exists() else rows_of(file)


def rows_of(file: Path) -> tuple[Row, ...]:
    """All rows of a CSV file, as text by column."""
    with file.open(encoding="utf-8", newline="") as text:
        return tuple(csv.DictReader(text))


def number(text: str) -> float | None:
    """The number in a cell, None where the cell is blank."""
    return float(text) if text else None


@dataclass(frozen=True)
class Uses:
    """Which rows of the tables count: keys of ``sources.csv``, and what they reach to.

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
    panel : whose tables they are.
    """

    key: str
    uses: Uses = field(default=Uses(), compare=False)
    changed: Mapping[str, tuple[Row, ...]] = field(default_factory=dict, compare=False, repr=False)
    panel: PanelConfig = field(default=ALLIES, compare=False, repr=False)

    def read(self, name: str) -> tuple[Row, ...]:
        """All rows of table ``name``, one of :data:`NAMES`, as text by column."""
        return self.changed[name] if name in self.changed else read(name, self.panel)


BUNDLED = Tables("bundled")
"""The allies' tables as shipped."""


@cache
def bundled_tables(panel: PanelConfig) -> Tables:
    """The tables as shipped, or those of an operator's panel."""
    if not panel.own:
        return BUNDLED
    files = (panel.folder / f"{name}.csv" for name in NAMES)
    # An operator may change the files in place: what was fitted to others must not answer for them.
    key = sha256(b"".join(file.name.encode() + file.read_bytes() for file in files if file.exists())).hexdigest()
    actual = [int(row["year"]) for row in read("gdp", panel) if row["kind"] == "actual"]
    # Without GDP nothing is known to grow, at any origin.
    last = max(actual, default=-1)
    core = panel.vintage.replace("-", "_")
    return Tables(key, Uses(core, "", "outlook", last, last, "", last), panel=panel)
