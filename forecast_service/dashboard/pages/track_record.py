"""The scores of past forecasts, and the forecasts themselves beside what came."""

from __future__ import annotations

import math
from typing import Any

from flask import request

from forecast_service.dashboard import fan
from forecast_service.dashboard.internal_client import document
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import countries

AHEAD = ("1", "3", "5", "10")
"""Years ahead that the list of an ally's forecasts can have."""
PLEDGED = ((2025, 3.5), (2014, 2.0))
"""The year of a pledge, The Hague's and Wales's, and its share of GDP (%)."""


def track_record(_state: State) -> dict[str, Any]:
    """The scores of past forecasts."""
    known = countries()["countries"]
    record = document("track-record.get_track_record")
    return {
        "record": record,
        "names": {item["code"]: item["name"] for item in known},
        "levels": sorted({(it["scenario"], it["from_origin"], it["to_origin"]) for it in record["by_level"]}),
        "expm1": math.expm1,
        "frozen": [_frozen(facts) for facts in record["frozen"]],
        "countries": known,
    }


def ally(state: State, code: str) -> dict[str, Any]:
    """What was said of one ally from one year and at one number of years ahead, beside what came."""
    known = countries()["countries"]
    detail = document("countries.get_country", code=code)
    code = detail["code"]
    said = document("track-record.get_past_forecasts", {"country": code})
    origins = sorted({row["origin"] for row in said["items"]})
    origin = _origin(state, code, origins)
    ahead = request.args.get("ahead", "")
    ahead = ahead if ahead in AHEAD else "5"
    rows = [_row(row, said["levels"]) for row in said["items"]]
    scores = document("track-record.get_track_record")["by_country"]
    return {
        "detail": detail,
        "said": said,
        "origins": origins,
        "origin": origin,
        "rows": [row for row in rows if row["origin"] == origin],
        "drawn": _drawn(code, origin, [row for row in said["items"] if row["origin"] == origin], said["levels"]),
        "aheads": AHEAD,
        "ahead": ahead,
        "each": [row for row in rows if row["year"] - row["origin"] == int(ahead)],
        "scores": next((it for it in scores if it["country"] == code and it["forecasts"]), None),
        "countries": known,
    }


def _origin(state: State, code: str, origins: list[int]) -> int | None:
    """The year in the address; if absent, the latest one of whose ten years all are over."""
    if "origin" in state.fields:
        # The API says what is wrong with a year that it refuses.
        document("track-record.get_past_forecasts", {"country": code, "origin": state.fields["origin"]})
        return int(float(state.fields["origin"]))
    return origins[max(len(origins) - int(AHEAD[-1]), 0)] if origins else None


def _drawn(code: str, origin: int | None, rows: list[dict[str, Any]], levels: list[float]) -> fan.Fan | None:
    """The chart of the forecasts from one year, with what came."""
    if origin is None or not rows:
        return None
    figures = document("countries.get_history", code=code)["components"][0]["observations"]
    quantiles = {f"{level:g}": [row["quantiles"][place] for row in rows] for place, level in enumerate(levels)}
    forecast = {
        "origin": origin,
        "targets": [{"component": "core", "threshold": share} for year, share in PLEDGED if year <= origin][:1],
        "paths": {"years": [row["year"] for row in rows], "core": {"quantiles": quantiles}},
    }
    came = [it for it in figures if origin < it["year"] <= rows[-1]["year"]]
    return fan.draw(fan.Plot(forecast, "core", [it for it in figures if it["year"] <= origin], came=came))


def _row(row: dict[str, Any], levels: list[float]) -> dict[str, Any]:
    """A past forecast: its quantiles by their levels, and where what came lies."""
    at, came = dict(zip(levels, row["quantiles"], strict=True)), row["outcome_pct"]
    shown = row | {"median": at[0.5], "inner": (at[0.1], at[0.9]), "outer": (at[0.025], at[0.975])}
    if came is None:
        return shown | {"where": None}
    for name in ("inner", "outer"):
        low, high = shown[name]
        if low <= came <= high:
            return shown | {"where": name}
    return shown | {"where": "above" if came > at[0.5] else "below"}


def _frozen(facts: dict[str, Any]) -> dict[str, Any]:
    """A frozen forecast: its facts, its years and what it says of each ally."""
    said = document("track-record.get_frozen", name=facts["file"].removesuffix(".json"))
    allies: dict[str, dict[int, dict[str, Any]]] = {}
    for row in said["items"]:
        allies.setdefault(row["country"], {})[row["year"]] = _row(row, said["levels"])
    years = sorted({row["year"] for row in said["items"]})
    known = {row["year"] for row in said["items"] if row["outcome_pct"] is not None}
    return {"facts": facts, "allies": allies, "years": [*years[:3], *years[3:][-1:]], "known": known}
