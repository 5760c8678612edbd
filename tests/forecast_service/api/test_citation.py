"""Each answer says how to cite it: under the address that it names, exactly this answer is given, or 410."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator
from sqlalchemy import update

from forecast_service import create_app
from forecast_service.services.citation import LONGEST
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from forecast_service.store.tables import VersionRow
from tests.forecast_service.api.test_scenarios import CAP, create, put
from tests.support.service import DRAWS, FIT_TIMEOUT_S

NASTY = 'a{b}} 50 % & "c" \\d <i>e</i> f_g #h ~i ^j $k – ü 日本 l\'m'
PLEDGE = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": 0.5}
OWN = {"name": NASTY, "description": "x\ny", "levers": [CAP], "based_on": "baseline", "pledge_effect": False}
SENT = {str(year): 1 + year % 7 / 3 for year in range(2012, 2027)}
ASKED: list[dict[str, Any]] = [
    {"country": "DEU", "scenario": OWN, "rule": "strict", "quantiles": [0.9, 0.123456]},
    {"country": "germany", "scenario": "stall", "targets": {"deadline": 2031, "core": 3.25, "related": 1}},
    {"country": "DEU", "history": SENT, "scenario": "stall", "rule": "broad"},
    {"history": SENT, "targets": {"core": 2.000000001}},
]
CSL = Draft202012Validator(
    {
        # What the schema of CSL-JSON 1.0.2 says of the fields that are used here.
        "type": "object",
        "required": ["type", "id"],
        "additionalProperties": False,
        "properties": {
            "type": {"enum": ["article", "book", "dataset", "document", "report", "webpage"]},
            "id": {"type": ["string", "number"]},
            "author": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"family": {"type": "string"}, "literal": {"type": "string"}},
                    "additionalProperties": False,
                },
            },
            "issued": {
                "type": "object",
                "properties": {
                    "date-parts": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 2,
                        "items": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 3,
                            "items": {"type": ["string", "number"]},
                        },
                    }
                },
                "additionalProperties": False,
            },
            "title": {"type": "string"},
            "version": {"type": "string"},
            "note": {"type": "string"},
            "URL": {"type": "string"},
        },
    }
)


def entry(text: str) -> dict[str, str]:
    """The fields of an entry, read as BibTeX does: every brace counts, also after a backslash."""
    head = re.match(r"@misc\{([a-z0-9-]+),", text)
    assert head, text
    fields, place = {"key": head[1]}, head.end()
    while found := re.compile(r"\s*([a-z]+) = \{").match(text, place):
        depth, place = 1, found.end()
        begin = place
        while depth:
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            place += 1
        fields[found[1]] = text[begin : place - 1]
        assert text[place] == ",", text
        place += 1
    assert text[place:] == "\n}", text
    return fields


def plain(tex: str) -> str:
    """What TeX prints."""
    named = {"backslash": "\\", "braceleft": "{", "braceright": "}", "asciitilde": "~", "asciicircum": "^"}
    named |= {"less": "<", "greater": ">"}
    assert not re.search(r"(?<!\\)[$&#%_~^<>]", tex), tex
    return re.sub(r"\{\\text([a-z]+)\}|\\([$&#%_])", lambda it: named[it[1]] if it[1] else it[2], tex)


def changed(address: str) -> str:
    """The address of an answer that does not exist."""
    return re.sub("(id|answer)=[0-9a-f]{32}", rf"\1={'0' * 32}", address)


def check_cite(answer: dict[str, Any]) -> dict[str, Any]:
    """Hold the citation of an answer to its formats; returned."""
    cite: dict[str, Any] = answer["cite"]
    csl = cite["csl"]
    assert list(CSL.iter_errors(csl)) == []
    assert (csl["type"], csl["id"], csl.get("URL")) == ("dataset", answer["id"], cite["address"])
    assert csl["issued"]["date-parts"] == [[2026, 7, 10]]  # the day of the figures, not of the question
    for said in (answer["id"], answer["vintage"], csl["title"], answer["scenario"]["name"], str(answer["deadline"])):
        assert said in cite["text"]
    assert f"ersion {answer['model_version']} " in cite["text"]
    fields = entry(cite["bibtex"])
    assert plain(fields["title"][1:-1]) == csl["title"]
    assert (fields["year"], fields.get("url")) == ("2026", cite["address"])
    assert answer["id"] in fields["note"]
    return cite


@pytest.mark.parametrize(
    "address",
    [
        "/v1/countries/germany/forecast",
        "/v1/countries/DEU/forecast?quantiles=0.9,0.1&core=3.0&rule=strict&scenario=stall&deadline=2030&origin=2026",
        "/v1/countries/ISL/forecast?related=0.75",
        "/v1/countries/LUX/forecast?vintage=nato-2026&deadline=2035",
        "/v1/alliance/forecast?deadline=2028&quantiles=0.5&scenario=stall&rule=claimed",
    ],
)
def test_the_address_of_an_answer_gives_exactly_it(client: FlaskClient, address: str) -> None:
    first = client.get(address)
    cite = check_cite(first.json)
    asked = parse_qs(urlsplit(cite["address"]).query)
    assert (asked["id"], asked["vintage"]) == ([first.json["id"]], ["nato-2026"])
    # Nothing of it is the default, so that equal questions have one address.
    assert {"baseline", "2035", "3.5", "1.5"}.isdisjoint(part for parts in asked.values() for part in parts)
    assert "origin" not in asked
    again = client.get(cite["address"])
    assert (again.status_code, again.data) == (200, first.data)


def test_equal_questions_have_one_address(client: FlaskClient) -> None:
    asked = (
        "DEU/forecast",
        "de/forecast?scenario=baseline&core=3.50&quantiles=0.5,0.025,0.05,0.1,0.25,0.75,0.9,0.95,0.975",
    )
    answers = [client.get(f"/v1/countries/{one}").json for one in asked]
    answers.append(client.post("/v1/forecasts", json={"country": "Germany", "scenario": "baseline"}).json)
    assert len({json.dumps(answer["cite"]) for answer in answers}) == 1


@pytest.mark.parametrize("question", ASKED, ids=lambda question: str(question)[:40])
def test_any_question_has_an_address(client: FlaskClient, question: dict[str, Any]) -> None:
    first = client.post("/v1/forecasts", json=question)
    cite = check_cite(first.json)
    again = client.get(cite["address"])
    assert (again.status_code, again.data) == (200, first.data)
    assert len(cite["address"]) < LONGEST


@pytest.mark.parametrize(
    ("route", "question"),
    [
        (
            "/v1/requirements",
            {"country": "DEU", "probability": 0.6, "scenario": OWN | {"levers": [PLEDGE]}, "rule": "strict"},
        ),
        ("/v1/requirements", {"country": "EST", "probability": 0.8, "targets": {"deadline": 2031}}),
        ("/v1/sensitivity", {"country": "ISL", "component": "related", "targets": {"related": 0.75}}),
        ("/v1/sensitivity", {"country": "DEU", "scenario": OWN | {"levers": [CAP]}}),
    ],
)
def test_so_have_requirements_and_sensitivities(client: FlaskClient, route: str, question: dict[str, Any]) -> None:
    first = client.post(route, json=question)
    cite = first.json["cite"]
    assert cite["address"].startswith(f"{route}?question=")
    assert list(CSL.iter_errors(cite["csl"])) == []
    assert plain(entry(cite["bibtex"])["title"][1:-1]) == cite["csl"]["title"]
    again = client.get(cite["address"])
    assert (again.status_code, again.data) == (200, first.data)
    assert client.get(changed(cite["address"])).status_code == 410


def test_a_sensitivity_by_its_own_address_is_cited_alike(client: FlaskClient) -> None:
    by_address = client.get("/v1/countries/DEU/sensitivity?deadline=2031")
    assert client.get(by_address.json["cite"]["address"]).data == by_address.data


@pytest.mark.parametrize("kind", ["text/csv", "application/vnd.apache.parquet", "application/vnd.vegalite.v6+json"])
def test_a_question_in_the_address_has_every_format_of_the_post(client: FlaskClient, kind: str) -> None:
    question, how = {"country": "DEU", "scenario": OWN}, {"Accept": kind}
    asked = client.get(f"/v1/forecasts?theme=dark&question={quote(json.dumps(question))}", headers=how)
    assert (asked.status_code, asked.mimetype) == (200, kind)
    assert asked.data == client.post("/v1/forecasts?theme=dark", json=question, headers=how).data
    assert "bookmark" not in asked.headers.get("Link", "")  # this address takes no vintage beside the question


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"country": "Atlantis"},
        {"country": "DEU", "targets": {"deadline": 1990}},
        {"country": "DEU", "scenario": {"levers": [CAP | {"share_pct": 0}]}},
        {"country": "DEU", "scenario": {"levers": [{"type": "shock", "spread_factor": 5}] * 20}},
        {"country": "DEU", "vintage": "nato-1949"},
        {"country": "DEU", "origin": 2015, "history": SENT},
        {"country": "DEU", "horizon": 3},
    ],
    ids=str,
)
def test_errors_point_into_the_question_as_into_a_body(client: FlaskClient, question: dict[str, Any]) -> None:
    got = client.get(f"/v1/forecasts?question={quote(json.dumps(question))}")
    want = client.post("/v1/forecasts", json=question)
    assert got.status_code == want.status_code == 422
    assert (got.json["errors"], got.json["type"]) == (want.json["errors"], want.json["type"])


@pytest.mark.parametrize(
    "text", ['{"country": ', "[1]", '{"country": "DEU", "country": "FRA"}', '{"history": NaN}', ""]
)
def test_a_question_that_is_no_json_object_is_refused(client: FlaskClient, text: str) -> None:
    refused = client.get(f"/v1/forecasts?question={quote(text)}")
    assert (refused.status_code, refused.json["errors"][0]["parameter"]) == (400, "question")
    missing = client.get("/v1/forecasts")
    assert (missing.status_code, missing.json["errors"][0]["parameter"]) == (422, "question")


def test_a_question_that_is_too_long_has_no_address(client: FlaskClient) -> None:
    long = OWN | {"description": "日本" * 1000}
    answer = client.post("/v1/forecasts", json={"country": "DEU", "scenario": long}).json
    cite = check_cite(answer)
    assert cite["address"] is None
    assert "save its scenario" in cite["text"]
    assert "url" not in entry(cite["bibtex"])


@pytest.mark.parametrize(
    "address",
    [
        "/v1/countries/DEU/forecast?deadline=2033",
        "/v1/alliance/forecast?deadline=2028&quantiles=0.5",
        f"/v1/forecasts?question={quote(json.dumps({'country': 'DEU', 'scenario': OWN}))}",
    ],
)
def test_another_answer_is_gone(client: FlaskClient, address: str) -> None:
    cited = client.get(address).json["cite"]["address"]
    gone = client.get(changed(cited))
    assert (gone.status_code, gone.json["type"]) == (410, "urn:forecast-service:problem:other-answer")
    assert ("0" * 32 in gone.json["detail"], "seed 1" in gone.json["detail"]) == (True, True)
    malformed = client.get(cited.replace("id=", "id=x"))
    assert (malformed.status_code, malformed.json["errors"][0]["parameter"]) == (422, "id")


def test_an_address_does_not_lead_to_the_numbers_of_a_later_release(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cited = client.post("/v1/forecasts", json={"country": "DEU", "scenario": OWN | {"name": "later"}}).json["cite"]
    monkeypatch.setattr("models.forecast.question.LEVERS_VERSION", 99)
    assert client.get(cited["address"]).status_code == 410


def tag(client: FlaskClient, scenario: str) -> str:
    return str(client.get(f"/v1/scenarios/{scenario}").headers["ETag"])


class TestSavedScenarios:
    def test_the_address_is_that_of_the_version(self, keeping: FlaskClient) -> None:
        made = create(keeping)
        first = keeping.get(f"/v1/countries/DEU/forecast?scenario={made['id']}&deadline=2031&rule=strict")
        address = check_cite(first.json)["address"]
        assert address.startswith(
            f"/v1/scenarios/{made['id']}/versions/1/forecast?country=DEU&deadline=2031&rule=strict&"
        )
        pinned = keeping.get(address)
        assert pinned.json == first.json | {"links": pinned.json["links"]}
        assert put(keeping, made["id"], tag(keeping, made["id"]), levers=[]).status_code == 200
        assert keeping.get(address).json == pinned.json
        assert keeping.get(changed(address)).status_code == 410

    def test_on_other_figures_the_scenario_is_written_out(self, keeping_app: Flask, keeping: FlaskClient) -> None:
        made = create(keeping)["id"]
        with keeping_app.extensions[EXTENSION].writing() as session:
            session.execute(update(VersionRow).where(VersionRow.scenario_id == made).values(vintage="nato-2025"))
        first = keeping.post("/v1/forecasts", json={"country": "DEU", "scenario": made})
        address = check_cite(first.json)["address"]
        assert address.startswith("/v1/forecasts?question=")
        assert keeping.get(address).data == first.data

    def test_an_old_saved_answer_is_cited_too(self, keeping: FlaskClient) -> None:
        made = create(keeping)["id"]
        asked = f"/v1/scenarios/{made}/versions/1/forecast?country=DEU&quantiles=0.5"
        computed, saved = keeping.get(asked).json, keeping.get(asked).json
        assert check_cite(saved) == computed["cite"]
        assert keeping.get(saved["cite"]["address"]).json == saved

    def test_a_private_scenario_is_cited_to_its_owner_alone(self, keeping: FlaskClient) -> None:
        ann, ben = ({"X-Test-Caller": name} for name in ("ann", "ben"))
        made = keeping.post("/v1/scenarios", json={"name": "ann's secret", "levers": [CAP]}, headers=ann).json["id"]
        asked = f"/v1/forecasts?question={quote(json.dumps({'country': 'DEU', 'scenario': made}))}"
        answer = keeping.get(asked, headers=ann)
        assert "ann's secret" in answer.json["cite"]["text"]
        assert answer.headers["Cache-Control"] == "private, no-cache"
        address = answer.json["cite"]["address"]
        assert keeping.get(address, headers=ann).json["id"] == answer.json["id"]
        for refused in (keeping.get(asked, headers=ben), keeping.get(address, headers=ben)):
            assert refused.status_code in {404, 422}
            assert "secret" not in refused.text


@pytest.fixture
def published(state_dir: Path, tmp_path: Path) -> Iterator[FlaskClient]:
    """A service that knows its public address."""
    app = create_app(
        Settings(
            state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, database_url=f"sqlite:///{tmp_path}/a.sqlite",
            public_address="https://api.example/forecasting/",
        )
    )  # fmt: skip
    yield app.test_client()
    app.extensions[EXTENSION].close()


def test_the_address_is_absolute_where_it_is_known(published: FlaskClient, client: FlaskClient) -> None:
    path = "/v1/countries/DEU/forecast"
    behind = {"SCRIPT_NAME": "/prefix"}
    assert (
        published.get(path, environ_overrides=behind)
        .json["cite"]["address"]
        .startswith("https://api.example/forecasting/v1/countries/DEU/forecast?vintage=nato-2026&id=")
    )
    assert client.get(path, environ_overrides=behind).json["cite"]["address"].startswith(f"/prefix{path}?")
    assert client.get(path).json["cite"]["address"].startswith(f"{path}?")
