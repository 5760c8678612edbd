"""Answers as tables, each made from the JSON document of the same answer, so the two always agree."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np

from forecast_service.http.columns import ColumnRows, Words
from forecast_service.http.tables import Column, Table
from models.analysis.worlds import Worlds
from models.dataset.countries import COMPONENTS
from models.paths import Floats

SHARE = "% of GDP (Luxembourg: of GNI)"
MONEY = "million USD, at 2021 prices and exchange rates"
PROBABILITY = "probability, 0 to 1"

OURS = {"our_origin", "our_median_pct", "our_low_pct", "our_high_pct", "our_probability"}
"""Columns of :func:`outside_forecasts` that are fields of ``ours`` in the document."""

COUNTRY = Column("country", "string", "ISO 3166 alpha-3 code of the ally.")
COMPONENT = Column("component", "string", "core, related or total.")


def history(document: dict[str, Any]) -> Table:
    """The figures of a country, one row per component and year."""
    columns = (
        COUNTRY,
        COMPONENT,
        Column("year", "gYear", "Calendar year (fiscal for Canada and the UK)."),
        Column("share_pct", "number", "Spending as NATO counts it.", SHARE),
        Column("definition", "string", "Whose counting rule, and whether it was rescaled to NATO's present one."),
        Column("estimate", "boolean", "Whether the publisher marks the figure as an estimate."),
        Column("source", "string", "Key of the source."),
    )
    code, name = document["country"]["code"], document["country"]["name"]
    rows = [
        (code, part["component"], *(observation[column.name] for column in columns[2:]))
        for part in document["components"]
        for observation in part["observations"]
    ]
    title = f"Defence spending of {name}"
    return Table(title, columns, ("country", "component", "year"), rows, {"dc:source": document["vintage"]})


def forecast(document: dict[str, Any]) -> Table:
    """The paths of a forecast, one row per component and year."""
    paths = document["paths"]
    parts = {name: paths[name] for name in COMPONENTS if paths[name]}
    levels = list(next(iter(parts.values()))["quantiles"]) if parts else []
    columns = (
        COUNTRY,
        COMPONENT,
        Column("year", "gYear", "Calendar year."),
        Column("mean_pct", "number", "Mean across the simulated futures.", SHARE),
        Column("median_pct", "number", "Median across the simulated futures.", SHARE),
        *(
            Column(f"q{level}_pct", "number", f"Quantile {level} across the simulated futures.", SHARE)
            for level in levels
        ),
    )
    code, name = document["country"]["code"], document["country"]["name"]
    rows = [
        (code, part, *values)
        for part, fan in parts.items()
        for values in zip(
            paths["years"], fan["mean"], fan["median"], *(fan["quantiles"][level] for level in levels), strict=True
        )
    ]
    title = f"Forecast of the defence spending of {name}"
    return Table(title, columns, ("country", "component", "year"), rows, _provenance(document))


def alliance(document: dict[str, Any]) -> Table:
    """The allies in the order of their probabilities, one row per target and ally."""
    columns = (
        COMPONENT,
        Column("threshold_pct", "number", "Threshold of the target.", SHARE),
        Column("rank", "integer", "Place among the allies, from 1."),
        COUNTRY,
        Column("name", "string", "English name of the ally."),
        Column("at_deadline", "number", "The share is at the threshold in the deadline year.", PROBABILITY),
        Column("by_deadline", "number", "It is in some year up to the deadline.", PROBABILITY),
        Column("standard_error", "number", "Monte-Carlo standard error of at_deadline."),
        Column("latest_share_pct", "number", "Share of the origin's year; empty where there is none.", SHARE),
        Column("review_on_track", "number", "On track in the review year; empty where not asked.", PROBABILITY),
        Column("review_at_threshold", "number", "At the threshold in the review year.", PROBABILITY),
    )
    rows = [
        (
            target["component"],
            target["threshold"],
            rank,
            standing["country"]["code"],
            standing["country"]["name"],
            *(standing[name] for name in ("at_deadline", "by_deadline", "standard_error", "latest_share_pct")),
            *((standing["review"] or {}).get(name) for name in ("on_track", "at_threshold")),
        )
        for target in document["targets"]
        for rank, standing in enumerate(target["ranking"], 1)
    ]
    return Table("Allies by probability", columns, ("component", "country"), rows, _provenance(document))


def paths(worlds: Worlds) -> Table:
    """Simulated paths, one row per ally, draw and year."""
    columns = (
        COUNTRY,
        Column("draw", "integer", "Number of the simulated world; the same one for every ally and scenario."),
        Column("year", "gYear", "Calendar year."),
        Column("core_pct", "float", "Core spending; empty without armed forces.", SHARE),
        Column("related_pct", "float", "Related spending.", SHARE),
        Column("total_pct", "float", "Core plus at most 1.5 of related spending; empty without core.", SHARE),
        Column("core_usd_m", "float", "Core spending; empty where no amounts are published for the origin.", MONEY),
        Column("gdp_usd_m", "float", "GDP; empty where no amounts are published for the origin.", MONEY),
    )
    about = about_paths(worlds)
    found, draws, years = worlds.allies, worlds.numbers, np.array(worlds.years, dtype=np.int16)
    each = draws.size * years.size
    missing = np.full(each, np.nan, dtype=np.float32)

    def stacked(values: Iterable[Floats | None]) -> Floats:
        return np.concatenate([missing if one is None else one.ravel() for one in values])

    rows = ColumnRows(
        Words(np.repeat(np.arange(len(found), dtype=np.int8), each), tuple(one.ally.code for one in found)),
        np.tile(np.repeat(draws, years.size), len(found)),
        np.tile(years, draws.size * len(found)),
        stacked(one.core for one in found),
        stacked(one.related for one in found),
        stacked(one.total for one in found),
        stacked(one.core_spending for one in found),
        stacked(one.gdp for one in found),
    )
    return Table("Simulated paths of defence spending", columns, ("country", "draw", "year"), rows, _provenance(about))


def about_paths(worlds: Worlds) -> dict[str, Any]:
    """The fields of a forecast's document that paths have too, for the name and the metadata of their table."""
    ally = worlds.ally
    return {
        **({"country": {"code": ally.code, "name": ally.name}} if ally else {}),
        **{name: getattr(worlds, name) for name in ("id", "origin", "deadline", "vintage")},
        "scenario": {"name": worlds.scenario.name},
    }


def past_forecasts(document: dict[str, Any]) -> Table:
    """Past forecasts beside what came, one row per ally, origin and year."""
    columns = (
        COUNTRY,
        Column("origin", "gYear", "The last year whose figure was known."),
        Column("year", "gYear", "The year that was forecast."),
        *(Column(f"q{level:g}_pct", "number", f"Quantile {level:g}.", SHARE) for level in document["levels"]),
        Column("outcome_pct", "number", "The figure of the current vintage; empty if it is not known yet.", SHARE),
        Column("outcome_estimate", "boolean", "Whether the publisher marks that figure as an estimate."),
    )
    first, last = ("country", "origin", "year"), ("outcome_pct", "outcome_estimate")
    rows = [
        (*(one[name] for name in first), *one["quantiles"], *(one[name] for name in last)) for one in document["items"]
    ]
    about = {"dc:source": document["vintage"], "dc:subject": document["scenario"]}
    return Table("Past forecasts of core spending", columns, ("country", "origin", "year"), rows, about)


def outside_forecasts(document: dict[str, Any]) -> Table:
    """What others expect with ours beside it, one row per view and ally or group."""
    errors = "log points"
    columns = (
        Column("id", "string", "The statement; several rows may share it."),
        Column("who", "string", "Who said it."),
        Column("kind", "string", "What they are."),
        Column("stated_on", "date", "Day of the statement."),
        Column("country", "string", "ISO 3166 alpha-3 code of the ally; empty for a group."),
        Column("group", "string", "The group that it is about as a whole; empty for an ally."),
        Column("year", "gYear", "The year that it is about."),
        Column("low_pct", "number", "Least level; empty: no such bound.", SHARE),
        Column("high_pct", "number", "Greatest level; equal to the least for a point.", SHARE),
        Column("rank", "integer", "Position in the statement's order, 1 for the likeliest to reach the target."),
        Column("our_origin", "gYear", "Last year that our forecast knows: no figure that the view could not know."),
        Column("our_median_pct", "number", "Median of our forecast.", SHARE),
        Column("our_low_pct", "number", "Lower end of our 80 % interval.", SHARE),
        Column("our_high_pct", "number", "Upper end of our 80 % interval.", SHARE),
        Column("our_probability", "number", "Ours of the side that a view with one bound names.", PROBABILITY),
        Column("outcome_pct", "number", "The figure; empty if it is not known yet.", SHARE),
        Column("log_error", "number", "log(outcome / level); above 0 if the view was too low.", errors),
        Column("our_log_error", "number", "log(outcome / median) of ours.", errors),
        Column("statement", "string", "What was said, in short."),
        Column("source", "string", "Where it was published."),
    )
    rows = [
        tuple(
            (view["ours"] or {}).get(column.name.removeprefix("our_"))
            if column.name in OURS
            else date.fromisoformat(view[column.name])
            if column.datatype == "date"
            else view[column.name]
            for column in columns
        )
        for view in document["items"]
    ]
    about = {"dc:source": document["vintage"], "dc:subject": "baseline"}
    return Table("Outside forecasts of core spending", columns, ("id", "country", "group"), rows, about)


def _provenance(document: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a table: answer, vintage, years and scenario."""
    origin, deadline = document["origin"], document["deadline"]
    return {
        "dc:identifier": document["id"],
        "dc:source": document["vintage"],
        "dc:temporal": f"{origin + 1}/{deadline}",
        "dc:subject": document["scenario"]["name"],
    }
