"""Observations of core shares: vintages, definitions, and the long history joined to NATO's own.

Each of NATO's editions has its figures from 2014 on. Before that the SIPRI series, which uses another
definition, is rescaled to NATO's by the mean log ratio of the two over 2014-2019. If SIPRI has nothing, or is
switched off (its terms ask for permission above 10 % of its database), NATO's own 2012-2013 figures of the
2019 edition are joined in the same way.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from models.dataset.countries import Ally, allies
from models.dataset.tables import BUNDLED, NEWEST, VINTAGES, Tables
from models.series import Panel, Series

Definition = Literal["nato", "nato-rescaled", "sipri-rescaled"]

DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRST_YEAR = 2014
"""The first year of NATO's own series; earlier figures are joined to it."""
OVERLAP = range(FIRST_YEAR, 2020)
GNI_BREAK = ("LUX", 2023)
"""From this year on NATO divides Luxembourg's spending by gross national income, before by GDP."""
MINIMUM_HISTORY = 8
"""How many figures in a row a forecast needs."""


class UnknownVintage(LookupError):
    """No vintage has this name; ``known`` lists those that exist, if given; ``field`` is the input with the name."""

    def __init__(self, name: str, known: Iterable[str] = (), field: str = "vintage") -> None:
        super().__init__(name)
        self.known = tuple(known)
        self.field = field


@dataclass(frozen=True)
class Observation:
    """The core share of one ally in one year.

    ``share_pct`` is in % of the ally's denominator; ``estimate`` marks NATO's estimates ("e");
    ``definition`` says whose counting rule it is and whether it was rescaled to NATO's present one.
    """

    year: int
    share_pct: float
    definition: Definition
    estimate: bool
    source: str


@dataclass(frozen=True)
class Figures:
    """One vintage of the figures, ready for use.

    Attributes
    ----------
    vintage : name of the vintage, for example ``nato-2026``.
    sipri : whether the SIPRI rows were used for the years before 2014.
    observations : by ally code; allies without armed forces have none.
    tables : all tables of the vintage, also of growth, pledges, amounts and related spending.
    source : the edition of the core shares, a key of the sources table.
    """

    vintage: str
    sipri: bool
    observations: Mapping[str, tuple[Observation, ...]]
    tables: Tables = BUNDLED
    source: str = BUNDLED.uses.core

    @cached_property
    def origin(self) -> int:
        """The last year that the vintage covers."""
        return max(seen[-1].year for seen in self.observations.values())

    @cached_property
    def published(self) -> str:
        """The day on which the core shares were published, ISO 8601; empty if their source names no day."""
        dates = (row["date"][:10] for row in self.tables.read("sources") if row["source"] == self.source)
        return next((day for day in dates if DAY.fullmatch(day)), "")

    def panel(self, origin: int | None = None) -> Panel:
        """All allies' core shares (% of GDP) with nothing later than ``origin``, each its contiguous tail."""
        series = (
            Series.from_points(code, {o.year: o.share_pct for o in seen}) for code, seen in self.observations.items()
        )
        panel = Panel(series)
        return panel if origin is None else panel.until(origin)

    def reach(self, ally: Ally, origin: int) -> bool:
        """Whether a forecast of ``ally`` from ``origin`` has enough figures, or needs none."""
        if not ally.has_armed_forces:
            return True
        seen = self.observations.get(ally.code)
        if not seen:
            return False
        series = Series.from_points(ally.code, {o.year: o.share_pct for o in seen})
        return series.start + MINIMUM_HISTORY - 1 <= origin <= series.end

    @property
    def edition(self) -> int:
        """The year of the edition; the last of the figures if its name has none."""
        return edition_year(self.source) or self.origin

    @cached_property
    def key(self) -> str:
        """Identifies these figures; part of a fit's key."""
        name = self.vintage if self.tables == BUNDLED else f"{self.vintage}-{self.tables.key[:12]}"
        return name if self.sipri else f"{name}-without-sipri"


def edition_year(source: str) -> int | None:
    """The year in the name of an edition, such as 2026 of ``nato_2026``."""
    found = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", source)
    return int(found[0]) if found else None


def _by_ally(tables: Tables, table: str, source: str) -> dict[str, dict[int, tuple[float, bool]]]:
    rows: dict[str, dict[int, tuple[float, bool]]] = defaultdict(dict)
    for row in tables.read(table):
        if row["source"] == source:
            rows[row["iso3"]][int(row["year"])] = (float(row["share_pct"]), row["estimate"] == "true")
    return rows


def core_shares(tables: Tables, source: str) -> dict[str, dict[int, tuple[float, bool]]]:
    """The core shares of one edition, by ally and year, and whether they are estimates.

    The newest edition has its own table; older ones share one.
    """
    return _by_ally(tables, "core_share", source) or _by_ally(tables, "share_vintages", source)


@cache
def _gni_factor(tables: Tables) -> float:
    """The factor from a share of Luxembourg's GDP to a share of its GNI.

    NATO's denominator is amount / share; from 2022 to 2023 it fell by a third while real GDP grew by
    0.1 %: the rest of the fall is the change of the denominator.
    """
    code, year = GNI_BREAK
    rows = [r for r in tables.read("core_amount") if r["iso3"] == code]
    amount = {int(r["year"]): float(r["amount"]) for r in rows}
    share = {y: v for y, (v, _) in core_shares(tables, rows[0]["source"])[code].items()}
    growth = next(
        float(r["real_growth_pct"])
        for r in tables.read("gdp")
        if (r["iso3"], r["year"], r["source"]) == (code, str(year), tables.uses.outlook)
    )
    before, after = (amount[y] / share[y] for y in (year - 1, year))
    return before * (1 + growth / 100) / after


def _log_ratio(wanted: Mapping[int, float], other: Mapping[int, float]) -> float:
    """Mean log ratio of two definitions over the overlap; 0 where they never overlap."""
    ratios = [math.log(wanted[y] / other[y]) for y in OVERLAP if y in wanted and y in other]
    return sum(ratios) / len(ratios) if ratios else 0.0


@cache
def load_figures(vintage: str | None = None, *, sipri: bool = True) -> Figures:
    """The figures of one vintage, with the long history joined to it.

    Parameters
    ----------
    vintage : one of the bundled :data:`models.dataset.tables.VINTAGES`; the newest if None.
    sipri : use SIPRI's series for the years before 2014.

    Raises
    ------
    UnknownVintage
    """
    vintage = NEWEST if vintage is None else vintage
    if vintage not in VINTAGES:
        raise UnknownVintage(vintage)
    return figures_from(BUNDLED, vintage, vintage.replace("-", "_"), sipri=sipri)


@cache
def latest_figures(tables: Tables, *, sipri: bool = True) -> Figures:
    """The figures of the newest edition that ``tables`` hold, with or without SIPRI's for the years before 2014."""
    return figures_from(tables, tables.uses.core.replace("_", "-"), tables.uses.core, sipri=sipri)


def figures_from(tables: Tables, vintage: str, source: str, *, sipri: bool) -> Figures:
    """The core shares of edition ``source`` in ``tables``, with the long history joined to them.

    Parameters
    ----------
    vintage : name of the figures.
    sipri : use SIPRI's series for the years before 2014.
    """
    current = core_shares(tables, source)
    long_history = _by_ally(tables, "core_share_history", tables.uses.history) if sipri else {}
    old_nato = _by_ally(tables, "core_share_history", "nato_2019")
    old_edition = _by_ally(tables, "share_vintages", "nato_2019")
    observations = {
        code: tuple(
            _joined(
                ally, tables, source, current[code], long_history.get(code, {}), old_nato.get(code, {}), old_edition
            )
        )
        for code, ally in allies(tables).items()
        if ally.has_armed_forces and code in current
    }
    return Figures(vintage, sipri, observations, tables, source)


def _joined(
    ally: Ally,
    tables: Tables,
    source: str,
    current: Mapping[int, tuple[float, bool]],
    sipri: Mapping[int, tuple[float, bool]],
    old_nato: Mapping[int, tuple[float, bool]],
    old_edition: Mapping[str, Mapping[int, tuple[float, bool]]],
) -> list[Observation]:
    nato = {year: value for year, value in current.items() if year >= FIRST_YEAR}
    broken, since = GNI_BREAK
    breaks = ally.code == broken and max(nato) >= since
    factor = {year: _gni_factor(tables) if breaks and year < since else 1.0 for year in nato}
    observed = {
        year: Observation(
            year, share * factor[year], "nato" if factor[year] == 1.0 else "nato-rescaled", estimate, source
        )
        for year, (share, estimate) in nato.items()
    }
    reference = {year: seen.share_pct for year, seen in observed.items()}
    earlier: tuple[tuple[Mapping[int, tuple[float, bool]], Mapping[int, tuple[float, bool]], Definition, str], ...] = (
        (sipri, sipri, "sipri-rescaled", tables.uses.history),
        (old_nato, old_edition.get(ally.code, {}), "nato-rescaled", "nato_2019"),
    )
    for rows, overlap, definition, name in earlier:
        ratio = math.exp(_log_ratio(reference, {year: share for year, (share, _) in overlap.items()}))
        for year, (share, estimate) in rows.items():
            if year < FIRST_YEAR and share > 0:
                observed.setdefault(year, Observation(year, share * ratio, definition, estimate, name))
    return [observed[year] for year in sorted(observed)]
