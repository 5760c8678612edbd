"""One address for each thing, on every route: another spelling is not found, and no answer is a page of werkzeug."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from flask import Flask, Response
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app

from forecast_service import create_app
from forecast_service.dashboard.assets import digest
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from forecast_service.store.migrate import upgrade
from tests.support.callers import SCENARIO
from tests.support.service import DRAWS, FIT_TIMEOUT_S

PROBLEM = "application/problem+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SWEEP = {"countries": ["GBR"], "scenario": {"levers": [{"type": "cap", "share_pct": {"grid": [2.0, 2.5]}}]}}


@pytest.fixture(scope="module")
def application(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application that believes a gateway's prefix."""
    url = f"sqlite:///{tmp_path_factory.mktemp('addresses')}/kept.sqlite"
    app = create_app(
        Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, database_url=url, trusted_proxies=1)
    )
    upgrade(app.extensions[EXTENSION].engine)
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture(scope="module")
def values(application: Flask) -> dict[str, str]:
    """A right value of each parameter of a path; those of one name in two routes by the first part of the route."""
    client = application.test_client()
    return {
        "code": "GBR",
        "format": "csv",
        "scenarios id": client.post("/v1/scenarios", json=SCENARIO).json["id"],
        "sweeps id": client.post("/v1/sweeps", json=SWEEP).json["id"],
        "number": "1",
        "vintages name": "nato-2026",
        "scenarios a": "1",
        "scenarios b": "1",
        "a": "nato-2025",
        "b": "nato-2026",
        "assets name": "page.css",
        "track-record name": client.get("/v1/track-record").json["frozen"][0]["file"].removesuffix(".json"),
        "version": digest(),
    }


def ask(app: Flask, address: str, method: str = "GET", accept: str = "*/*", prefix: str = "") -> Response:
    """The answer to an address as it stands in the request, which test clients would tidy up."""
    headers = {"Accept": accept, "X-Forwarded-Prefix": prefix} | ({} if method == "GET" else {"If-Match": '"1"'})
    builder = EnvironBuilder(method=method, headers=headers, json=SCENARIO if method == "PUT" else None)
    path, _, query = address.partition("?")
    sent = {"RAW_URI": address, "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query}
    body, status, found = run_wsgi_app(app.wsgi_app, builder.get_environ() | sent, buffered=True)
    return Response(b"".join(body), status, found)


def parts_of(rule: Rule, values: dict[str, str]) -> list[tuple[str, str | None]]:
    """The text of a right address in parts, each with the name of its parameter if it is one."""
    found: list[tuple[str, str | None]] = []
    for text in re.split(r"(<[^>]+>)", rule.rule):
        if text.startswith("<"):
            name = text.strip("<>").split(":")[-1].split("(")[-1]
            family = next((part for part in rule.rule.split("/") if part not in ("", "v1")), "")
            value = values.get(f"{family} {name}") or values[name]
            if name == "format":
                value = "svg" if re.search(r"<chart:|any\(", text) else "csv"
            found.append((value, name))
        elif text:
            found.append((text, None))
    return found


def misspelt(value: str, name: str) -> Iterator[str]:
    """Values that some reader takes for ``value``."""
    yield from (
        f"{value}%00",
        f"{value}%20",
        f"%20{value}",
        f"{value}%0A",
        f"{value}%E2%80%8B",
        f"{value};x=1",
        f"{value}%2F",
    )
    yield quote("".join(chr(ord(c) + 0xFEE0) for c in value))  # full-width
    if value.isdecimal():
        yield from ("01", "%D9%A1", "+1", "1.0", "0", "-1", "1" * 5000, "%C2%B9", "%F0%9D%9F%99")
    elif name != "code":  # names of allies are known in any case
        yield value.upper() if value != value.upper() else value.lower()
    else:
        yield from ("G%CC%81BR", "%EF%AC%81n", "G-B-R", "GB%00R", "%ff")


def first_slash(path: str, other: str) -> str:
    """A path with another text for its first slash inside, or at its beginning if it has none inside."""
    return path[0] + path[1:].replace("/", other, 1) if "/" in path[1:] else other + path[1:]


ODD: dict[str, Callable[[str], str]] = {
    "a slash at the end": lambda path: path + "/",
    "two slashes at the beginning": lambda path: "/" + path,
    "two slashes inside": lambda path: first_slash(path, "//"),
    "a part '.'": lambda path: "/." + path,
    "parts 'x' and '..'": lambda path: "/x/.." + path,
    "encoded dots": lambda path: "/x/%2e%2e" + path,
    "an encoded slash": lambda path: first_slash(path, "%2F"),
    "a parameter": lambda path: path + ";x=1",
    "another case": lambda path: "/" + path[1:2].swapcase() + path[2:],
    "an encoded NUL": lambda path: path + "%00",
}


def rules(app: Flask) -> list[tuple[Rule, str]]:
    """Each route with each of its methods."""
    methods = ("GET", "POST", "PUT", "DELETE")
    return [(rule, method) for rule in app.url_map.iter_rules() for method in methods if method in rule.methods]


def is_own(response: Response) -> bool:
    """Whether an answer is a problem or a page of ours."""
    if response.mimetype == PROBLEM:
        return bool(response.json["status"] == response.status_code and response.json["detail"])
    return response.mimetype == "text/html" and 'class="eyebrow">404' in response.get_data(as_text=True)


def refused(method: str) -> tuple[int, ...]:
    """The statuses of an address that is not found; under another, more general route the method may be missing."""
    return (404,) if method == "GET" else (404, 405)


@pytest.mark.parametrize("prefix", ["", "/forecasting"])
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_address_of_any_route_is_not_found(
    application: Flask, values: dict[str, str], kind: str, prefix: str
) -> None:
    wrong, change = [], ODD[kind]
    for rule, method in rules(application):
        path = "".join(text for text, _ in parts_of(rule, values))
        assert application.url_map.bind("").match(path, method)[0] == rule.endpoint
        if path == "/":
            continue
        address = change(path)
        in_api = f"/{unquote(address).lstrip('/')}".startswith("/v1/")
        for accept in ("*/*", BROWSER):
            response = ask(application, address, method, accept, prefix)
            may_be_page = (accept == BROWSER and not in_api) or rule.endpoint.startswith("dashboard.")
            if (
                response.status_code not in refused(method)
                or not is_own(response)
                or (response.mimetype != PROBLEM and not may_be_page)
            ):
                wrong.append((method, address, response.status, response.mimetype))
    assert wrong == []


def test_a_parameter_is_written_in_one_way(application: Flask, values: dict[str, str]) -> None:
    wrong, tried = [], 0
    for rule, method in rules(application):
        parts = parts_of(rule, values)
        for place, (value, name) in enumerate(parts):
            for other in misspelt(value, name) if name else ():
                address = "".join(text for text, _ in parts[:place]) + other + "".join(t for t, _ in parts[place + 1 :])
                query = "?country=GBR" if rule.endpoint == "scenarios.get_version_forecast" else ""
                response = ask(application, address + query, method)
                tried += 1
                if response.status_code not in refused(method) or not is_own(response):
                    wrong.append((method, address[:100], response.status, response.mimetype))
    assert tried > 400
    assert wrong == []


@pytest.mark.parametrize(
    ("address", "status", "mimetype"),
    [
        ("//", 404, "text/html"),
        ("/nothing", 404, "text/html"),
        ("/countries/GBR/nothing", 404, "text/html"),
        ("/countries/Germny", 404, "text/html"),
        ("/countries?country=Germny", 404, "text/html"),
        ("/countries?country=GBR/history", 404, "text/html"),
        ("/countries?country=..", 404, "text/html"),
        ("/compare?a=GBR/history", 404, "text/html"),
        ("/v1/nothing", 404, PROBLEM),
        ("//v1//countries", 404, PROBLEM),
        ("/v1/countries/Germny", 404, PROBLEM),
        ("*", 404, "text/html"),
    ],
)
def test_a_browser_gets_the_page_outside_the_api_and_a_problem_inside(
    application: Flask, address: str, status: int, mimetype: str
) -> None:
    for method in ("GET", "HEAD"):
        response = ask(application, address, method, BROWSER)
        assert (response.status_code, response.mimetype) == (status, mimetype)
    assert ask(application, address, "GET", "application/json").mimetype in (PROBLEM, mimetype)


def test_a_redirect_has_no_body(application: Flask) -> None:
    found = ask(application, "/countries?country=Holland&deadline=2030", accept=BROWSER)
    assert (found.status_code, found.headers["Location"], found.data) == (303, "/countries/NLD?deadline=2030", b"")


def test_the_search_is_offered_again_with_what_was_typed(application: Flask) -> None:
    page = ask(application, "/countries?country=Germny", accept=BROWSER).get_data(as_text=True)
    assert 'name="country"' in page
    assert 'value="Germny"' in page
    assert "Did you mean" in page
    assert 'href="/countries/DEU"' in page


def test_the_fast_path_does_not_answer_an_encoded_slash(application: Flask) -> None:
    right = "/v1/countries/GBR/history"
    assert [ask(application, right).status_code for _ in range(3)] == [200, 200, 200]
    assert ask(application, "/v1/countries/GBR%2Fhistory").status_code == 404
    assert ask(application, f"{right}?vintage=nato%2F2026").status_code == 422  # a query may have one


def test_right_addresses_answer(application: Flask, values: dict[str, str]) -> None:
    saved = values["scenarios id"]
    for address in ("/v1/countries", "/v1/countries/GBR", "/v1/countries/Netherlands,%20The", f"/v1/scenarios/{saved}",
                    f"/v1/scenarios/{saved}/versions/1", f"/v1/sweeps/{values['sweeps id']}", "/v1/vintages/nato-2026",
                    "/v1/vintages/current", "/docs", "/countries/uk",
                    "/v1/countr%69es/GBR"):  # fmt: skip
        assert ask(application, address).status_code == 200, address
