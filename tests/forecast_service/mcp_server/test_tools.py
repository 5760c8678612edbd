"""``forecast-service mcp``: what assistants get over standard input and output is what the API answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator
from mcp import Client

from forecast_service.formatting import percent
from forecast_service.openapi.spec import contract
from models.dataset.countries import COMPONENTS, allies
from models.scenarios.builtin import named_scenarios
from models.scenarios.levers import ORDER
from tests.support.assistant import Assistant, assisting

pytestmark = pytest.mark.slow

HALF_WAY = {
    "name": "half way",
    "levers": [{"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": 0.5}],
}
TOOLS = ("countries", "history", "forecast", "scenarios", "compare", "alliance", "requirement", "track_record")
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("countries", {}),
    ("countries", {"country": "germany"}),
    ("history", {"country": "FR"}),
    ("history", {"country": "ISL"}),
    ("forecast", {"country": "DEU"}),
    ("forecast", {"country": "ISL", "scenario": "stall", "deadline": 2030}),
    ("forecast", {"country": "ESP", "scenario": HALF_WAY, "core": 3, "rule": "claimed"}),
    ("scenarios", {}),
    ("scenarios", {"scenario": "border-war"}),
    ("scenarios", {"lever": "shock"}),
    ("compare", {"countries": ["DEU"], "scenarios": ["baseline", "stall", HALF_WAY]}),
    ("compare", {"countries": ["Spain", "ISL"], "deadline": 2030}),
    ("compare", {"countries": ["ISL"], "scenarios": ["baseline", "stall", "pledge"]}),
    ("requirement", {"country": "ESP", "probability": 0.5, "scenario": "stall", "deadline": 2030}),
    ("requirement", {"country": "DEU", "probability": 0.8, "component": "total"}),
    ("track_record", {}),
    ("track_record", {"country": "DEU"}),
]
QUICK = [call for call in CALLS if "ISL" in str(call) or not {"country", "countries"} & call[1].keys()]
"""Those whose pages need few fits."""


@pytest.fixture(scope="module")
def assistant(state_dir: Path) -> Iterator[Assistant]:
    with assisting(state_dir) as found:
        yield found


@pytest.fixture(scope="module")
def listed(assistant: Assistant) -> dict[str, Any]:
    return {tool.name: tool for tool in assistant.run(lambda client: client.list_tools()).tools}


def is_part(found: Any, document: Any) -> bool:
    """Whether all of ``found`` is in ``document``, at the same place."""
    if isinstance(found, dict):
        return isinstance(document, dict) and all(
            name in document and is_part(value, document[name]) for name, value in found.items()
        )
    if isinstance(found, list):
        return len(found) == len(document) and all(map(is_part, found, document))
    return bool(found == document)


def without_links(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "links"}


def test_the_tools_are_listed_and_say_what_they_take(listed: dict[str, Any]) -> None:
    assert tuple(listed) == TOOLS
    for tool in listed.values():
        assert tool.annotations.read_only_hint
        assert tool.description.endswith(".")
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator(schema)
            assert "$ref" not in str(schema)
        assert len(str(tool.input_schema)) < 6000, "assistants read it with every question"


def test_what_they_take_is_what_the_api_takes(listed: dict[str, Any], client: FlaskClient) -> None:
    schemas = contract(client.application)["components"]["schemas"]
    fields = listed["forecast"].input_schema["properties"]
    assert fields["deadline"] == schemas["Targets"]["properties"]["deadline"]
    assert fields["rule"]["enum"] == schemas["ForecastRequest"]["properties"]["rule"]["enum"]
    names, own, _ = fields["scenario"]["oneOf"]
    assert names["enum"] == list(named_scenarios())
    levers = own["properties"]["levers"]["items"]
    assert levers["properties"]["type"]["enum"] == [example["type"] for example in levers["examples"]]
    assert set(levers["properties"]["type"]["enum"]) == {lever.type for lever in ORDER}
    assert listed["alliance"].input_schema["properties"]["component"]["enum"] == list(COMPONENTS)
    assert listed["forecast"].input_schema["required"] == ["country"]


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
def test_an_answer_is_short_and_of_the_form_that_was_told(
    assistant: Assistant, listed: dict[str, Any], tool: str, arguments: dict[str, Any]
) -> None:
    Draft202012Validator(listed[tool].input_schema).validate(arguments)
    said, document = assistant.answer(tool, **arguments)
    Draft202012Validator(listed[tool].output_schema).validate(document)
    assert 2 <= len(said.splitlines()) <= 40
    assert len(said) < 5000
    assert "\N{NO-BREAK SPACE}" not in said
    assert "None" not in said


@pytest.mark.parametrize(("tool", "arguments"), QUICK)
def test_every_link_of_an_answer_leads_somewhere(
    assistant: Assistant, client: FlaskClient, tool: str, arguments: dict[str, Any]
) -> None:
    said, document = assistant.answer(tool, **arguments)
    assert document["links"]
    for address in document["links"].values():
        assert address in said
        response = client.get(address)
        assert response.status_code == (405 if response.allow else 200), address


def test_the_forecast_is_the_apis(assistant: Assistant, client: FlaskClient) -> None:
    answer = client.get("/v1/countries/DEU/forecast?deadline=2030&core=3").get_json()
    said, document = assistant.answer("forecast", country="Germany", deadline=2030, core=3)
    assert is_part(without_links(document), answer)
    assert (document["id"], document["vintage"]) == (answer["id"], answer["vintage"])
    core = answer["targets"][0]
    assert f"Core, 3 %: {percent(core['probability']['at_deadline'])}" in said
    assert core["why"]["sentence"] in said
    assert core["rests_on"] in said
    path = answer["paths"]["core"]
    low, high = (path["quantiles"][level][-1] for level in ("0.1", "0.9"))
    assert f"Median share {path['median'][-1]:.2f} %, 80 % of futures {low:.2f} % to {high:.2f} %" in said
    assert client.get(document["links"]["json"]).get_json() == answer


def test_a_scenario_of_ones_own_is_compared_with_the_baseline(assistant: Assistant, client: FlaskClient) -> None:
    asked = {"country": "ESP", "scenario": HALF_WAY}
    answer = client.post("/v1/forecasts", json=asked).get_json()
    said, document = assistant.answer("forecast", **asked)
    assert is_part(without_links(document), answer)
    before = answer["baseline"]["targets"][0]["probability"]["at_deadline"]
    assert f"Against the baseline ({percent(before)})" in said
    again = re.search(r"POST to that address (\{.*\})", said)
    assert again
    assert client.post(document["links"]["json"], data=again[1], content_type="application/json").get_json() == answer


def test_a_comparison_is_the_forecasts_side_by_side(assistant: Assistant, client: FlaskClient) -> None:
    asked: dict[str, Any] = {"countries": ["DEU", "ESP"], "scenarios": ["baseline", HALF_WAY]}
    said, document = assistant.answer("compare", **asked, deadline=2032)
    rows = [row for row in said.splitlines() if row.startswith(("Germany", "Spain"))]
    pairs = [(code, scenario) for code in asked["countries"] for scenario in asked["scenarios"]]
    for item, row, (code, scenario) in zip(document["items"], rows, pairs, strict=True):
        body = {"country": code, "scenario": scenario, "targets": {"deadline": 2032}}
        answer = client.post("/v1/forecasts", json=body).get_json()
        assert is_part(item["forecast"], answer)
        chances = [percent(target["probability"]["at_deadline"]) for target in answer["targets"]]
        assert f": {' | '.join(chances)} | " in row


def test_the_alliance_is_the_apis(assistant: Assistant, client: FlaskClient, saved_fits: str) -> None:
    answer = client.get("/v1/alliance/forecast?deadline=2030").get_json()
    said, document = assistant.answer("alliance", component="total", deadline=2030)
    total = next(target for target in answer["targets"] if target["component"] == "total")
    assert is_part(without_links(document), answer | {"targets": [total]})
    assert f"{total['at_deadline']['median']} of 31 allies" in said
    assert len(re.findall(r"\d %[,.]", said.split("Each ally's probability")[1])) == 31
    assert client.get(document["links"]["json"]).get_json() == answer


def test_a_requirement_is_the_apis(assistant: Assistant, client: FlaskClient) -> None:
    asked = {"country": "ESP", "probability": 0.5, "component": "core"}
    answer = client.post("/v1/requirements", json=asked).get_json()
    said, document = assistant.answer("requirement", **asked)
    assert is_part(without_links(document), answer)
    assert f"{answer['extra_growth_pp']:.1f} points a year more than expected" in said


def test_the_figures_and_the_track_record_are_the_apis(assistant: Assistant, client: FlaskClient) -> None:
    said, document = assistant.answer("history", country="DEU")
    assert is_part(without_links(document), client.get("/v1/countries/DEU/history").get_json())
    figures = document["components"][0]["observations"]
    assert all(f"{it['year']} {it['share_pct']:.2f}" in said for it in figures)
    _, document = assistant.answer("countries")
    assert is_part(document["items"], client.get("/v1/countries").get_json()["items"])
    assert [item["code"] for item in document["items"]] == sorted(allies())
    _, document = assistant.answer("track_record", country="DEU")
    record = client.get("/v1/track-record").get_json()
    scores = [row for row in record["by_country"] if row["country"] == "DEU"]
    assert is_part(without_links(document), record | {"by_country": scores})


def test_a_lever_can_be_written_from_what_is_told_of_it(assistant: Assistant) -> None:
    said, document = assistant.answer("scenarios")
    assert {item["id"] for item in document["scenarios"]} >= set(named_scenarios())
    for lever in document["levers"]:
        assert lever["type"] in said
        (told,) = assistant.answer("scenarios", lever=lever["type"])[1]["levers"]
        Draft202012Validator(told["schema"]).validate(lever["example"])
    _, document = assistant.answer("scenarios", scenario="border-war")
    levers = document["scenarios"][0]["levers"]
    assert levers
    assistant.answer("forecast", country="POL", scenario={"levers": levers})


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("forecast", {"country": "Germny"}, "country: no ally goes by 'Germny'; did you mean Germany (DEU)?"),
        ("history", {"country": "a/b"}, "country: no ally goes by 'a/b'; the tool countries lists the allies"),
        ("forecast", {"country": "DEU", "deadline": 1990}, "deadline: must be a year from 2000 to 2060"),
        ("alliance", {"deadline": "soon"}, "deadline: must be a year from 2000 to 2060"),
        ("alliance", {"component": "all"}, "component: must be one of core, related, total"),
        ("requirement", {"country": "DEU"}, "probability: is missing"),
        ("forecast", {"country": None}, "country: is missing"),
        ("forecast", {"country": "DEU", "deadlin": 2030}, "deadlin: is not known here; did you mean 'deadline'?"),
        (
            "forecast",
            {"country": "DEU", "scenario": {"levers": [{"type": "cap", "share_pct": 2}, {"type": "pledg"}]}},
            "scenario/levers/1/type: must be one of history_override, counting_rule,",
        ),
        ("compare", {"countries": ["DEU", "Germny"]}, "countries/1: no ally goes by 'Germny'"),
        ("compare", {"countries": "DEU", "scenarios": ["stall", "stal"]}, "scenarios/1: must be an object, the id of"),
        ("compare", {"countries": []}, "countries, scenarios: allies times scenarios must be 1 to 100, not 0"),
        ("scenarios", {"scenario": "stal"}, "scenario: must be the id of a saved scenario or one of baseline,"),
        ("scenarios", {"scenario": "0" * 26}, "scenario: There is no saved scenario"),
        ("scenarios", {"lever": "pledg"}, "lever: must be one of history_override,"),
    ],
)
def test_a_refusal_names_the_argument_and_what_is_allowed(
    assistant: Assistant, tool: str, arguments: dict[str, Any], said: str
) -> None:
    assert assistant.refusal(tool, **arguments).startswith(said)


def test_every_fault_is_named(assistant: Assistant) -> None:
    said = assistant.refusal("compare", countries=["DEU", "?"], scenarios=["stal"], deadline=1990)
    assert sorted(line.split(":")[0] for line in said.splitlines()) == ["countries/1", "deadline", "scenarios/0"]


def test_many_questions_at_once_are_all_answered(assistant: Assistant) -> None:
    async def ask(client: Client) -> list[Any]:
        calls = [client.call_tool("forecast", {"country": "ESP", "deadline": year}) for year in range(2028, 2040)]
        return list(await asyncio.gather(*calls))

    answers = assistant.run(ask)
    assert [answer.structured_content["deadline"] for answer in answers] == list(range(2028, 2040))
    assert not any(answer.is_error for answer in answers)


def test_an_unknown_tool_is_an_error_of_the_protocol(assistant: Assistant) -> None:
    from mcp import MCPError

    with pytest.raises(MCPError, match="there is no tool 'forcast'; there are countries, history"):
        assistant.result("forcast")
