"""Answers as tables, each made from the JSON document of the same answer, so the two always agree."""

from __future__ import annotations

from typing import Any

from forecast_service.http.tables import Column, Table
from models.dataset.countries import COMPONENTS

SHARE = "% of GDP (Luxembourg: of GNI)"
PROBABILITY = "probability, 0 to 1"

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


def _provenance(document: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a table: answer, vintage, years and scenario."""
    origin, deadline = document["origin"], document["deadline"]
    return {
        "dc:identifier": document["id"],
        "dc:source": document["vintage"],
        "dc:temporal": f"{origin + 1}/{deadline}",
        "dc:subject": document["scenario"]["name"],
    }
