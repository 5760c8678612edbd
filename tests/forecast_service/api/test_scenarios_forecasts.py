"""What saved scenarios answer: wherever a scenario is asked for, side by side, and years later."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from forecast_service.services import scenarios
from forecast_service.store.database import EXTENSION
from forecast_service.store.tables import VersionRow
from tests.forecast_service.api.test_bad_input import check_problem
from tests.forecast_service.api.test_scenarios import CAP, create, put

UNKNOWN = "0" * 26


def test_a_saved_scenario_is_one_wherever_one_is_asked_for(keeping: FlaskClient) -> None:
    made = create(keeping)["id"]
    inline = {"name": "half way", "description": "to the target", "levers": [CAP]}
    answers = [
        keeping.get(f"/v1/countries/DEU/forecast?scenario={made}"),
        keeping.post("/v1/forecasts", json={"country": "DEU", "scenario": made}),
        keeping.post("/v1/forecasts", json={"country": "DEU", "scenario": inline}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].json == answers[1].json
    for name in ("targets", "paths", "money", "members", "notes"):
        assert answers[0].json[name] == answers[2].json[name], name
    assert answers[0].json["scenario"]["levers"] == [CAP]
    required = keeping.post("/v1/requirements", json={"country": "DEU", "probability": 0.5, "scenario": made})
    assert required.status_code in {200, 422}, required.text
    assert "unknown-scenario" not in required.text


@pytest.mark.slow
def test_the_alliance_takes_a_saved_scenario(keeping: FlaskClient) -> None:
    made = create(keeping, {"levers": [CAP | {"share_pct": 1.0}]})["id"]
    answer = keeping.get(f"/v1/alliance/forecast?scenario={made}&deadline=2027")
    assert (answer.status_code, answer.json["scenario"]["name"]) == (200, "half way")
    assert answer.json["id"] != keeping.get("/v1/alliance/forecast?deadline=2027").json["id"]


def test_an_unknown_id_names_the_field(keeping: FlaskClient) -> None:
    problem = (422, "unknown-scenario")
    check_problem(keeping.get(f"/v1/alliance/forecast?scenario={UNKNOWN}"), *problem, ("scenario",))
    check_problem(keeping.get(f"/v1/countries/DEU/forecast?scenario={UNKNOWN}"), *problem, ("scenario",))
    body = {"country": "DEU", "scenario": UNKNOWN}
    check_problem(keeping.post("/v1/forecasts", json=body), *problem, ("/scenario",))
    check_problem(keeping.post("/v1/requirements", json=body | {"probability": 0.5}), *problem, ("/scenario",))
    check_problem(keeping.get(f"/v1/scenarios/compare?country=DEU&ids=baseline,{UNKNOWN}"), *problem, ("ids",))


def test_a_saved_scenario_that_leads_beyond_all_numbers_is_refused_when_it_is_asked_for(keeping: FlaskClient) -> None:
    made = create(keeping, {"levers": [{"type": "shock", "spread_factor": 5}] * 20})["id"]
    for path in ("/v1/countries/DEU/forecast", "/v1/alliance/forecast"):
        answer = keeping.get(f"{path}?scenario={made}")
        check_problem(answer, 422, "invalid-input", ("scenario",))
        assert "after this shock some futures exceed" in answer.json["detail"]


class TestCompare:
    def test_scenarios_are_compared_with_the_first(self, keeping: FlaskClient) -> None:
        made = create(keeping)["id"]
        answer = keeping.get(f"/v1/scenarios/compare?country=DE&ids=baseline,{made},stall&deadline=2030").json
        assert answer["country"]["code"] == "DEU"
        assert [item["id"] for item in answer["items"]] == ["baseline", made, "stall"]
        alone = keeping.get(f"/v1/countries/DEU/forecast?scenario={made}&deadline=2030").json
        first, second = answer["items"][:2]
        assert {name: second["forecast"][name] for name in ("id", "targets", "paths")} == {
            name: alone[name] for name in ("id", "targets", "paths")
        }
        here, there = (item["forecast"]["targets"][0]["probability"]["at_deadline"] for item in (first, second))
        assert second["difference"]["targets"][0]["probability"]["at_deadline"] == pytest.approx(there - here, abs=1e-6)
        assert second["difference"]["targets"][0]["component"] == "core"
        medians = [item["forecast"]["paths"]["core"]["quantiles"]["0.5"] for item in (first, second)]
        differences = second["difference"]["paths"]["core"]["quantiles"]["0.5"]
        assert differences == pytest.approx([b - a for a, b in zip(*medians, strict=True)], abs=1e-6)
        assert set(first["difference"]["paths"]["core"]["mean"]) == {0}

    def test_an_ally_without_armed_forces_is_compared_without_core(self, keeping: FlaskClient) -> None:
        answer = keeping.get("/v1/scenarios/compare?country=ISL&ids=baseline,pledge").json
        assert "probability" not in answer["items"][1]["difference"]["targets"][0]
        assert "core" not in answer["items"][1]["difference"]["paths"]

    @pytest.mark.parametrize(
        ("query", "where"),
        [
            ("ids=baseline,stall", "country"),
            ("country=DEU", "ids"),
            ("country=DEU&ids=baseline", "ids"),
            ("country=DEU&ids=" + ",".join(["baseline"] * 11), "ids"),
            ("country=DEU&ids=baseline,doom", "ids"),
            ("country=DEU&ids=baseline,stall&scenario=stall", "scenario"),
            ("country=DEU&ids=baseline,stall&deadline=2020", "deadline"),
        ],
    )
    def test_a_bad_query_is_refused_by_name(self, keeping: FlaskClient, query: str, where: str) -> None:
        check_problem(keeping.get(f"/v1/scenarios/compare?{query}"), 422, "invalid-input", (where,))

    def test_an_unknown_country_is_refused(self, keeping: FlaskClient) -> None:
        response = keeping.get("/v1/scenarios/compare?country=ZZZ&ids=baseline,stall")
        check_problem(response, 422, "unknown-country", ("country",))


class TestVersions:
    def ask(self, client: FlaskClient, made: dict[str, Any], number: int = 1, query: str = "") -> Any:
        return client.get(f"/v1/scenarios/{made['id']}/versions/{number}/forecast?country=DEU{query}")

    def test_the_answer_is_that_of_the_version(self, keeping: FlaskClient) -> None:
        made = create(keeping)
        assert put(keeping, made["id"], "*", levers=[]).status_code == 200
        first, second = self.ask(keeping, made, 1).json, self.ask(keeping, made, 2).json
        assert (len(first["scenario"]["levers"]), len(second["scenario"]["levers"])) == (1, 0)
        assert first["model_version"] == made["model_version"]
        assert first["vintage"] == made["vintage"]
        assert first["links"]["version"] == f"/v1/scenarios/{made['id']}/versions/1"
        assert self.ask(keeping, made, 1, "&model=latest").json == first

    def test_last_years_link_shows_what_it_showed(self, keeping: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        made = create(keeping)
        shown = self.ask(keeping, made)
        monkeypatch.setattr(scenarios, "MODEL_VERSION", "next-year's")
        again = self.ask(keeping, made)
        assert (again.status_code, again.data) == (200, shown.data)
        # What was not asked then cannot be told now; what is computed now is not passed off as then.
        gone = self.ask(keeping, made, query="&deadline=2032")
        check_problem(gone, 410, "model-gone", ())
        assert "model=latest" in gone.json["detail"]
        assert self.ask(keeping, made, query="&deadline=2032&model=latest").status_code == 200
        check_problem(self.ask(keeping, made, query="&deadline=2032"), 410, "model-gone", ())

    def test_the_figures_it_was_written_for_are_used(self, keeping: FlaskClient) -> None:
        made = create(keeping)
        assert put(keeping, made["id"], "*", vintage="nato-2025").status_code == 200
        pinned, latest = (self.ask(keeping, made, 2, query).json for query in ("", "&model=latest"))
        assert (pinned["vintage"], latest["vintage"]) == ("nato-2025", "nato-2026")
        assert pinned["origin"] < latest["origin"]
        assert self.ask(keeping, made, 2).json == pinned

    @pytest.mark.parametrize(
        ("query", "where"), [("&model=old", "model"), ("&vintage=nato-2025", "vintage"), ("&deadline=x", "deadline")]
    )
    def test_a_bad_query_is_refused_by_name(self, keeping: FlaskClient, query: str, where: str) -> None:
        check_problem(self.ask(keeping, create(keeping), query=query), 422, "invalid-input", (where,))

    def test_levers_that_no_longer_exist_are_refused(
        self, keeping: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = create(keeping)
        monkeypatch.setattr("forecast_service.schemas.levers.SCHEMAS", {})
        check_problem(self.ask(keeping, made), 409, "old-form", ())


FREEZE = {"type": "freeze", "component": "core", "what": "real", "to": 2034}


def test_a_lever_that_ends_goes_on_from_there_and_one_saved_before_resumes(
    keeping_app: Flask, keeping: FlaskClient
) -> None:
    """Slovakia's real spending, frozen to 2034, more than doubled in 2035."""
    made = create(keeping, {"levers": [FREEZE]})
    assert made["levers"] == [FREEZE | {"after": "continue"}]
    now = keeping.get(f"/v1/countries/SVK/forecast?scenario={made['id']}").json
    with keeping_app.app_context(), keeping_app.extensions[EXTENSION].writing() as session:
        row = session.scalars(select(VersionRow).where(VersionRow.scenario_id == made["id"])).one()
        row.body = row.body | {"levers": [FREEZE]}  # as releases before 1.0 saved it
    old = keeping.get(f"/v1/scenarios/{made['id']}").json
    assert old["levers"] == [FREEZE | {"after": "resume"}]
    assert keeping.post(f"/v1/scenarios/{made['id']}/fork", json={"name": "copy"}).json["levers"] == old["levers"]
    before = keeping.get(f"/v1/countries/SVK/forecast?scenario={made['id']}").json
    assert before["scenario"]["levers"] == old["levers"]
    assert before["id"] != now["id"]
    frozen, ends, resumed = (body["paths"]["core"]["quantiles"]["0.5"] for body in (now, now, before))
    assert ends[-1] < 1.1 * frozen[-2]
    assert resumed[-1] > 1.3 * resumed[-2]


def test_what_changes_nothing_is_noted(keeping: FlaskClient) -> None:
    """Each of these said nothing, or, the path without a usable point, changed the forecast."""

    def notes(levers: list[dict[str, Any]], **asked: Any) -> list[str]:
        answer = keeping.post("/v1/forecasts", json={"scenario": {"name": "x", "levers": levers}} | asked)
        assert answer.status_code == 200, answer.text
        found: list[str] = [note for note in answer.json["notes"] if "changes nothing" in note or "is not used" in note]
        return found

    pledge = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": "learned"}
    history = {str(2000 + t): 2.0 + 0.1 * (t % 3) for t in range(14)}
    rule = {"type": "counting_rule", "rule": "strict"}
    past = {"type": "share_path", "points": {"2020": 2.0}}
    assert notes([CAP], country="ISL") == ["Cap on core defence changes nothing: Iceland has no core spending."]
    assert notes([pledge | {"share_pct": 1.5, "component": "related"}], country="ISL") == [
        "Pledge on related spending changes nothing: Iceland has no pledge of core spending whose credibility was "
        "learned."
    ]
    none = "changes nothing: a series of no ally has no"
    assert notes([pledge, rule, CAP | {"component": "related"}], history=history, targets={"deadline": 2020}) == [
        f"Pledge on core defence {none} pledge of core spending whose credibility was learned.",
        f"What counts as related {none} related spending.",
        f"Cap on related spending {none} related spending.",
    ]
    assert notes([past], country="DEU") == ["Path of core defence changes nothing: its points lie before 2027."]
    unused = [CAP | {"share_pct": 90}, {"type": "floor", "share_pct": 0.02}, {"type": "delay", "years": 0}]
    assert sorted(notes(unused, country="DEU")) == [
        f"{name} core defence changes nothing: every future is as it would be without it."
        for name in ("Cap on", "Delay of", "Floor on")
    ]


def test_a_lever_that_cannot_be_used_has_one_number_wherever_its_scenario_is_asked_for(keeping: FlaskClient) -> None:
    made = create(keeping, {"levers": [{"type": "shock", "spread_factor": 5}] * 20})["id"]
    alone = keeping.get(f"/v1/countries/DEU/forecast?scenario={made}").json["detail"]
    beside = keeping.get(f"/v1/scenarios/compare?country=DEU&ids=baseline,{made}").json["detail"]
    assert alone.removeprefix("scenario: its ") == beside.removeprefix("ids: a scenario's ")
