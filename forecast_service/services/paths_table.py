"""Simulated paths as a table. It is made of columns, not of a JSON document, which would be too large."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from forecast_service.http.columns import ColumnRows, Words, same
from forecast_service.http.tables import Column, Table
from forecast_service.services.tables import CONTEXT, COUNTRY, SHARE, YEAR, context_cells, provenance
from models.analysis.worlds import Worlds
from models.paths import Floats

MONEY = "million USD, at 2021 prices and exchange rates"


def table(worlds: Worlds) -> Table:
    """Simulated paths, one row per ally, draw and year."""
    columns = (
        COUNTRY,
        Column("draw", "integer", "Number of the simulated world; the same one for every ally and scenario."),
        YEAR,
        Column("core_pct", "float", "Core spending; empty without armed forces.", SHARE),
        Column("related_pct", "float", "Related spending.", SHARE),
        Column("total_pct", "float", "Core plus at most 1.5 of related spending; empty without core.", SHARE),
        Column("core_usd_m", "float", "Core spending; empty where no amounts are published for the origin.", MONEY),
        Column("gdp_usd_m", "float", "GDP; empty where no amounts are published for the origin.", MONEY),
        *CONTEXT,
    )
    facts = about(worlds)
    found, draws, years = worlds.allies, worlds.numbers, np.array(worlds.years, dtype=np.int16)
    each = draws.size * years.size
    missing = np.full(each, np.nan, dtype=np.float32)

    def stacked(values: Iterable[Floats | None]) -> Floats:
        return np.concatenate([missing if one is None else one.ravel() for one in values])

    count = each * len(found)
    scenario, origin, deadline, vintage = context_cells(facts)
    rows = ColumnRows(
        Words(np.repeat(np.arange(len(found), dtype=np.int8), each), tuple(one.ally.code for one in found)),
        np.tile(np.repeat(draws, years.size), len(found)),
        np.tile(years, draws.size * len(found)),
        stacked(one.core for one in found),
        stacked(one.related for one in found),
        stacked(one.total for one in found),
        stacked(one.core_spending for one in found),
        stacked(one.gdp for one in found),
        Words.same(scenario, count),
        same(origin, count, np.int16),
        same(deadline, count, np.int16),
        Words.same(vintage, count),
    )
    return Table("Simulated paths of defence spending", columns, ("country", "draw", "year"), rows, provenance(facts))


def about(worlds: Worlds) -> dict[str, Any]:
    """The fields of a forecast's document that paths have too, for the name and the metadata of their table."""
    ally = worlds.ally
    return {
        **({"country": {"code": ally.code, "name": ally.name}} if ally else {}),
        **{name: getattr(worlds, name) for name in ("id", "origin", "deadline", "vintage")},
        "scenario": {"name": worlds.scenario.name},
    }
