"""Versions of a saved scenario: what changed between two, and going back to an older one."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.forecast_service.api.test_bad_input import check_problem
from tests.forecast_service.api.test_scenarios import CAP, GONE, PATH, by, create, put
from tests.support.patches import applied

OF_EACH = {"version", "updated_at"}


def says(version: dict[str, Any]) -> dict[str, Any]:
    """What a version says, without its number and time."""
    return {name: value for name, value in version.items() if name not in OF_EACH}


def changed(client: FlaskClient) -> str:
    """The id of a scenario with three versions."""
    made = create(client, {"levers": [CAP, PATH], "vintage": "nato-2025"})
    assert put(client, made["id"], "*", levers=[CAP | {"share_pct": 2.5}, PATH], public=True).status_code == 200
    assert put(client, made["id"], "*", name="other", levers=[PATH], pledge_effect=False).status_code == 200
    return str(made["id"])


@pytest.mark.parametrize(("a", "b"), [(1, 2), (2, 1), (1, 3), (3, 1), (2, 2)])
def test_the_difference_of_two_versions_makes_one_of_the_other(keeping: FlaskClient, a: int, b: int) -> None:
    address = f"/v1/scenarios/{changed(keeping)}/versions"
    answer = keeping.get(f"{address}/{a}/diff/{b}")
    assert answer.status_code == 200
    assert (answer.json["before"], answer.json["after"]) == (a, b)
    first, second = (says(keeping.get(f"{address}/{number}").json) for number in (a, b))
    assert applied(answer.json["patch"], first) == second
    again = keeping.get(f"{address}/{a}/diff/{b}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_it_names_each_field_that_changed_and_what_it_was(keeping: FlaskClient) -> None:
    patch = keeping.get(f"/v1/scenarios/{changed(keeping)}/versions/1/diff/2").json["patch"]
    assert sorted(patch, key=lambda one: one["path"]) == [
        {"op": "replace", "path": "/levers/0/share_pct", "before": 2.0, "value": 2.5},
        {"op": "replace", "path": "/public", "before": False, "value": True},
        {"op": "replace", "path": "/vintage", "before": "nato-2025", "value": "nato-2026"},
    ]


@pytest.mark.parametrize(
    "pair", ["1/diff/4", "4/diff/1", "0/diff/1", "1/diff/99999999999", "1/diff/x", "1/diff/01", "1/diff"]
)
def test_what_is_no_version_has_no_difference(keeping: FlaskClient, pair: str) -> None:
    assert keeping.get(f"/v1/scenarios/{changed(keeping)}/versions/{pair}").status_code == 404


def test_a_private_version_is_compared_by_its_owner_alone(keeping: FlaskClient) -> None:
    made = create(keeping)
    for number in (2, 3):
        assert put(keeping, made["id"], "*", name=f"v{number}", public=True).status_code == 200
    address = f"/v1/scenarios/{made['id']}/versions"
    check_problem(keeping.get(f"{address}/1/diff/2", headers=by("eve")), *GONE)
    check_problem(keeping.get(f"{address}/2/diff/1", headers=by("eve")), *GONE)
    assert keeping.get(f"{address}/2/diff/3", headers=by("eve")).json["patch"][0]["value"] == "v3"


def revert(client: FlaskClient, identifier: str, number: int | str, match: str | None, **headers: str) -> Any:
    sent = headers | ({} if match is None else {"If-Match": match})
    return client.post(f"/v1/scenarios/{identifier}/versions/{number}/revert", headers=sent)


def test_going_back_writes_a_version_that_says_the_same(keeping: FlaskClient) -> None:
    identifier = changed(keeping)
    address = f"/v1/scenarios/{identifier}"
    before = keeping.get(f"{address}/versions").json["items"]
    answer = revert(keeping, identifier, 1, f'"{identifier}-3"')
    assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{identifier}-4"')
    assert answer.json["version"] == 4
    assert (answer.json["vintage"], answer.json["public"]) == ("nato-2025", False)
    assert keeping.get(address).json == answer.json
    assert says(answer.json) == says(before[-1])
    assert keeping.get(f"{address}/versions/1/diff/4").json["patch"] == []
    assert keeping.get(f"{address}/versions").json["items"] == [answer.json, *before], "no version is lost"


def test_search_and_list_follow(keeping: FlaskClient) -> None:
    made = create(keeping, {"name": "zebra one"}, X_Test_Caller="zoe")
    headers = {"If-Match": "*"} | by("zoe")
    keeping.put(f"/v1/scenarios/{made['id']}", json={"name": "yak two", "levers": []}, headers=headers)
    assert revert(keeping, made["id"], 1, "*", **by("zoe")).status_code == 200

    def found(text: str) -> list[str]:
        items = keeping.get(f"/v1/scenarios?owner=me&q={text}", headers=by("zoe")).json["items"]
        return [item["name"] for item in items]

    assert (found("zebra"), found("yak")) == (["zebra one"], [])


@pytest.mark.parametrize(
    ("match", "status", "kind"),
    [
        (None, 428, "precondition-required"),
        ('"{}-1"', 412, "precondition-failed"),
        ('W/"{}-3"', 412, "precondition-failed"),
        ("no tag", 400, "malformed"),
    ],
)
def test_going_back_needs_the_current_version(keeping: FlaskClient, match: str | None, status: int, kind: str) -> None:
    identifier = changed(keeping)
    answer = revert(keeping, identifier, 1, match and match.format(identifier))
    check_problem(answer, status, kind, ("If-Match",))
    assert keeping.get(f"/v1/scenarios/{identifier}").json["version"] == 3


def test_sent_again_it_changes_nothing_more(keeping: FlaskClient) -> None:
    identifier = changed(keeping)
    answers = [revert(keeping, identifier, 2, f'"{identifier}-3"').status_code for _ in range(2)]
    assert answers == [200, 412]
    assert keeping.get(f"/v1/scenarios/{identifier}").json["version"] == 4


def test_only_the_owner_goes_back(keeping: FlaskClient) -> None:
    made = create(keeping, {"public": True})
    assert put(keeping, made["id"], "*", name="v2", public=True).status_code == 200
    for match in ("*", None):
        check_problem(revert(keeping, made["id"], 1, match, **by("eve")), 403, "forbidden", ())
    private = changed(keeping)
    check_problem(revert(keeping, private, 1, "*", **by("eve")), *GONE)


@pytest.mark.parametrize("number", [4, 0, 99_999_999_999])
def test_there_is_no_going_back_to_what_never_was(keeping: FlaskClient, number: int) -> None:
    check_problem(revert(keeping, changed(keeping), number, "*"), *GONE)
