"""HTTP as it should be: validators, caching, HEAD and OPTIONS, compression, CORS, limits."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forecast_service import create_app
from forecast_service.http.answers import EXTENSION, VALIDITY
from forecast_service.settings import BadSetting, Settings
from tests.support.service import DRAWS, FIT_TIMEOUT_S

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORECAST = "/v1/countries/DEU/forecast"
KEPT = [
    FORECAST,
    f"{FORECAST}?scenario=trend&deadline=2030",
    f"{FORECAST}.csv",
    f"{FORECAST}.csv-metadata.json",
    "/v1/countries",
    "/v1/countries/DEU",
    "/v1/countries/DEU/history",
    "/v1/countries/DEU/history.csv",
    "/v1/alliance/forecast",
    "/v1/alliance/forecast.csv",
    "/v1/track-record",
    "/openapi.json",
]
SAME = ("ETag", "Cache-Control", "Vary", "Link")
Make = Callable[..., Flask]


@pytest.fixture
def make(state_dir: Path) -> Make:
    """An application with other settings, on the fits of this run."""
    return lambda **more: create_app(Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, **more))


def unpacked(response: TestResponse) -> bytes:
    decoders: dict[str | None, Callable[[bytes], bytes]] = {
        "gzip": gzip.decompress,
        "zstd": zstd.decompress,
        None: lambda x: x,
    }
    return decoders[response.headers.get("Content-Encoding")](response.data)


@pytest.mark.parametrize("path", KEPT)
@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_what_a_client_has_is_not_sent_again(client: FlaskClient, path: str, encoding: str) -> None:
    accept = {"Accept-Encoding": encoding}
    first = client.get(path, headers=accept)
    assert first.status_code == 200
    assert first.headers["ETag"].startswith('"')  # strong
    for tag in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
        again = client.get(path, headers=accept | {"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
        assert {name: again.headers.get(name) for name in SAME} == {name: first.headers.get(name) for name in SAME}
        assert "Content-Type" not in again.headers
    assert client.get(path, headers=accept | {"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", [*KEPT, "/healthz", "/version", "/v1/scenarios", "/v1/countries/XXX", "/nowhere"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_head_is_get_without_its_body(client: FlaskClient, path: str, encoding: str) -> None:
    get = client.get(path, headers={"Accept-Encoding": encoding, "X-Request-ID": "a"})
    head = client.head(path, headers={"Accept-Encoding": encoding, "X-Request-ID": "a"})
    assert head.data == b""
    del get.headers["Date"], head.headers["Date"]  # a second may end between the two
    assert (head.status_code, dict(head.headers)) == (get.status_code, dict(get.headers))
    assert int(get.headers["Content-Length"]) == len(get.data)


def test_the_tag_names_the_forecast_its_form_and_its_encoding(client: FlaskClient) -> None:
    identifier = client.get(FORECAST).json["id"]
    tags = [
        client.get(path, headers={"Accept-Encoding": encoding}).headers["ETag"]
        for path in (FORECAST, f"{FORECAST}.csv", f"{FORECAST}.csv-metadata.json")
        for encoding in ("identity", "gzip", "zstd")
    ]
    assert len(set(tags)) == len(tags)
    assert all(tag.startswith(f'"{identifier}-') for tag in tags)


def test_the_same_question_in_other_words_has_the_same_tag(client: FlaskClient) -> None:
    paths = (FORECAST, "/v1/countries/de/forecast", f"{FORECAST}?deadline=2035&scenario=baseline")
    answers = [client.get(path) for path in paths]
    assert len({(a.headers["ETag"], a.data) for a in answers}) == 1


def test_a_question_asked_again_computes_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    client.get("/v1/countries/FRA/forecast?deadline=2031")

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("models.forecast.Forecaster.forecast", never)
    again = client.get("/v1/countries/FRA/forecast?deadline=2031")
    assert again.status_code == 200
    known = {"If-None-Match": again.headers["ETag"]}
    assert client.get("/v1/countries/FRA/forecast?deadline=2031", headers=known).status_code == 304


def test_a_public_answer_lasts_a_while_or_until_the_next_switch(client: FlaskClient) -> None:
    for query, lasts in (("", "60"), ("?vintage=nato-2026", "300, stale-while-revalidate=86400")):
        found = client.get(FORECAST + query).headers
        assert (found["Cache-Control"], found["Vary"]) == (f"public, max-age={lasts}", "Accept, Accept-Encoding")


def test_a_known_callers_answer_is_private(make: Make) -> None:
    app = make(cache_max_age=60)

    @app.before_request
    def know() -> None:
        g.caller, g.caller_known = "anna", True

    for _ in range(2):
        found = app.test_client().get(FORECAST + "?vintage=nato-2026").headers["Cache-Control"]
        assert found == "private, max-age=60, stale-while-revalidate=86400"


NAMING = {"gateway_cache": True, "identity_header": "X-Caller", "trusted_proxies": 1, "rate_limit": "100/minute"}
NAMED = {"X-Caller": "anna", "X-Forwarded-For": "192.0.2.1"}


@pytest.mark.parametrize(("left", "held"), [(None, "58"), (70.0, "58"), (5.5, "3"), (2.9, "@1"), (0.0, "@1")])
def test_a_gateway_is_told_how_long_it_may_keep_what_is_the_same_for_everyone(
    make: Make, left: float | None, held: str
) -> None:
    app = make(**NAMING)
    app.extensions[VALIDITY].seconds_left = lambda: left
    for method in ("GET", "HEAD"):
        found = app.test_client().open(FORECAST, method=method, headers=NAMED).headers
        assert (found["X-Accel-Expires"], found["Cache-Control"]) == (held, "private, no-cache")
        assert "RateLimit" not in found, "it is one caller's own"
    same = app.test_client().get(FORECAST, headers=NAMED | {"If-None-Match": found["ETag"]})
    assert (same.status_code, same.headers["X-Accel-Expires"]) == (304, held)
    of_a_vintage = app.test_client().get(f"{FORECAST}?vintage=nato-2026", headers=NAMED).headers
    assert of_a_vintage["X-Accel-Expires"] == "58", "no switch changes it"


def test_a_gateway_is_not_told_to_keep_anything_else(make: Make) -> None:
    client = make(**NAMING).test_client()
    paths = ("/v1/countries/XXX", "/v1/vintages", "/version", "/", f"{FORECAST}?a=1")
    answers = [client.get(path, headers=NAMED) for path in paths]
    for answer in [*answers, client.post("/v1/forecasts", json={"country": "DEU"}, headers=NAMED)]:
        assert "X-Accel-Expires" not in answer.headers
        assert "RateLimit" in answer.headers


@pytest.mark.parametrize("lacking", [{"gateway_cache": False}, {"identity_header": ""}])
def test_only_a_gateway_that_names_callers_and_is_said_to_cache_is_told(make: Make, lacking: dict[str, Any]) -> None:
    found = make(**NAMING | lacking).test_client().get(FORECAST, headers=NAMED)
    assert found.status_code == 200
    assert "X-Accel-Expires" not in found.headers


def test_a_saved_scenario_is_never_served_from_the_cache(keeping: FlaskClient, keeping_app: Flask) -> None:
    draft = {"name": "mine", "levers": [{"type": "cap", "share_pct": 2.0}]}
    made = keeping.post("/v1/scenarios", json=draft, headers={"X-Test-Caller": "anna"})
    path = f"{FORECAST}?scenario={made.json['id']}"
    kept = len(keeping_app.extensions[EXTENSION].answers)
    mine = keeping.get(path, headers={"X-Test-Caller": "anna"})
    assert (mine.status_code, mine.headers["Cache-Control"]) == (200, "private, no-cache")
    assert keeping.get(path, headers={"X-Test-Caller": "bert"}).status_code != 200
    assert len(keeping_app.extensions[EXTENSION].answers) == kept
    known = {"X-Test-Caller": "anna", "If-None-Match": mine.headers["ETag"]}
    assert keeping.get(path, headers=known).status_code == 304
    keeping.put(
        f"/v1/scenarios/{made.json['id']}",
        json=draft | {"levers": [{"type": "cap", "share_pct": 2.5}]},
        headers={"X-Test-Caller": "anna", "If-Match": made.headers["ETag"]},
    )
    assert keeping.get(path, headers=known).status_code == 200


def test_what_can_change_is_asked_for_each_time(keeping: FlaskClient) -> None:
    found = keeping.get("/v1/scenarios")
    assert found.headers["Cache-Control"] == "private, no-cache"
    assert found.headers["ETag"].startswith('W/"')
    assert keeping.get("/v1/scenarios", headers={"If-None-Match": found.headers["ETag"]}).status_code == 304
    assert keeping.post("/v1/forecasts", json={"country": "DEU"}).headers["Cache-Control"] == "no-store"
    assert keeping.get("/v1/countries/XXX").headers["Cache-Control"] == "no-store"


def test_a_cache_without_room_still_answers(make: Make) -> None:
    app = make(cache_bytes=1)
    first, second = (app.test_client().get(FORECAST) for _ in range(2))
    assert (first.data, first.headers["ETag"]) == (second.data, second.headers["ETag"])
    assert len(app.extensions[EXTENSION].answers) == 0


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", None),
        ("br", None),
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1, zstd;q=0.5", "gzip"),
        ("*", "zstd"),
        ("gzip;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_compression_is_as_the_client_likes(client: FlaskClient, method: str, asked: str, given: str | None) -> None:
    body, path = ({"country": "DEU"}, "/v1/forecasts") if method == "POST" else (None, FORECAST)
    plain = client.open(path, method=method, json=body)
    packed = client.open(path, method=method, json=body, headers={"Accept-Encoding": asked})
    assert packed.headers.get("Content-Encoding") == given
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert unpacked(packed) == plain.data
    assert (len(packed.data) < len(plain.data) / 2 + 1) == (given is not None)


def test_small_answers_and_those_with_a_tag_for_if_match_stay_plain(keeping: FlaskClient) -> None:
    packed = {"Accept-Encoding": "gzip"}
    assert "Content-Encoding" not in keeping.get("/healthz", headers=packed).headers
    draft = {"name": "long", "description": "x" * 2000, "levers": [{"type": "cap", "share_pct": 2.0}]}
    made = keeping.post("/v1/scenarios", json=draft, headers=packed)
    assert made.status_code == 201
    assert "Content-Encoding" not in made.headers


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (FORECAST, "GET, HEAD, OPTIONS"),
        (f"{FORECAST}.csv?deadline=2030", "GET, HEAD, OPTIONS"),
        ("/v1/forecasts", "GET, HEAD, OPTIONS, POST"),
        ("/v1/forecasts/batch", "OPTIONS, POST"),
        ("/v1/scenarios", "GET, HEAD, OPTIONS, POST"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_tells_the_methods(client: FlaskClient, path: str, methods: str) -> None:
    found = client.options(path)
    assert (found.status_code, found.data) == (204, b"")
    assert ", ".join(sorted(found.allow)) == methods
    refused = client.delete(path)
    assert (refused.status_code, refused.mimetype) == (405, "application/problem+json")
    assert set(refused.allow) == set(found.allow)


def test_options_of_nothing_is_404(client: FlaskClient) -> None:
    assert client.options("/nowhere").status_code == 404


HOME, OTHER = "https://dashboard.example.org", "https://dashboard.example.org.evil.example"


def test_a_named_origin_may_read(make: Make) -> None:
    client = make(cors_origins=f"https://a.example, {HOME}").test_client()
    for _ in range(2):  # from the cache too
        found = client.get(FORECAST, headers={"Origin": HOME})
        assert found.headers["Access-Control-Allow-Origin"] == HOME
        exposed = found.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-ID"} <= set(exposed)
        assert "Origin" in found.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in found.headers
    assert client.get("/v1/countries/XXX", headers={"Origin": HOME}).headers["Access-Control-Allow-Origin"] == HOME


@pytest.mark.parametrize("origin", [OTHER, "null", "http://dashboard.example.org", HOME.upper(), "*"])
def test_another_origin_may_not(make: Make, origin: str) -> None:
    found = make(cors_origins=HOME).test_client().get(FORECAST, headers={"Origin": origin})
    assert found.status_code == 200
    assert "Access-Control-Allow-Origin" not in found.headers
    assert "Origin" in found.headers["Vary"]


def test_without_origins_no_page_may(client: FlaskClient) -> None:
    found = client.get(FORECAST, headers={"Origin": HOME})
    assert not [name for name, _ in found.headers if name.startswith("Access-Control")]
    assert "Origin" not in found.headers["Vary"]


def test_a_preflight_needs_no_key(make: Make) -> None:
    client = make(cors_origins=HOME, auth="api-key").test_client()
    asks = {"Origin": HOME, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match"}
    found = client.options("/v1/scenarios/01jd3k8v2xq4t6r9m0n5p7s8yb", headers=asks)
    assert (found.status_code, found.data) == (204, b"")
    assert found.headers["Access-Control-Allow-Origin"] == HOME
    assert {"GET", "PUT", "DELETE"} <= set(found.headers["Access-Control-Allow-Methods"].split(", "))
    assert "If-Match" in found.headers["Access-Control-Allow-Headers"]
    refused = client.get(FORECAST, headers={"Origin": HOME})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, HOME)


def test_whoever_asks_too_often_is_told_when_to_come_back(make: Make) -> None:
    client = make(rate_limit="3/minute").test_client()
    answers = [client.get(FORECAST) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert [a.headers["RateLimit-Remaining"] for a in answers] == ["2", "1", "0", "0"]
    assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert answers[0].headers["RateLimit"].startswith('"default";r=2;t=')
    refused = answers[-1]
    assert refused.mimetype == "application/problem+json"
    assert refused.json["type"] == "urn:forecast-service:problem:too-many-requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    # Probes, figures and preflights go on; so does who comes from elsewhere.
    assert client.get("/healthz").status_code == client.get("/metrics").status_code == 200
    assert client.options(FORECAST).status_code == 204
    assert client.get(FORECAST, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200


def test_a_limit_is_each_callers_own(make: Make) -> None:
    client = make(rate_limit="1/minute", identity_header="X-User", trusted_proxies=1).test_client()

    def ask(who: str) -> int:
        return client.get(FORECAST, headers={"X-User": who, "X-Forwarded-For": "192.0.2.1"}).status_code

    assert [ask("anna"), ask("bert"), ask("anna")] == [200, 200, 429]


def test_503_says_when_to_try_again(tmp_path: Path) -> None:
    found = create_app(Settings(state_dir=tmp_path, draws=DRAWS)).test_client().get("/readyz")
    assert (found.status_code, found.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cors_origins", "*"),
        ("cors_origins", "https://a.example/path"),
        ("cors_origins", "a.example"),
        ("rate_limit", "often"),
        ("cost_budget", "much"),
        ("redis_url", "http://redis"),
        ("log_format", "xml"),
        ("log_level", "loud"),
        ("metrics_port", 70_000),
    ],
)
def test_a_bad_setting_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(BadSetting, match=f"^FORECAST_{name.upper()}: "):
        Settings(**{name: value})
