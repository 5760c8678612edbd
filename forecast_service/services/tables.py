"""Answers as tables, each made from the JSON document of the same answer, so the two always agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import request

from forecast_service.http.tables import Column, Table
from models.dataset.countries import COMPONENTS
from models.scenarios.builtin import named_scenarios

SHARE = "% of GDP (Luxembourg: of GNI)"
PROBABILITY = "probability, 0 to 1"

CONTEXT = (
    Column("scenario", "string", "Name of a shipped scenario, id of a saved one, or own; empty for figures."),
    Column("origin", "gYear", "The last year whose figure the forecast knows; empty for figures."),
    Column("deadline", "gYear", "Deadline year; empty where there is none."),
    Column("vintage", "string", "Vintage of the figures."),
)
"""The last columns of every table, so that rows of several answers can stand in one table."""
COUNTRY = Column("country", "string", "ISO 3166 alpha-3 code of the ally.")
COMPONENT = Column("component", "string", "core, related or total.")
YEAR = Column("year", "gYear", "Calendar year.")
THRESHOLD = Column("threshold_pct", "number", "Threshold of the target.", SHARE)
PROBABILITIES = (
    Column("at_deadline", "number", "The share is at the threshold in the deadline year.", PROBABILITY),
    Column("by_deadline", "number", "It is in some year up to the deadline.", PROBABILITY),
)
STANDARD_ERROR = Column("standard_error", "number", "Monte-Carlo standard error of at_deadline.")


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
        *CONTEXT,
    )
    code, name, context = document["country"]["code"], document["country"]["name"], context_cells(document)
    rows = [
        (code, part["component"], *(observation[column.name] for column in columns[2 : -len(CONTEXT)]), *context)
        for part in document["components"]
        for observation in part["observations"]
    ]
    title = f"Defence spending of {name}"
    return Table(title, columns, ("country", "component", "year"), rows, {"dc:source": document["vintage"]})


def forecast(document: dict[str, Any]) -> Table:
    """The table of a forecast that the query names: paths, if it names none."""
    tables = {"paths": _paths, "probabilities": _probabilities, "money": _money}
    return tables[request.args.get("table", "paths")](document)


def _paths(document: dict[str, Any]) -> Table:
    """The paths, one row per component and year."""
    paths = document["paths"]
    parts = {name: paths[name] for name in COMPONENTS if paths[name]}
    levels = list(next(iter(parts.values()))["quantiles"]) if parts else []
    columns = (COUNTRY, COMPONENT, YEAR, *_fan_columns(levels, "_pct", SHARE), *CONTEXT)
    code, context = document["country"]["code"], context_cells(document)
    rows = [
        (code, part, *values, *context)
        for part, fan in parts.items()
        for values in _by_year(paths["years"], fan, levels)
    ]
    return Table(
        _title(document, "of the defence spending"),
        columns,
        ("country", "component", "year"),
        rows,
        provenance(document),
    )


def _probabilities(document: dict[str, Any]) -> Table:
    """The probabilities of the targets, one row per component."""
    columns = (
        COUNTRY,
        COMPONENT,
        THRESHOLD,
        *PROBABILITIES,
        Column("held", "number", "It is from some year on, up to the deadline year.", PROBABILITY),
        STANDARD_ERROR,
        Column("lowest_member", "number", "Lowest at_deadline of any single member.", PROBABILITY),
        Column("highest_member", "number", "Highest at_deadline of any single member.", PROBABILITY),
        Column(
            "required_growth_pct", "number", "Real growth that leads the median share to the threshold.", "% a year"
        ),
        *CONTEXT,
    )
    code, context = document["country"]["code"], context_cells(document)
    rows = []
    for target in document["targets"]:
        found, required = target["probability"] or {}, target["required"] or {}
        four = (found.get(name) for name in ("at_deadline", "by_deadline", "held", "standard_error"))
        members = found.get("across_members", (None, None))
        growth = required.get("real_growth_pct")
        rows.append((code, target["component"], target["threshold"], *four, members[0], members[-1], growth, *context))
    return Table(_title(document, "of the targets"), columns, ("country", "component"), rows, provenance(document))


def _money(document: dict[str, Any]) -> Table:
    """The core spending, one row per currency and year; none where no amount is published."""
    amounts = [amount for amount in (document["money"] or {}).values() if amount]
    levels = list(amounts[0]["quantiles"]) if amounts else []
    columns = (
        COUNTRY,
        Column("currency", "string", "ISO 4217 code."),
        Column("unit", "string", "What the amounts count."),
        YEAR,
        *_fan_columns(levels, "", "see the column unit"),
        *CONTEXT,
    )
    code, context = document["country"]["code"], context_cells(document)
    rows = [
        (code, amount["currency"], amount["unit"], *values, *context)
        for amount in amounts
        for values in _by_year(document["paths"]["years"], amount, levels)
    ]
    return Table(
        _title(document, "of core spending in money"), columns, ("country", "unit", "year"), rows, provenance(document)
    )


def _fan_columns(levels: list[str], ending: str, unit: str) -> list[Column]:
    named = {"mean": "Mean", "median": "Median"} | {f"q{level}": f"Quantile {level}" for level in levels}
    return [
        Column(f"{name}{ending}", "number", f"{words} across the simulated futures.", unit)
        for name, words in named.items()
    ]


def _by_year(years: list[int], fan: dict[str, Any], levels: list[str]) -> Iterator[tuple[Any, ...]]:
    return zip(years, fan["mean"], fan["median"], *(fan["quantiles"][level] for level in levels), strict=True)


def _title(document: dict[str, Any], what: str) -> str:
    return f"Forecast {what} of {document['country']['name']}"


def alliance(document: dict[str, Any]) -> Table:
    """The allies in the order of their probabilities, one row per target and ally."""
    columns = (
        COMPONENT,
        THRESHOLD,
        Column("rank", "integer", "Place among the allies, from 1."),
        COUNTRY,
        Column("name", "string", "English name of the ally."),
        *PROBABILITIES,
        STANDARD_ERROR,
        Column("latest_share_pct", "number", "Share of the origin's year; empty where there is none.", SHARE),
        Column("review_on_track", "number", "On track in the review year; empty where not asked.", PROBABILITY),
        Column("review_at_threshold", "number", "At the threshold in the review year.", PROBABILITY),
        *CONTEXT,
    )
    context = context_cells(document)
    rows = [
        (
            target["component"],
            target["threshold"],
            rank,
            standing["country"]["code"],
            standing["country"]["name"],
            *(standing[name] for name in ("at_deadline", "by_deadline", "standard_error", "latest_share_pct")),
            *((standing["review"] or {}).get(name) for name in ("on_track", "at_threshold")),
            *context,
        )
        for target in document["targets"]
        for rank, standing in enumerate(target["ranking"], 1)
    ]
    return Table("Allies by probability", columns, ("component", "country"), rows, provenance(document))


def past_forecasts(document: dict[str, Any]) -> Table:
    """Past forecasts beside what came, one row per ally, origin and year."""
    columns = (
        COUNTRY,
        Column("origin", "gYear", "The last year whose figure was known."),
        Column("year", "gYear", "The year that was forecast."),
        *(Column(f"q{level:g}_pct", "number", f"Quantile {level:g}.", SHARE) for level in document["levels"]),
        Column("outcome_pct", "number", "The figure of the current vintage; empty if it is not known yet.", SHARE),
        Column("outcome_estimate", "boolean", "Whether the publisher marks that figure as an estimate."),
        *(column for column in CONTEXT if column.name != "origin"),
    )
    first, last = ("country", "origin", "year"), ("outcome_pct", "outcome_estimate")
    scenario, _, *context = context_cells(document)
    rows = [
        (*(one[name] for name in first), *one["quantiles"], *(one[name] for name in last), scenario, *context)
        for one in document["items"]
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
        Column("our_median_pct", "number", "Median of our forecast.", SHARE),
        Column("our_low_pct", "number", "Lower end of our 80 % interval.", SHARE),
        Column("our_high_pct", "number", "Upper end of our 80 % interval.", SHARE),
        Column("our_probability", "number", "Ours of the side that a view with one bound names.", PROBABILITY),
        Column("outcome_pct", "number", "The figure; empty if it is not known yet.", SHARE),
        Column("log_error", "number", "log(outcome / level); above 0 if the view was too low.", errors),
        Column("our_log_error", "number", "log(outcome / median) of ours.", errors),
        Column("statement", "string", "What was said, in short."),
        Column("source", "string", "Where it was published."),
        *CONTEXT,
    )
    names = [column.name for column in columns[1 : -len(CONTEXT)]]
    rows = []
    for view in document["items"]:
        ours = {f"our_{name}": value for name, value in (view["ours"] or {}).items()}
        cells = view | {"stated_on": date.fromisoformat(view["stated_on"])} | ours
        context = ("baseline", ours.get("our_origin"), None, document["vintage"])
        rows.append((view["id"], *map(cells.get, names), *context))
    about = {"dc:source": document["vintage"], "dc:subject": "baseline"}
    return Table("Outside forecasts of core spending", columns, ("id", "country", "group"), rows, about)


def context_cells(document: dict[str, Any]) -> tuple[Any, ...]:
    """The cells of :data:`CONTEXT`. No cell holds what an analyst wrote, which a spreadsheet might run as a formula."""
    scenario = document.get("scenario")
    name = scenario["name"] if isinstance(scenario, dict) else scenario
    if name is not None and name not in named_scenarios():
        name = request.args.get("scenario", "own")
    return (name, document.get("origin"), document.get("deadline"), document["vintage"])


def provenance(document: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a table: answer, vintage, years and scenario."""
    origin, deadline = document["origin"], document["deadline"]
    return {
        "dc:identifier": document["id"],
        "dc:source": document["vintage"],
        "dc:temporal": f"{origin + 1}/{deadline}",
        "dc:subject": document["scenario"]["name"],
    }
