"""Saved scenarios: created once, read, replaced by who read them, forked, deleted, and nobody else's business."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models.scenarios.library import library
from tests.forecast_service.api.test_bad_input import check_problem

CAP = {"type": "cap", "component": "core", "share_pct": 2.0}
PATH = {"type": "share_path", "component": "core", "points": {"2030": 2.9, "2035": 3.5}}
GONE = (404, "no-such-scenario", ())
BODY: dict[str, Any] = {"name": "half way", "description": "to the target", "levers": [CAP]}


def create(client: FlaskClient, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.post("/v1/scenarios", json=BODY | (body or {}), headers=sent)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json
    return found


def put(client: FlaskClient, identifier: str, match: str | None, **body: Any) -> TestResponse:
    headers = {} if match is None else {"If-Match": match}
    return client.put(f"/v1/scenarios/{identifier}", json=BODY | body, headers=headers)


def by(caller: str) -> dict[str, str]:
    return {"X-Test-Caller": caller}


def test_what_was_created_is_read_again(keeping: FlaskClient) -> None:
    response = keeping.post("/v1/scenarios", json=BODY | {"levers": [CAP, PATH], "based_on": "baseline"})
    made = response.json
    assert response.status_code == 201
    assert response.headers["Location"] == f"/v1/scenarios/{made['id']}"
    assert response.headers["ETag"] == f'"{made["id"]}-1"'
    assert {name: made[name] for name in ("kind", "version", "public", "mine", "based_on", "vintage")} == {
        "kind": "kept",
        "version": 1,
        "public": False,
        "mine": True,
        "based_on": "baseline",
        "vintage": "nato-2026",
    }
    assert made["levers"] == [CAP, PATH]
    again = keeping.get(response.headers["Location"])
    assert (again.json, again.headers["ETag"]) == (made, response.headers["ETag"])
    assert keeping.get(f"/v1/scenarios/{made['id']}/versions/1").json == made


def test_a_shipped_scenario_is_read_by_its_name(keeping: FlaskClient) -> None:
    found = keeping.get("/v1/scenarios/baseline").json
    assert (found["kind"], found["id"], found["name"]) == ("shipped", "baseline", "baseline")


def test_any_printable_text_is_kept_as_it_is(keeping: FlaskClient) -> None:
    text = {
        "name": "Ünïcode 🚀 'quoted\" \\ %s; DROP TABLE scenarios; --",
        "description": "می\u200cخواهم\n\n\U0001f1e9\U0001f1ea",
    }
    made = create(keeping, text)
    read = keeping.get(f"/v1/scenarios/{made['id']}").json
    assert {name: read[name] for name in text} == text


def test_the_address_of_its_schema_may_stand_in_a_document(keeping: FlaskClient) -> None:
    document = BODY | {"$schema": "https://example.org/v1/schemas/scenario.json"}
    made = create(keeping, document)
    assert "$schema" not in made
    assert put(keeping, made["id"], "*", **document).status_code == 200
    questions = [{"country": "DEU", "scenario": one} for one in (BODY, document)]
    plain, marked = (keeping.post("/v1/forecasts", json=question) for question in questions)
    assert (plain.status_code, plain.json) == (200, marked.json)
    swept = document | {"levers": [CAP | {"share_pct": {"grid": [2.0, 2.5]}}]}
    sweep = keeping.post("/v1/sweeps", json={"countries": ["DEU"], "scenario": swept})
    assert sweep.status_code == 202
    assert "$schema" not in sweep.text
    assert keeping.delete(f"/v1/sweeps/{sweep.json['id']}").status_code == 204
    wrong = keeping.post("/v1/scenarios", json=BODY | {"$schema": 1})
    check_problem(wrong, 422, "invalid-input", ("/$schema",))


class TestIdempotency:
    def test_the_answer_is_that_of_the_first_time(self, keeping: FlaskClient) -> None:
        key = uuid.uuid4().hex
        first = create(keeping, Idempotency_Key=key)
        assert put(keeping, first["id"], "*", name="renamed").status_code == 200
        again = keeping.post("/v1/scenarios", json=BODY, headers={"Idempotency-Key": key})
        assert (again.status_code, again.json) == (201, first)
        assert again.headers["ETag"] == f'"{first["id"]}-1"'

    def test_keys_of_two_callers_are_two_keys(self, keeping: FlaskClient) -> None:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        made = {keeping.post("/v1/scenarios", json=BODY, headers=key | by(who)).json["id"] for who in ("ann", "bob")}
        assert len(made) == 2

    def test_a_race_of_the_same_key_makes_one(self, keeping_app: Flask) -> None:
        key = uuid.uuid4().hex
        name = uuid.uuid4().hex
        with ThreadPoolExecutor(16) as pool:
            made = list(
                pool.map(lambda _: create(keeping_app.test_client(), {"name": name}, Idempotency_Key=key), range(16))
            )
        assert [one for one in made if one != made[0]] == []
        assert len(keeping_app.test_client().get(f"/v1/scenarios?q={name}").json["items"]) == 1

    @pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
    def test_a_key_that_is_none_is_refused(self, keeping: FlaskClient, key: str) -> None:
        response = keeping.post("/v1/scenarios", json=BODY, headers={"Idempotency-Key": key})
        check_problem(response, 422, "invalid-input", ("Idempotency-Key",))


class TestReplace:
    def test_a_new_version_is_written_and_the_old_one_stays(self, keeping: FlaskClient) -> None:
        made = create(keeping, {"based_on": "stall"})
        response = put(keeping, made["id"], f'"{made["id"]}-1"', name="other", levers=[], public=True)
        assert (response.status_code, response.headers["ETag"]) == (200, f'"{made["id"]}-2"')
        assert response.json["name"] == "other"
        assert response.json["based_on"] == "stall"
        assert keeping.get(f"/v1/scenarios/{made['id']}").json == response.json
        assert keeping.get(f"/v1/scenarios/{made['id']}/versions/1").json == made
        versions = keeping.get(f"/v1/scenarios/{made['id']}/versions").json
        assert versions == {"items": [response.json, made], "next": None}

    def test_the_versions_come_in_pages(self, keeping: FlaskClient) -> None:
        made = create(keeping)
        for number in range(2, 6):
            assert put(keeping, made["id"], "*", name=f"v{number}").status_code == 200
        following, found = f"/v1/scenarios/{made['id']}/versions?limit=2", []
        while following:
            page = keeping.get(following).json
            found += [item["version"] for item in page["items"]]
            following = page["next"]
        assert found == [5, 4, 3, 2, 1]

    def test_a_change_without_if_match_is_refused(self, keeping: FlaskClient) -> None:
        check_problem(put(keeping, create(keeping)["id"], None), 428, "precondition-required", ("If-Match",))

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    @pytest.mark.parametrize(
        ("tag", "status", "detail"),
        [
            ('"{}-2"', 412, "must be the ETag of the current version"),
            ('""', 412, "must be the ETag of the current version"),
            ('"x", "y"', 412, "must be the ETag of the current version"),
            ('W/"{}-1", "x"', 412, "must be the ETag of the current version"),
            ('W/"{}-1"', 412, 'must be a strong tag: a weak one, W/"...", never matches'),
            ('W/"x" , W/"{}-1"', 412, 'must be a strong tag: a weak one, W/"...", never matches'),
            *(
                (text, 400, 'must be * or the ETag as it was sent, in its quotes, such as "01jd...-3"')
                for text in ("{}-1", "'{}-1'", '"', "", '"{}-1" "x"', 'w/"{}-1"', '"x",', "**", '*, "x"')
            ),
        ],
    )
    def test_a_change_of_a_version_that_is_not_current_is_refused(
        self, keeping: FlaskClient, tag: str, status: int, detail: str, method: str
    ) -> None:
        made = create(keeping)
        where, headers = f"/v1/scenarios/{made['id']}", {"If-Match": tag.format(made["id"])}
        answer = keeping.open(where, method=method, json=BODY if method == "PUT" else None, headers=headers)
        check_problem(answer, status, "malformed" if status == 400 else "precondition-failed", ("If-Match",))
        assert answer.json["errors"][0]["detail"] == detail
        assert keeping.get(where).json == made

    def test_a_weak_tag_says_nothing_of_a_scenario_of_others(self, keeping: FlaskClient) -> None:
        hidden, shown = create(keeping), create(keeping, {"public": True})
        weak = by("eve") | {"If-Match": 'W/"x"'}
        check_problem(keeping.put(f"/v1/scenarios/{hidden['id']}", json=BODY, headers=weak), *GONE)
        assert keeping.put(f"/v1/scenarios/{shown['id']}", json=BODY, headers=weak).status_code == 403

    def test_one_of_several_tags_is_enough(self, keeping: FlaskClient) -> None:
        made = create(keeping)
        assert put(keeping, made["id"], f'"other", "{made["id"]}-1"').status_code == 200


class TestDelete:
    def test_a_deleted_scenario_is_gone_with_its_versions(self, keeping: FlaskClient) -> None:
        made = create(keeping, {"public": True})
        where = f"/v1/scenarios/{made['id']}"
        check_problem(keeping.delete(where, headers={"If-Match": '"stale"'}), 412, "precondition-failed", ("If-Match",))
        response = keeping.delete(where, headers={"If-Match": f'"{made["id"]}-1"'})
        assert (response.status_code, response.data) == (204, b"")
        for path in ("", "/versions", "/versions/1", "/versions/1/forecast?country=DEU"):
            check_problem(keeping.get(where + path), *GONE)
        check_problem(keeping.delete(where), *GONE)
        check_problem(put(keeping, made["id"], None), *GONE)
        check_problem(keeping.post(where + "/fork"), *GONE)
        assert made["id"] not in {item["id"] for item in keeping.get("/v1/scenarios?owner=public").json["items"]}


class TestFork:
    def test_a_fork_is_a_copy_of_the_callers_own(self, keeping: FlaskClient) -> None:
        source = create(keeping, {"public": True, "levers": [PATH]})
        response = keeping.post(f"/v1/scenarios/{source['id']}/fork", headers=by("bob"))
        fork = response.json
        assert (response.status_code, response.headers["Location"]) == (201, f"/v1/scenarios/{fork['id']}")
        assert (fork["based_on"], fork["version"], fork["public"], fork["mine"]) == (source["id"], 1, False, True)
        assert (fork["name"], fork["description"], fork["levers"]) == (source["name"], source["description"], [PATH])
        check_problem(keeping.get(f"/v1/scenarios/{fork['id']}"), *GONE)

    @pytest.mark.parametrize("loss", ["deleted", "private"])
    def test_a_copy_is_changed_as_it_was_read_although_its_source_is_gone(
        self, keeping: FlaskClient, loss: str
    ) -> None:
        source = create(keeping, {"public": True})["id"]
        where = keeping.post(f"/v1/scenarios/{source}/fork", headers=by("bob")).headers["Location"]
        gone = keeping.delete(f"/v1/scenarios/{source}") if loss == "deleted" else put(keeping, source, "*")
        assert gone.status_code in {200, 204}
        read = keeping.get(where, headers=by("bob"))
        assert read.json["based_on"] == source
        draft = {name: read.json[name] for name in ("name", "description", "levers", "public", "based_on")}
        written = keeping.put(where, json=draft, headers=by("bob") | {"If-Match": read.headers["ETag"]})
        assert (written.status_code, written.json["based_on"]) == (200, source)
        asked = keeping.get(f"{where}/versions/2/forecast?country=DEU", headers=by("bob"))
        assert asked.status_code == 200
        anew = keeping.post("/v1/scenarios", json=draft, headers=by("bob"))
        check_problem(anew, 422, "unknown-scenario", ("/based_on",))

    def test_a_fork_may_have_a_name_of_its_own(self, keeping: FlaskClient) -> None:
        fork = keeping.post(f"/v1/scenarios/{create(keeping)['id']}/fork", json={"name": "mine", "public": True}).json
        assert (fork["name"], fork["public"]) == ("mine", True)

    def test_only_a_scenario_that_is_the_same_for_all_allies_can_be_forked(self, keeping: FlaskClient) -> None:
        name = next(iter(library()))
        shipped = keeping.get(f"/v1/scenarios/{name}").json
        fork = keeping.post(f"/v1/scenarios/{name}/fork").json
        assert (fork["based_on"], fork["name"], fork["levers"]) == (name, f"copy of {name}", shipped["levers"])
        check_problem(keeping.post("/v1/scenarios/national-plan/fork"), 409, "conflict", ())


class TestPrivacy:
    def test_what_is_private_does_not_exist_for_others(self, keeping: FlaskClient) -> None:
        made = create(keeping, X_Test_Caller="ann")
        where, bob = f"/v1/scenarios/{made['id']}", by("bob")
        unknown = f"/v1/scenarios/{'0' * 26}"
        for method, path, more in (
            ("GET", "", {}),
            ("GET", "/versions", {}),
            ("GET", "/versions/1", {}),
            ("GET", "/versions/1/forecast?country=DEU", {}),
            ("PUT", "", {"json": BODY}),
            ("DELETE", "", {}),
            ("POST", "/fork", {}),
        ):
            answers = [keeping.open(base + path, method=method, headers=bob, **more) for base in (where, unknown)]
            check_problem(answers[0], *GONE)
            private, absent = (answer.json | {"instance": ""} for answer in answers)
            assert private == absent
        assert keeping.get(where, headers=by("ann")).status_code == 200
        forecast = keeping.get(f"/v1/countries/DEU/forecast?scenario={made['id']}", headers=bob)
        check_problem(forecast, 422, "unknown-scenario", ("scenario",))
        based = keeping.post("/v1/scenarios", json=BODY | {"based_on": made["id"]}, headers=bob)
        check_problem(based, 422, "unknown-scenario", ("/based_on",))

    def test_what_is_public_is_read_by_all_and_changed_by_one(self, keeping: FlaskClient) -> None:
        made = create(keeping, {"public": True}, X_Test_Caller="ann")
        where, bob = f"/v1/scenarios/{made['id']}", by("bob")
        assert keeping.get(where, headers=bob).json == made | {"mine": False}
        any_version = {"If-Match": "*"}
        check_problem(keeping.put(where, json=BODY, headers=bob | any_version), 403, "forbidden", ())
        check_problem(keeping.put(where, json=BODY, headers=bob), 403, "forbidden", ())
        check_problem(keeping.delete(where, headers=bob), 403, "forbidden", ())
        assert keeping.get(where, headers=by("ann")).json == made

    def test_versions_from_before_a_scenario_was_public_stay_private(self, keeping: FlaskClient) -> None:
        made = create(keeping, {"name": "draft"}, X_Test_Caller="ann")
        where, bob = f"/v1/scenarios/{made['id']}", by("bob")
        ann = by("ann") | {"If-Match": "*"}
        assert keeping.put(where, json=BODY | {"public": True}, headers=ann).status_code == 200
        assert [one["version"] for one in keeping.get(where + "/versions", headers=bob).json["items"]] == [2]
        check_problem(keeping.get(where + "/versions/1", headers=bob), *GONE)
        assert keeping.put(where, json=BODY, headers=ann).status_code == 200
        check_problem(keeping.get(where + "/versions/2", headers=bob), *GONE)


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "where"),
        [
            ({"name": ""}, "/name"),
            ({"name": "x" * 101}, "/name"),
            ({"name": "a\x00b"}, "/name"),
            ({"name": None}, "/name"),
            ({"description": "x" * 2001}, "/description"),
            ({"description": "\x00"}, "/description"),
            ({"levers": [{"type": "magic"}]}, "/levers/0/type"),
            ({"public": "yes"}, "/public"),
            ({"public": 1}, "/public"),
            ({"based_on": "doom"}, "/based_on"),
            ({"based_on": ""}, "/based_on"),
            ({"id": "x"}, "/id"),
        ],
    )
    def test_a_bad_scenario_is_refused_by_field(self, keeping: FlaskClient, change: dict[str, Any], where: str) -> None:
        made = create(keeping)
        check_problem(keeping.post("/v1/scenarios", json=BODY | change), 422, "invalid-input", (where,))
        check_problem(put(keeping, made["id"], "*", **change), 422, "invalid-input", (where,))

    def test_levers_that_contradict_are_refused(self, keeping: FlaskClient) -> None:
        levers = [{"type": "floor", "share_pct": 3}, {"type": "cap", "share_pct": 2}]
        check_problem(
            keeping.post("/v1/scenarios", json=BODY | {"levers": levers}), 422, "contradictory-levers", ("/levers/1",)
        )

    def test_a_scenario_may_say_which_model_and_vintage_it_is_written_for(self, keeping: FlaskClient) -> None:
        made = create(keeping, {"model_version": "1", "vintage": "nato-2025"})
        assert (made["model_version"], made["vintage"]) == ("1", "nato-2025")
        for change, where in (({"model_version": "\x00"}, "/model_version"), ({"vintage": "nato-1949"}, "/vintage")):
            check_problem(keeping.post("/v1/scenarios", json=BODY | change), 422, "invalid-input", (where,))

    def test_a_name_is_needed(self, keeping: FlaskClient) -> None:
        check_problem(keeping.post("/v1/scenarios", json={"levers": []}), 422, "invalid-input", ("",))

    @pytest.mark.parametrize("identifier", ["x", "0" * 25, "0" * 27, "O" * 26, "%00", "0" * 26, "0" * 26 + "%0A"])
    def test_an_unknown_id_is_404(self, keeping: FlaskClient, identifier: str) -> None:
        check_problem(keeping.get(f"/v1/scenarios/{identifier}"), *GONE)

    @pytest.mark.parametrize("number", [0, 2, 2**31, 10**30])
    def test_an_unknown_version_is_404(self, keeping: FlaskClient, number: int) -> None:
        check_problem(keeping.get(f"/v1/scenarios/{create(keeping)['id']}/versions/{number}"), *GONE)
