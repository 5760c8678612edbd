"""The tool track_record: how good past forecasts were."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard import text
from forecast_service.mcp_server.application import Application
from forecast_service.mcp_server.contract import Contract, part, take
from forecast_service.mcp_server.tool import Answer, Tool, arguments, linked
from forecast_service.mcp_server.tools import question

SCORES = part("forecasts", "crps", "skill", "skill_low", "skill_high", "coverage_80", "coverage_95", "brier")
BRIER = part("brier")
RECORD = part(
    "vintage",
    "model_version",
    "origins",
    "horizon",
    "reliability",
    "by_country",
    baseline=SCORES,
    by_period=SCORES | part("from", "to"),
    wales=part("below_in_2014", "reached_in_2024", baseline=BRIER, trend=BRIER, random_walk=BRIER),
)


def track_record(contract: Contract) -> Tool:
    """The scores of past forecasts."""
    return Tool(
        "track_record",
        "Track record",
        "How good past forecasts were: made anew from every year since 1999 with the figures of that time, and "
        "compared with what came. With country, that ally's scores too.",
        arguments(country=question.country(contract)),
        contract.answer("TrackRecord", RECORD),
        _track_record,
    )


def _track_record(application: Application, given: dict[str, Any]) -> Answer:
    record = application.document("track-record.get_track_record")
    links = {
        "json": application.link("track-record.get_track_record"),
        "page": application.link("dashboard.track_record"),
    }
    said, rows = _record(record), []
    if "country" in given:
        ally = application.document("countries.get_country", code=str(given["country"]))
        rows = [it for it in record["by_country"] if it["country"] == ally["code"]]
        said += [_ally(ally, row) for row in rows] or [f"No forecasts of {ally['name']} are scored."]
        links["page"] = application.link("dashboard.track_record_ally", code=ally["code"])
    document = take(record | {"by_country": rows}, RECORD) | {"links": links}
    return Answer("\n".join([*said, linked(links)]), document)


def _record(record: dict[str, Any]) -> list[str]:
    scores, last, wales = record["baseline"], record["by_period"][-1], record["wales"]
    first, until = record["origins"]
    came = [f"{text.percent(it['probability'])} and {100 * it['frequency']:.0f} %" for it in record["reliability"]]
    return [
        f"{scores['forecasts']:,} forecasts of core spending from {first} to {until}, up to {record['horizon']} years "
        f"ahead (model version {record['model_version']}, vintage {record['vintage']}):",
        f"- {text.percent(scores['coverage_80'])} of outcomes lay inside the range that should hold 80 % of them; from "
        f"{last['from']} on {text.percent(last['coverage_80'])}.",
        f"- {_skill(scores)} than assuming that nothing changes (with a chance of 9 in 10: "
        f"{100 * scores['skill_low']:.0f} % to {100 * scores['skill_high']:.0f} %).",
        f"- Wales, 2014: of {wales['below_in_2014']} allies below 2 %, {wales['reached_in_2024']} were there in 2024. "
        f"Brier score of our probabilities {wales['baseline']['brier']:.3f}; always saying 50 % scores 0.25, and lower "
        "is better.",
        f"- Rises by 10, 30 and 50 %, what we said and how often they came: {', '.join(came)}.",
    ]


def _skill(scores: dict[str, Any]) -> str:
    return f"{abs(100 * scores['skill']):.0f} % {'less' if scores['skill'] >= 0 else 'more'} error"


def _ally(ally: dict[str, Any], row: dict[str, Any]) -> str:
    if not row["forecasts"]:
        return f"No forecasts of {ally['name']} are scored."
    return (
        f"{ally['name']}: {row['forecasts']} forecasts, {text.percent(row['coverage_80'])} of outcomes inside the 80 % "
        f"range, {_skill(row)} than assuming that nothing changes."
    )
