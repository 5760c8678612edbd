"""Bad input: each is a 4xx problem that names the field, leaks nothing, and leaves the service answering."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from forecast_service.http.parsing import NO_QUERY

CAP = {"type": "cap", "share_pct": 2.0}
LEAKS = (
    "Traceback",
    'File "',
    "Error(",
    "Exception",
    "ValueError",
    "KeyError",
    "marshmallow",
    "werkzeug",
    "site-packages",
)


def body(**question: Any) -> bytes:
    return json.dumps({"country": "DEU", **question}).encode()


def levers(*items: Any) -> bytes:
    return body(scenario={"levers": list(items)})


def raw(member: bytes) -> bytes:
    """A question whose last member is written as given: what json.dumps would not write."""
    return b'{"country": "DEU", ' + member + b"}"


def named(kind: str, *where: str) -> tuple[int, str, tuple[str, ...]]:
    status = {"malformed": 400, "too-large": 413, "unsupported-media-type": 415}.get(kind, 422)
    return status, kind, where


def alternating(low: float, high: float) -> dict[str, float]:
    """Figures of twenty years, low in one and high in the next."""
    return {str(2007 + i): (low, high)[i % 2] for i in range(20)}


INVALID = "invalid-input"
FROZEN = {"type": "freeze", "what": "share"}

POSTED = [
    # The country.
    pytest.param(b'{"country": "ZZZ"}', named("unknown-country", "/country"), id="unknown country"),
    pytest.param(b'{"country": "Austria"}', named("unknown-country", "/country"), id="country that is no ally"),
    pytest.param(b'{"country": "--"}', named("unknown-country", "/country"), id="country of punctuation"),
    pytest.param(b'{"country": ""}', named(INVALID, "/country"), id="empty country"),
    pytest.param(b'{"country": 276}', named(INVALID, "/country"), id="country is a number"),
    pytest.param(b'{"country": null}', named(INVALID, ""), id="country is null"),
    pytest.param(b'{"country": ["DEU"]}', named(INVALID, "/country"), id="country is a list"),
    pytest.param(b"{}", named(INVALID, ""), id="no country"),
    # Deadline and origin.
    pytest.param(body(targets={"deadline": 2020}), named(INVALID, "/targets/deadline"), id="deadline in the past"),
    pytest.param(body(targets={"deadline": 2026}), named(INVALID, "/targets/deadline"), id="deadline is the origin"),
    pytest.param(body(targets={"deadline": 2061}), named(INVALID, "/targets/deadline"), id="deadline beyond 2060"),
    pytest.param(body(targets={"deadline": "2035"}), named(INVALID, "/targets/deadline"), id="deadline is text"),
    pytest.param(body(targets={"deadline": 2035.5}), named(INVALID, "/targets/deadline"), id="deadline is a fraction"),
    pytest.param(body(targets={"deadline": True}), named(INVALID, "/targets/deadline"), id="deadline is a boolean"),
    pytest.param(body(targets={"deadline": 10**400}), named(INVALID, "/targets/deadline"), id="deadline is huge"),
    pytest.param(raw(b'"targets": {"deadline": 1e999}'), named(INVALID, "/targets/deadline"), id="deadline overflows"),
    pytest.param(body(origin=2027), named(INVALID, "/origin"), id="origin after the figures"),
    pytest.param(body(origin=1990), named(INVALID, "/origin"), id="origin before the figures"),
    pytest.param(b'{"country": "MNE", "origin": 2005}', named(INVALID, "/origin"), id="origin without a history"),
    # Thresholds.
    pytest.param(body(targets={"core": 0}), named(INVALID, "/targets/core"), id="threshold zero"),
    pytest.param(body(targets={"core": -1}), named(INVALID, "/targets/core"), id="threshold negative"),
    pytest.param(body(targets={"related": 100.1}), named(INVALID, "/targets/related"), id="threshold above 100"),
    pytest.param(body(targets={"core": "3.5"}), named(INVALID, "/targets/core"), id="threshold is text"),
    pytest.param(body(targets={"core": True}), named(INVALID, "/targets/core"), id="threshold is a boolean"),
    pytest.param(body(targets={"core": 10**400}), named(INVALID, "/targets/core"), id="threshold is huge"),
    pytest.param(raw(b'"targets": {"core": 1e999}'), named(INVALID, "/targets/core"), id="threshold overflows"),
    pytest.param(raw(b'"targets": {"core": NaN}'), named("malformed", ""), id="NaN"),
    pytest.param(raw(b'"targets": {"core": Infinity}'), named("malformed", ""), id="Infinity"),
    pytest.param(raw(b'"targets": {"core": -Infinity}'), named("malformed", ""), id="minus Infinity"),
    pytest.param(body(targets=[]), named(INVALID, "/targets"), id="targets is a list"),
    pytest.param(body(targets={"total": 5}), named(INVALID, "/targets/total"), id="unknown target"),
    # Quantiles.
    pytest.param(body(quantiles=[]), named(INVALID, "/quantiles"), id="no quantiles"),
    pytest.param(body(quantiles=[0.5, 1]), named(INVALID, "/quantiles/1"), id="quantile one"),
    pytest.param(body(quantiles=[0]), named(INVALID, "/quantiles/0"), id="quantile zero"),
    pytest.param(body(quantiles=0.5), named(INVALID, "/quantiles"), id="quantiles is a number"),
    pytest.param(body(quantiles=[2] * 100_000), named(INVALID, "/quantiles"), id="100,000 quantiles"),
    # Scenarios and levers.
    pytest.param(body(scenario="doom"), named(INVALID, "/scenario"), id="unknown scenario"),
    pytest.param(body(scenario=1), named(INVALID, "/scenario"), id="scenario is a number"),
    pytest.param(body(scenario={"name": "x"}), named(INVALID, "/scenario"), id="scenario without levers"),
    pytest.param(body(scenario={"name": "", "levers": []}), named(INVALID, "/scenario/name"), id="empty name"),
    pytest.param(
        body(scenario={"name": "x" * 101, "levers": []}), named(INVALID, "/scenario/name"), id="name too long"
    ),
    pytest.param(body(scenario={"levers": {}}), named(INVALID, "/scenario/levers"), id="levers is an object"),
    pytest.param(levers({"type": "magic"}), named(INVALID, "/scenario/levers/0/type"), id="unknown lever"),
    pytest.param(levers({"share_pct": 2}), named(INVALID, "/scenario/levers/0"), id="lever without type"),
    pytest.param(levers(CAP, "cap"), named(INVALID, "/scenario/levers/1"), id="lever is text"),
    pytest.param(levers({"type": ["cap"]}), named(INVALID, "/scenario/levers/0/type"), id="type is a list"),
    pytest.param(levers(CAP | {"extra": 1}), named(INVALID, "/scenario/levers/0/extra"), id="unknown value of a lever"),
    pytest.param(levers(CAP | {"share_pct": 0}), named(INVALID, "/scenario/levers/0/share_pct"), id="cap at zero"),
    pytest.param(
        levers(CAP | {"component": "total"}), named(INVALID, "/scenario/levers/0/component"), id="lever on the total"
    ),
    pytest.param(levers(CAP | {"from": 2030, "to": 2028}), named(INVALID, "/scenario/levers/0/to"), id="from after to"),
    pytest.param(levers(CAP | {"from": "2030"}), named(INVALID, "/scenario/levers/0/from"), id="from is text"),
    pytest.param(levers(CAP | {"countries": []}), named(INVALID, "/scenario/levers/0/countries"), id="no countries"),
    pytest.param(levers(CAP | {"after": "stop"}), named(INVALID, "/scenario/levers/0/after"), id="unknown after"),
    pytest.param(
        body(scenario={"levers": [CAP], "components": []}), named(INVALID, "/scenario/components"), id="no components"
    ),
    pytest.param(levers(*[CAP] * 10_000), named(INVALID, "/scenario/levers"), id="10,000 levers"),
    pytest.param(levers(*[{"type": "magic"}] * 10_000), named(INVALID, "/scenario/levers"), id="10,000 bad levers"),
    pytest.param(
        levers({"type": "share_path", "points": {}}), named(INVALID, "/scenario/levers/0/points"), id="no points"
    ),
    pytest.param(
        levers({"type": "share_path", "points": {"2061": 3}}),
        named(INVALID, "/scenario/levers/0/points/2061"),
        id="point beyond 2060",
    ),
    pytest.param(
        levers({"type": "share_path", "points": {"2030": -3}}),
        named(INVALID, "/scenario/levers/0/points/2030"),
        id="negative point",
    ),
    pytest.param(
        levers({"type": "gdp_growth", "change_pp": 1, "rate_pct": 2}),
        named(INVALID, "/scenario/levers/0"),
        id="both change and rate",
    ),
    pytest.param(levers({"type": "spending_growth"}), named(INVALID, "/scenario/levers/0"), id="no change or rate"),
    pytest.param(
        levers({"type": "spending_growth", "rate_pct": -100}),
        named(INVALID, "/scenario/levers/0/rate_pct"),
        id="growth of minus 100 %",
    ),
    pytest.param(
        levers({"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": 1.1}),
        named(INVALID, "/scenario/levers/0/credibility"),
        id="credibility above one",
    ),
    pytest.param(
        levers({"type": "floor", "share_pct": 3}, {"type": "cap", "share_pct": 2}),
        named("contradictory-levers", "/scenario/levers/1"),
        id="floor above cap",
    ),
    pytest.param(
        levers(FROZEN, {"type": "share_path", "points": {"2030": 3}}),
        named("contradictory-levers", "/scenario/levers/1"),
        id="freeze and share path of the same years",
    ),
    pytest.param(
        levers({"type": "gdp_growth", "rate_pct": 1}, {"type": "gdp_growth", "rate_pct": 2}),
        named("contradictory-levers", "/scenario/levers/1"),
        id="two growths of the same years",
    ),
    # Figures and levers that lead beyond all numbers.
    *(
        pytest.param(body(history=alternating(*ends)), named(INVALID, "/history"), id=f"history between {ends}")
        for ends in ((1e-3, 1e3), (1e-6, 1e12))
    ),
    pytest.param(
        levers(*[{"type": "shock", "spread_factor": 5}] * 20, {"type": "cap", "share_pct": 2}),
        named(INVALID, "/scenario/levers/11"),
        id="twenty shocks of factor 5",
    ),
    # The body as such.
    pytest.param(b"", named("malformed", ""), id="empty body"),
    pytest.param(b"{", named("malformed", ""), id="half a body"),
    pytest.param(b"[]", named("malformed", ""), id="body is a list"),
    pytest.param(b"null", named("malformed", ""), id="body is null"),
    pytest.param(b'{"country": "D\xcb"}', named("malformed", ""), id="not UTF-8"),
    pytest.param(body().decode().encode("utf-16"), named("malformed", ""), id="UTF-16"),
    pytest.param(raw(b'"scenario": {"name": "\\ud800", "levers": []}'), named("malformed", ""), id="half a surrogate"),
    pytest.param(b"[" * 100_000, named("malformed", ""), id="deep lists"),
    pytest.param(b'{"country":' * 50_000, named("malformed", ""), id="deep objects"),
    pytest.param(raw(b'"origin": ' + b"9" * 5000), named("malformed", ""), id="integer of 5,000 digits"),
    pytest.param(b'{"country": "DEU", "country": "FRA"}', named("malformed", ""), id="duplicate key"),
    pytest.param(
        raw(b'"scenario": {"levers": [{"type": "share_path", "points": {"2030": 2, "2030": 3}}]}'),
        named("malformed", ""),
        id="duplicate years",
    ),
    pytest.param(body(countrey="FRA"), named(INVALID, "/countrey"), id="unknown member"),
    pytest.param(body(**{"a/b~c": 1}), named(INVALID, "/a~1b~0c"), id="unknown member with slash and tilde"),
    pytest.param(body(pad="x" * 2_000_000), named("too-large"), id="2 MB body"),
]


def check_problem(response: Any, status: int, kind: str, where: tuple[str, ...]) -> None:
    assert (response.status_code, response.content_type) == (status, "application/problem+json"), response.text[:500]
    problem = json.loads(response.data)
    assert problem["type"] == f"urn:forecast-service:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    found = [error.get("pointer", error.get("parameter")) for error in problem.get("errors", [])]
    assert found == list(where), problem
    assert all(error["detail"] for error in problem.get("errors", []))
    assert not [leak for leak in LEAKS if leak in response.text]
    assert len(response.data) < 20_000


def check_still_answers(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.post("/v1/forecasts", json={"country": "DEU"}).status_code == 200


@pytest.mark.parametrize(("sent", "expected"), POSTED)
def test_a_bad_body_is_refused_by_field(
    client: FlaskClient, sent: bytes, expected: tuple[int, str, tuple[str, ...]]
) -> None:
    check_problem(client.post("/v1/forecasts", data=sent, content_type="application/json"), *expected)
    check_still_answers(client)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("deadline=2020", "deadline"),
        ("deadline=2061", "deadline"),
        ("deadline=soon", "deadline"),
        ("deadline=", "deadline"),
        ("deadline=2_035", "deadline"),
        ("deadline=%D9%A2%D9%A0%D9%A3%D9%A5", "deadline"),
        ("deadline=2035.5", "deadline"),
        ("deadline=true", "deadline"),
        ("deadline=" + "9" * 5000, "deadline"),
        ("origin=2030", "origin"),
        ("origin=1999&deadline=2000", "origin"),
        ("core=0", "core"),
        ("core=-1", "core"),
        ("core=101", "core"),
        ("core=NaN", "core"),
        ("core=Infinity", "core"),
        ("core=1e999", "core"),
        ("core=1_0", "core"),
        ("core=%203", "core"),
        ("core=3,5", "core"),
        ("core=", "core"),
        ("core=2&core=3", "core"),
        ("related=0.001", "related"),
        ("rule=loose", "rule"),
        ("rule=", "rule"),
        ("rule=strict&rule=broad", "rule"),
        ("scenario=doom", "scenario"),
        ("scenario=", "scenario"),
        ("scenario=baseline%00", "scenario"),
        ("quantiles=", "quantiles"),
        ("quantiles=0.5,", "quantiles"),
        ("quantiles=0.5;0.9", "quantiles"),
        ("quantiles=1", "quantiles"),
        ("quantiles=" + ",".join(["0.5"] * 26), "quantiles"),
        ("thresold=3", "thresold"),
        ("Deadline=2030", "Deadline"),
    ],
)
def test_a_bad_query_is_refused_by_name(client: FlaskClient, query: str, where: str) -> None:
    check_problem(client.get(f"/v1/countries/CZE/forecast?{query}"), *named(INVALID, where))
    check_still_answers(client)


@pytest.mark.parametrize("query", ["vintage=nato-1949", "vintage=", "vintage=nato-2025&vintage=nato-2026", "x=1"])
def test_a_bad_query_of_the_history_is_refused(client: FlaskClient, query: str) -> None:
    check_problem(client.get(f"/v1/countries/DEU/history?{query}"), *named(INVALID, query.split("=")[0]))


@pytest.mark.parametrize("code", ["ZZZ", "Austria", "%20", "%FF", "%00", "...", "'; DROP TABLE allies; --", "x" * 3000])
@pytest.mark.parametrize("path", ["", "/history", "/forecast"])
def test_an_unknown_country_in_the_path_is_404(client: FlaskClient, code: str, path: str) -> None:
    check_problem(client.get(f"/v1/countries/{code}{path}"), 404, "unknown-country", ("code",))
    check_still_answers(client)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", None]
)
def test_a_wrong_content_type_is_415(client: FlaskClient, content_type: str | None) -> None:
    response = client.post("/v1/forecasts", data=body(), content_type=content_type)
    check_problem(response, *named("unsupported-media-type", "Content-Type"))
    assert response.json["errors"][0]["detail"] == "must be application/json"
    check_still_answers(client)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "zstd", "deflate, gzip"])
@pytest.mark.parametrize("address", ["/v1/forecasts", "/v1/forecasts/batch", "/v1/vintages?source=csv"])
def test_a_compressed_body_is_415_and_says_so(client: FlaskClient, address: str, coding: str) -> None:
    kind = "text/csv" if "vintages" in address else "application/json"
    response = client.post(address, data=gzip.compress(body()), content_type=kind, headers={"Content-Encoding": coding})
    check_problem(response, *named("unsupported-media-type", "Content-Encoding"))
    assert response.headers["Accept-Encoding"] == "identity"  # RFC 9110, 15.5.16
    assert f"takes no compressed body (here {coding.lower()})" in response.json["detail"]


def test_a_body_whose_coding_is_named_identity_is_read(client: FlaskClient) -> None:
    headers = {"Content-Encoding": "identity", "Content-Type": "application/json"}
    assert client.post("/v1/forecasts", data=body(), headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (b"", "The body is empty; a JSON object is expected."),
        (b" \n ", "The body is empty; a JSON object is expected."),
        (b"[]", "The body must be a JSON object, and is a list."),
        (b"null", "The body must be a JSON object, and is null."),
        (b"5", "The body must be a JSON object, and is a number."),
        (b"\xef\xbb\xbf{}", "The text begins with a byte order mark (EF BB BF): leave it out."),
        (b'{"country": "DEU",\n "origin" 2026}', "The text is not JSON: line 2, column 11: a colon is expected."),
        (gzip.compress(body(), mtime=0), "The text is compressed (gzip): send it uncompressed, as UTF-8."),
    ],
)
def test_a_body_that_is_no_json_says_what_is_wrong(client: FlaskClient, sent: bytes, detail: str) -> None:
    response = client.post("/v1/forecasts", data=sent, content_type="application/json")
    assert (response.status_code, response.json["detail"]) == (400, detail)
    assert response.json["errors"] == [{"pointer": "", "detail": detail}]


def test_a_query_beside_a_body_is_refused(client: FlaskClient) -> None:
    check_problem(client.post("/v1/forecasts?deadline=2030", json={"country": "DEU"}), *named(INVALID, "deadline"))


@pytest.mark.parametrize("path", ["/v1/countries", "/v1/countries/DEU", "/v1/track-record", "/healthz", "/version"])
def test_a_query_where_none_is_read_is_refused(client: FlaskClient, path: str) -> None:
    problem = client.get(f"{path}?surprise=1")
    assert problem.status_code == 422
    assert problem.json["errors"] == [{"parameter": "surprise", "detail": NO_QUERY}]


def test_every_offending_field_is_named(client: FlaskClient) -> None:
    problem = client.post("/v1/forecasts", json={"country": 1, "origin": "x", "targets": {"core": -1}}).json
    assert {error["pointer"] for error in problem["errors"]} == {"/country", "/origin", "/targets/core"}


def test_no_answer_grows_with_the_number_of_mistakes(client: FlaskClient) -> None:
    response = client.post("/v1/forecasts", json={f"key{i}": i for i in range(20_000)})
    assert response.status_code == 422
    assert len(response.json["errors"]) == 50
