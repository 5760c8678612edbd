"""All allies together."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard import alliance_map, linked_data, text
from forecast_service.dashboard.internal_client import document
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import by_component, countries, scenarios
from models.dataset.countries import COMPONENTS

ON = {"core": "", "related": " on related needs", "total": " on core defence and related needs"}
SORTS = ("name", "latest", "by", *COMPONENTS)


def overview(state: State) -> dict[str, Any]:
    """All allies together."""
    found = document("alliance.get_alliance_forecast", state.passed)
    known = countries()["countries"]
    target = by_component(found["targets"], state.component)
    # In the order of the ranking, which the sort keeps where numbers are equal: the table agrees with the picture.
    places = {entry["country"]["code"]: place for place, entry in enumerate(target["ranking"])}
    rows: dict[str, dict[str, Any]] = {
        item["code"]: {"country": item, "latest": item["latest"]}
        for item in sorted(known, key=lambda item: places.get(item["code"], len(places)))
    }
    for each in found["targets"]:
        for entry in each["ranking"]:
            rows[entry["country"]["code"]][each["component"]] = entry
    sort, backwards = sorting(state)
    said = headline(found, target)
    drawn = alliance_map.places(known, target["ranking"], found["left_out"])
    return {
        "alliance": found,
        "target": target,
        "rows": _sorted(list(rows.values()), sort, backwards, state.component),
        "sort": sort,
        "backwards": backwards,
        "headline": said,
        "cited": linked_data.citation(found),
        "dataset": linked_data.of_alliance(state, found, f"{said}."),
        "one_by_one": one_by_one(target),
        "usual": usual(state),
        "columns": ["name", state.component, "by", "latest", *(c for c in COMPONENTS if c != state.component)],
        "places": drawn,
        "reasons": {place.code: place.reason for place in drawn if place.reason},
        "map_size": alliance_map.size(),
        "classes": alliance_map.classes(),
        "scenarios": scenarios(),
        "countries": known,
    }


def headline(alliance: dict[str, Any], target: dict[str, Any]) -> str:
    """The median count in a sentence."""
    tally, name = target["at_deadline"], alliance["scenario"]["name"]
    under = "On present course" if name == "baseline" else f"Under the scenario “{text.title(name)}”"
    count = f"about {tally['median']}" if tally["median"] else "none"
    verb = "spends" if tally["median"] == 1 else "spend"
    return (
        f"{under} {count} of {tally['allies']} allies {verb} at least {text.threshold(target['threshold'])}"
        f"{ON[target['component']]} in {alliance['deadline']}"
    )


def usual(state: State) -> dict[str, Any] | None:
    """The count of the baseline, beside that of another scenario."""
    if state.get("scenario") == "baseline":
        return None
    found = document("alliance.get_alliance_forecast", state.plain)
    counted: dict[str, Any] = by_component(found["targets"], state.component)["at_deadline"]
    return counted


def one_by_one(target: dict[str, Any]) -> str:
    """How many allies are likelier than not to be there, and why that is another number than the median count."""
    count, median = target["likelier_than_not"], target["at_deadline"]["median"]
    allies = f"{count or 'no'} {'ally is' if count == 1 else 'allies are'}"
    said = f"Taken one by one, {allies} likelier than not to do so"
    if count == median:
        return f"{said}: the same number."
    if count < median:
        return f"{said}. The others have less than an even chance each, but there are many of them: some get there too."
    return f"{said}. But each of them may still fail, and in most futures some do."


def sorting(state: State) -> tuple[str, bool]:
    """The column that the table is sorted by, and whether it is in the other order than usual.

    The usual order begins with A, or with the largest number; without a column in the address, it is the one of the
    shown component.
    """
    asked = state.get("sort")
    name = asked.removeprefix("-")
    return (name, asked != name) if name in SORTS else (state.component, False)


def _sorted(rows: list[dict[str, Any]], sort: str, backwards: bool, component: str) -> list[dict[str, Any]]:
    """The rows in order; those without the number come last in both orders."""
    if sort == "name":
        return sorted(rows, key=lambda row: row["country"]["name"], reverse=backwards)
    numbers = [(row, _number(row, sort, component)) for row in rows]
    known = [(row, number) for row, number in numbers if number is not None]
    known.sort(key=lambda each: each[1] if backwards else -each[1])
    return [row for row, _ in known] + [row for row, number in numbers if number is None]


def _number(row: dict[str, Any], sort: str, component: str) -> float | None:
    if sort == "latest":
        return row["latest"] and row["latest"]["share_pct"]
    entry = row.get(component if sort == "by" else sort)
    return entry and entry["by_deadline" if sort == "by" else "at_deadline"]
