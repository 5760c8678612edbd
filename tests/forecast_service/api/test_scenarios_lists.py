"""Lists of scenarios: every one once, in pages, by owner, origin and search."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.scenarios.builtin import named_scenarios
from tests.forecast_service.api.test_bad_input import check_problem
from tests.forecast_service.api.test_scenarios import BODY, by, create


def walk(client: FlaskClient, query: str, caller: str) -> list[dict[str, Any]]:
    """The items of all pages."""
    found, following = [], f"/v1/scenarios?{query}"
    while following:
        response = client.get(following, headers=by(caller))
        assert response.status_code == 200, response.text
        found += response.json["items"]
        following = response.json["next"]
        assert following is None or following.startswith("/v1/scenarios?")
    return found


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


@pytest.fixture
def ann() -> str:
    """A caller whom no other test knows."""
    return f"ann-{uuid.uuid4().hex}"


@pytest.mark.parametrize("limit", [1, 2, 7, 200])
def test_every_page_goes_on_where_the_last_ended(keeping: FlaskClient, ann: str, limit: int) -> None:
    made = [create(keeping, {"name": f"n{i}"}, X_Test_Caller=ann)["id"] for i in range(5)]
    assert [item["id"] for item in walk(keeping, f"owner=me&limit={limit}", ann)] == made[::-1]
    everything = walk(keeping, f"limit={max(limit, 50)}", ann)
    assert [item["id"] for item in everything[: len(named_scenarios())]] == list(named_scenarios())
    assert [item["kind"] for item in everything[: len(named_scenarios())]] == ["shipped"] * len(named_scenarios())
    kept = [item["id"] for item in everything[len(named_scenarios()) :]]
    assert kept == sorted(set(kept), reverse=True)
    assert set(made) <= set(kept)


def test_lists_are_filtered_by_owner(keeping: FlaskClient, ann: str) -> None:
    private = create(keeping, {"name": "private"}, X_Test_Caller=ann)["id"]
    public = create(keeping, {"name": "public", "public": True}, X_Test_Caller=ann)["id"]
    other = create(keeping, {"public": True}, X_Test_Caller=ann + "2")["id"]
    secret = create(keeping, X_Test_Caller=ann + "2")["id"]

    def ids(query: str) -> set[str]:
        return {item["id"] for item in walk(keeping, query + "limit=200", ann)}

    assert ids("owner=me&") == {private, public}
    assert ids("owner=public&") >= {public, other}
    assert not ids("owner=public&") & {private, secret}
    assert ids("owner=shipped&") == set(named_scenarios())
    assert ids("") >= {private, public, other} | set(named_scenarios())
    assert secret not in ids("")


def test_lists_are_filtered_by_what_scenarios_derive_from(keeping: FlaskClient, ann: str) -> None:
    base = create(keeping, X_Test_Caller=ann)["id"]
    forks = [
        keeping.post(f"/v1/scenarios/{base}/fork", json={"name": f"f{i}"}, headers=by(ann)).json["id"] for i in range(3)
    ]
    assert [item["id"] for item in walk(keeping, f"based_on={base}&limit=2", ann)] == forks[::-1]
    assert walk(keeping, f"based_on={base}", "somebody else") == []
    stall = create(keeping, {"based_on": "stall"}, X_Test_Caller=ann)["id"]
    assert [item["id"] for item in walk(keeping, "based_on=stall&owner=me", ann)] == [stall]


class TestSearch:
    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("half", ["Half way", "half-hearted", "More than half"]),
            ("HALF W", ["Half way"]),
            ("way", ["Half way"]),
            ("hearted", ["half-hearted"]),
            ("3.5", ["3.5 by 2030"]),
            ("élan", ["Élan vital"]),
            ("e\u0301lan", ["Élan vital"]),
            ("alf", []),
            ("half%", []),
            ("_", []),
            ("\U0001f680", []),
            ("strasse", ["Straße"]),
        ],
    )
    def test_names_are_found_from_any_word_on(self, keeping: FlaskClient, ann: str, q: str, found: list[str]) -> None:
        for name in ("Half way", "half-hearted", "More than half", "3.5 by 2030", "Élan vital", "Straße"):
            create(keeping, {"name": name}, X_Test_Caller=ann)
        response = keeping.get("/v1/scenarios", query_string={"q": q, "owner": "me"}, headers=by(ann))
        assert sorted(names(response.json["items"])) == sorted(found)

    def test_a_search_finds_shipped_scenarios_too(self, keeping: FlaskClient, ann: str) -> None:
        assert "national-plan" in names(walk(keeping, "q=plan", ann))

    def test_pages_hold_each_once_though_two_of_its_words_match(self, keeping: FlaskClient, ann: str) -> None:
        made = [create(keeping, {"name": f"twice twice {i}"}, X_Test_Caller=ann)["id"] for i in range(7)]
        for limit in (1, 2, 3, 50):
            found = [item["id"] for item in walk(keeping, f"q=twice&owner=me&limit={limit}", ann)]
            assert sorted(found) == sorted(made)

    def test_a_search_follows_changes(self, keeping: FlaskClient, ann: str) -> None:
        made = create(keeping, {"name": "before", "public": True}, X_Test_Caller=ann)
        where, headers = f"/v1/scenarios/{made['id']}", by(ann) | {"If-Match": "*"}
        bob = ann + "2"
        assert names(walk(keeping, "q=before&owner=public", bob)).count("before")
        assert keeping.put(where, json=BODY | {"name": "after"}, headers=headers).status_code == 200
        assert [walk(keeping, f"q={q}&owner=me", ann) for q in ("before",)] == [[]]
        assert names(walk(keeping, "q=after&owner=me", ann)) == ["after"]
        assert made["id"] not in {item["id"] for item in walk(keeping, "q=after", bob)}
        assert keeping.delete(where, headers=headers).status_code == 204
        assert walk(keeping, "q=after&owner=me", ann) == []


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def test_a_cursor_of_another_list_is_refused(keeping: FlaskClient, ann: str) -> None:
    for _ in range(2):
        create(keeping, X_Test_Caller=ann)
    following = keeping.get("/v1/scenarios?owner=me&limit=1", headers=by(ann)).json["next"]
    cursor = following.split("cursor=")[1].split("&")[0]
    assert keeping.get(f"/v1/scenarios?owner=me&cursor={cursor}", headers=by(ann)).status_code == 200
    check_problem(keeping.get(f"/v1/scenarios?owner=public&cursor={cursor}"), 422, "invalid-input", ("cursor",))
    digest = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    for parts in (
        ["kept", "a", "b"],
        ["shipped"],
        ["shipped", "x"],
        ["kept", "\x00"],
        ["kept", "\ud800"],
        [],
        ["x"],
        [1],
    ):
        bad = forged(digest, *parts)
        check_problem(keeping.get(f"/v1/scenarios?owner=me&cursor={bad}"), 422, "invalid-input", ("cursor",))
        where = f"/v1/scenarios/{create(keeping)['id']}/versions?cursor={bad}"
        check_problem(keeping.get(where), 422, "invalid-input", ("cursor",))


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=%C3%BC", "cursor"),
        ("cursor=" + "A" * 1001, "cursor"),
        ("q=", "q"),
        ("q=%00", "q"),
        ("q=" + "x" * 101, "q"),
        ("owner=you", "owner"),
        ("based_on=doom", "based_on"),
        ("x=1", "x"),
    ],
)
def test_a_bad_query_is_refused_by_name(keeping: FlaskClient, query: str, where: str) -> None:
    check_problem(keeping.get(f"/v1/scenarios?{query}"), 422, "invalid-input", (where,))
