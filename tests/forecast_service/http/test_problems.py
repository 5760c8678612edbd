"""Errors that are nobody's input: addresses, methods, sizes and our own crashes."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from flask import request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forecast_service import create_app
from forecast_service.errors import ServiceError
from forecast_service.http.parsing import remember
from forecast_service.settings import Settings
from tests.support.service import Service


def check(response: TestResponse, status: int, kind: str) -> None:
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.json["type"] == f"urn:forecast-service:problem:{kind}"
    assert response.json["status"] == status
    assert set(response.json) <= {"type", "title", "status", "detail", "instance", "errors"}


@pytest.mark.parametrize(
    "path", ["/nothing", "/v2/countries", "/v1/countries/DEU/nothing", "/v1/forecasts/1", "/docs/x"]
)
def test_an_unknown_address_is_404(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    check(response, 404, "not-found")
    assert response.json["instance"] == path


def test_the_instance_is_a_valid_reference(client: FlaskClient) -> None:
    assert client.get("/v1/a b/ü").json["instance"] == "/v1/a%20b/%C3%BC"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/countries", {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/v1/countries/DEU", {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/v1/countries/DEU/forecast", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/v1/forecasts/batch", {"POST", "OPTIONS"}),
        ("TRACE", "/healthz", {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/openapi.json", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_allowed_is_405(client: FlaskClient, method: str, path: str, allowed: set[str]) -> None:
    response = client.open(path, method=method)
    check(response, 405, "method-not-allowed")
    assert {one.strip() for one in response.headers["Allow"].split(",")} == allowed


def test_options_says_what_is_allowed(client: FlaskClient) -> None:
    response = client.options("/v1/forecasts")
    assert response.status_code == 204
    assert "POST" in response.headers["Allow"]


def test_a_body_that_is_too_large_is_413(client: FlaskClient) -> None:
    response = client.post("/v1/forecasts", data=b"x" * 2_000_000, content_type="application/json")
    check(response, 413, "too-large")
    assert "1,000,000" in response.json["detail"]


def test_a_body_in_chunks_that_grows_too_large_is_413(live_service: Service) -> None:
    # Only just too large, so that the sender is done before the answer comes.
    pieces = iter([b'{"country": "DEU"}', b" " * 1_000_000])
    status, problem = live_service.ask("POST", "/v1/forecasts", pieces, {"Content-Type": "application/json"})
    assert (status, problem["type"]) == (413, "urn:forecast-service:problem:too-large")
    assert live_service.ask("GET", "/healthz")[0] == 200


def test_the_largest_body_is_a_setting(tmp_path: Path) -> None:
    client = create_app(Settings(state_dir=tmp_path, max_body_bytes=100)).test_client()
    check(client.post("/v1/forecasts", data=b" " * 101, content_type="application/json"), 413, "too-large")


def test_a_body_of_another_type_is_415(client: FlaskClient) -> None:
    check(client.post("/v1/forecasts", data="country=DEU", content_type="text/plain"), 415, "unsupported-media-type")


def test_a_charset_beside_the_type_does_no_harm(client: FlaskClient) -> None:
    response = client.post("/v1/forecasts", data=b'{"country": "DEU"}', content_type="application/json; charset=utf-8")
    assert response.status_code == 200


@pytest.mark.parametrize("debug", [False, True])
def test_our_own_crash_tells_the_log_and_not_the_caller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    app = create_app(Settings(state_dir=tmp_path))
    app.testing = debug

    @app.get("/crash")
    def crash() -> str:
        raise RuntimeError("the password is hunter2")

    with caplog.at_level(logging.ERROR):
        response = app.test_client().get("/crash")
    check(response, 500, "internal")
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text
    assert "hunter2" in caplog.text
    assert app.test_client().get("/healthz").status_code == 200


class TooFull(ServiceError):
    """A refusal that says all it can."""

    status, kind, retry_after_s = 409, "too-full", 7
    detail = "books: holds all it can"
    errors = ({"field": "shelf/books", "detail": "holds all it can"},)


@pytest.mark.parametrize(
    ("method", "named"), [("GET", {"parameter": "books"}), ("HEAD", None), ("POST", {"pointer": "/shelf/books"})]
)
def test_a_refusal_is_answered_as_it_says(tmp_path: Path, method: str, named: dict[str, str] | None) -> None:
    app = create_app(Settings(state_dir=tmp_path))

    @app.route("/books", methods=["GET", "POST"])
    def books() -> str:
        if request.method == "POST":
            remember({"shelf": {"books": 3}})
        raise TooFull

    response = app.test_client().open("/books", method=method)
    assert (response.status_code, response.headers["Retry-After"]) == (409, "7")
    if named is not None:
        check(response, 409, "too-full")
        assert response.json["detail"] == "books: holds all it can"
        assert response.json["errors"] == [named | {"detail": "holds all it can"}]


def test_a_number_that_is_none_never_leaves(tmp_path: Path) -> None:
    from forecast_service.schemas.countries import LatestSchema

    with pytest.raises(ValueError, match="not finite"):
        LatestSchema().dump({"year": 2026, "share_pct": float("nan"), "estimate": False})
    assert "NaN" not in json.dumps(LatestSchema().dump({"year": 2026, "share_pct": 2.0, "estimate": False}))
