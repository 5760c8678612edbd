"""Behind a real gateway: the prefix, keys, limits, and headers that only the gateway may set."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.deploy.support.gateway import (
    ADMIN_KEY,
    CALLER,
    KEY,
    OTHER_CALLER,
    OTHER_KEY,
    Gateway,
    configure,
    gateway,
    nginx_command,
    start,
)
from tests.support.service import Service, environment, free_port

SCENARIO = {"name": "as pledged", "levers": [{"type": "pledge", "share_pct": 3.5, "year": 2029, "credibility": 0.8}]}
PROBLEM = "application/problem+json"


def test_nginx_takes_the_configuration(nginx: None, tmp_path: Path) -> None:
    configure(tmp_path, (1, 2), "20r/s", 40)
    done = subprocess.run([*nginx_command(tmp_path), "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_a_forecast_and_every_link_in_it_are_right_under_the_prefix(front: Gateway) -> None:
    answer = front.ask("/forecasting/v1/countries/DEU/forecast")
    assert answer.status == 200
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    links = answer.json["links"]
    assert links
    for link in links.values():
        assert link.startswith("/forecasting/v1/")
        assert front.ask(link).status == 200


def test_posts_pass_too(front: Gateway) -> None:
    answer = front.ask("/forecasting/v1/forecasts", "POST", {"country": "POL", "scenario": SCENARIO})
    assert (answer.status, answer.json["country"]["code"]) == (200, "POL")


def test_the_location_of_what_is_created_can_be_followed(front: Gateway) -> None:
    created = front.ask("/forecasting/v1/scenarios", "POST", SCENARIO)
    assert created.status == 201, created.body
    assert re.fullmatch(r"/forecasting/v1/scenarios/[\w-]+", created.headers["Location"])
    assert front.ask(created.headers["Location"]).json["levers"][0]["share_pct"] == 3.5


def test_the_next_page_can_be_followed(front: Gateway) -> None:
    for _ in range(2):
        assert front.ask("/forecasting/v1/scenarios", "POST", SCENARIO).status == 201
    page = front.ask("/forecasting/v1/scenarios?limit=1")
    assert page.status == 200, page.body
    following = page.json["next"]
    assert following.startswith("/forecasting/v1/scenarios?")
    assert front.ask(following).status == 200
    assert front.ask(following).body != page.body


def test_a_caller_sees_its_own_whatever_it_says_it_is(front: Gateway) -> None:
    created = front.ask("/forecasting/v1/scenarios", "POST", SCENARIO)
    mine = created.headers["Location"]
    assert front.ask(mine).status == 200
    for forged in ({}, {"X-Forecast-Caller": CALLER}, {"X_Forecast_Caller": CALLER}, {"x-forecast-caller": CALLER}):
        assert front.ask(mine, headers=forged, key=OTHER_KEY).status == 404
        assert front.ask(mine, "DELETE", headers=forged, key=OTHER_KEY).status == 404
    assert front.ask(mine, headers={"X-Forecast-Caller": OTHER_CALLER}).status == 200


def test_the_documentation_and_all_its_files_come_without_a_key(front: Gateway) -> None:
    page = front.ask("/forecasting/docs", key=None)
    assert page.status == 200
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', page.body.decode())
    assert len(addresses) >= 8
    for address in addresses:
        assert front.ask(urljoin("/forecasting/docs", address), key=None).status == 200, address


PAGES = (
    "", "countries", "countries/DEU", "countries/DEU/sensitivity", "compare", "scenarios",
    "over-time?a=nato-2026&b=nato-2026", "track-record", "track-record/DEU", "method", "sources",
)  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_pages_come_without_a_key_but_no_number_does(front: Gateway, name: str) -> None:
    page = front.ask(f"/forecasting/{name}", key=None)
    assert page.status == 200
    text = page.body.decode()
    assert ("needs a key" in text) == (name not in {"method", "sources"})
    files = re.findall(r'(?:src|href)="(/forecasting/assets/[^"]+)"', text)
    assert len(files) == 4
    for address in files:
        assert front.ask(address, key=None).status == 200, address
    known = front.ask(f"/forecasting/{name}")
    assert (known.status, b"needs a key" in known.body) == (200, False)


@pytest.mark.parametrize("name", ["embed", "embed/DEU"])
def test_only_the_small_view_may_be_framed(front: Gateway, name: str) -> None:
    for key in ({"key": None}, {}):
        view = front.ask(f"/forecasting/{name}", **key)
        assert view.status == 200
        assert "X-Frame-Options" not in view.headers
        assert "frame-ancestors *" in view.headers["Content-Security-Policy"]
        assert (b"key is needed" in view.body) == ("key" in key)
    whole = front.ask("/forecasting/countries/DEU")
    assert whole.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in whole.headers["Content-Security-Policy"]


def test_a_picture_of_own_levers_needs_the_key_that_its_figures_need(front: Gateway) -> None:
    assert front.ask("/forecasting/countries/DEU/own.csv?cap=3", key=None).status == 401
    assert front.ask("/forecasting/countries/DEU/own.csv?cap=3").status == 200


def test_the_contract_says_where_it_is_served(front: Gateway) -> None:
    answer = front.ask("/forecasting/openapi.json", key=None)
    assert answer.status == 200
    server = answer.json["servers"][0]["url"]
    assert urljoin("https://localhost/forecasting/openapi.json", server) == "https://localhost/forecasting/"


def test_without_the_prefix_there_is_nothing(front: Gateway) -> None:
    answer = front.ask("/v1/countries")
    assert (answer.status, answer.headers["Content-Type"]) == (404, PROBLEM)
    moved = front.ask("/forecasting")
    assert (moved.status, moved.headers["Location"]) == (308, "/forecasting/")


@pytest.mark.parametrize("path", ["metrics", "readyz", "healthz", "metrics/", "/metrics", "x/../metrics", "%6detrics"])
def test_what_operators_ask_is_not_for_outside(front: Gateway, path: str) -> None:
    answer = front.ask(f"/forecasting/{path}")
    assert answer.status == 404
    assert "Not served" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "v1/countries/DEU/forecast"),
        ("GET", "v1/scenarios"),
        ("POST", "v1/forecasts"),
        ("POST", "docs"),
        ("DELETE", "v1/scenarios/x"),
        ("GET", "docs/../v1/countries"),
        ("GET", "assets/0/%2e%2e/%2e%2e/v1/countries"),
    ],
)
def test_without_a_valid_key_all_is_refused(front: Gateway, method: str, path: str) -> None:
    for key in (None, "", "wrong", KEY[:-1], KEY + "0", "default", "~.*", CALLER):
        answer = front.ask(f"/forecasting/{path}", method, {} if method == "POST" else None, key=key)
        assert answer.status == 401, key
        assert answer.headers["Content-Type"] == PROBLEM
        assert answer.headers["WWW-Authenticate"].startswith("ApiKey")
        assert answer.json["status"] == 401


def test_a_key_sent_in_clear_is_refused(front: Gateway) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", front.plain_port, timeout=10)
    connection.request("GET", "/forecasting/v1/countries", headers={"X-API-Key": KEY})
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["title"]) == (403, "TLS required")
    connection.close()


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Forwarded-Prefix": "/evil"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "ftp"},
        {"X-Forwarded-For": "10.0.0.1"},
        {"X-Forwarded-Prefix": "/evil, /forecasting"},
        {"Forwarded": "host=evil.example;proto=ftp"},
        {"X-Script-Name": "/evil"},
        {"SCRIPT_NAME": "/evil"},
        {"X-Forecast-Caller": "admin"},
        {"X_Forecast_Caller": "admin"},
    ],
)
def test_forged_headers_change_nothing(front: Gateway, forged: dict[str, str]) -> None:
    path = "/forecasting/v1/countries/DEU/forecast"
    assert front.ask(path, headers=forged).body == front.ask(path).body
    assert b"evil" not in front.ask("/forecasting/v1/nothing", headers=forged).body


def test_another_hosts_name_is_refused(front: Gateway) -> None:
    assert front.ask("/forecasting/v1/countries", headers={"Host": "evil.example"}).status == 421


def test_the_service_gets_the_gateways_headers_and_not_the_clients(nginx: None, tmp_path: Path) -> None:
    """Seen from a replica that writes down what it is sent."""
    import http.server

    seen: list[http.client.HTTPMessage] = []

    class Replica(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Replica)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    names = ("X-Forecast-Caller", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix")
    try:
        with gateway(tmp_path, (port, port)) as front:
            front.ask("/forecasting/v1/countries", headers=dict.fromkeys(names, "forged") | {"Forwarded": "for=forged"})
            front.ask("/forecasting/version", headers={"X-Forecast-Caller": "admin"}, key=None)
            known = dict(zip(names, (CALLER, "127.0.0.1", "localhost", "https", "/forecasting"), strict=True))
    finally:
        server.shutdown()
        server.server_close()
    assert {name: seen[0].get_all(name) for name in names} == {name: [value] for name, value in known.items()}
    assert "forged" not in str(seen[0])
    assert seen[0]["X-API-Key"] is None, "the key stays at the gateway"
    assert seen[1]["X-Forecast-Caller"] is None


def test_the_service_believes_nobody_unless_told_of_a_proxy(live_service: Service) -> None:
    headers = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example", "SCRIPT_NAME": "/evil"}
    status, body = live_service.ask("GET", "/v1/countries/DEU/forecast", headers=headers)
    assert status == 200
    assert all(link.startswith("/v1/") for link in body["links"].values())


def test_who_asks_too_fast_is_told_when_to_come_back(two: list[Service], tmp_path: Path) -> None:
    with gateway(tmp_path, (two[0].port, two[1].port), rate="1r/s", burst=3) as front:
        answers = [front.ask("/forecasting/v1/countries/DEU") for _ in range(12)]
        refused = [answer for answer in answers if answer.status != 200]
        assert 4 <= len(refused) < 12
        for answer in refused:
            assert (answer.status, answer.headers["Retry-After"], answer.headers["Content-Type"]) == (429, "1", PROBLEM)
        assert front.ask("/forecasting/v1/countries/DEU", key=OTHER_KEY).status == 200, "the limit is each caller's own"
        assert front.ask("/forecasting/v1/countries/DEU", key="wrong").status == 401


@pytest.mark.parametrize(("path", "most"), [("forecasts", 1_048_576), ("vintages?source=nato", 10_485_760)])
def test_a_body_that_is_too_large_is_refused_as_a_problem(front: Gateway, path: str, most: int) -> None:
    answer = front.ask(f"/forecasting/v1/{path}", "POST", "x" * most, key=ADMIN_KEY)
    assert (answer.status, answer.headers["Content-Type"]) == (413, PROBLEM)
    assert "gateway" in answer.json["detail"]
    passed = front.ask(f"/forecasting/v1/{path}", "POST", "x" * (most // 2), key=ADMIN_KEY)
    assert 400 <= passed.status < 500, "the service refuses it"
    assert "gateway" not in passed.json["detail"]


def test_an_admin_imports_and_switches_and_nobody_else_does(front: Gateway, two: list[Service], tmp_path: Path) -> None:
    changes = (("POST", "vintages?source=nato"), ("PUT", "vintages/current"), ("POST", "vintages/current/rollback"))
    for method, path in changes:
        refused = front.ask(f"/forecasting/v1/{path}", method, {"vintage": "none-such"})
        assert (refused.status, refused.json["type"]) == (403, "urn:forecast-service:problem:missing-scope")
        taken = front.ask(f"/forecasting/v1/{path}", method, {"vintage": "none-such"}, key=ADMIN_KEY)
        assert taken.status in {409, 415, 422}, taken.body
    with gateway(tmp_path, (two[0].port, two[1].port), admins_from="192.0.2.0/24") as narrow:
        for method, path in changes:
            elsewhere = narrow.ask(f"/forecasting/v1/{path}", method, {"vintage": "none-such"}, key=ADMIN_KEY)
            assert (elsewhere.status, elsewhere.headers["Content-Type"]) == (403, PROBLEM)
            assert "operators' network" in elsewhere.json["detail"]
            assert narrow.ask(f"/forecasting/v1/{path}", method, {}, key="wrong").status == 401
        assert narrow.ask("/forecasting/v1/vintages").status == 200


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        ("nonsense", "", 400),
        ("TRACE /forecasting/ HTTP/1.1", "", 405),
        ("GET /forecasting/" + "x" * 9000 + " HTTP/1.1", "", 414),
        ("GET /forecasting/ HTTP/1.1", "X-Long: " + "x" * 9000, 431),
        ("GET /problem HTTP/1.1", "", 404),
    ],
    ids=["no-http", "method", "long-address", "long-header", "internal"],
)
def test_every_error_of_its_own_is_a_problem(front: Gateway, request_line: str, headers: str, status: int) -> None:
    plain = socket.create_connection(("localhost", front.port), timeout=10)
    with front.context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(
            f"{request_line}\r\nHost: localhost\r\n{headers}\r\n\r\n".replace("\r\n\r\n\r\n", "\r\n\r\n").encode()
        )
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        problem = json.loads(answer.read())
    assert (answer.status, problem["status"], answer.getheader("Content-Type")) == (status, status, PROBLEM)
    assert answer.getheader("Strict-Transport-Security")
    assert {"type", "title", "detail"} <= problem.keys()


def test_plain_http_on_the_tls_port_is_refused_as_a_problem(front: Gateway) -> None:
    connection = http.client.HTTPConnection("localhost", front.port, timeout=10)
    connection.request("GET", "/forecasting/v1/countries", headers={"X-API-Key": KEY})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["status"]) == (400, 400)
    connection.close()


def test_keys_of_the_service_pass_and_nothing_that_needs_one_is_stored(
    nginx: None, state_dir: Path, tmp_path: Path
) -> None:
    own = tmp_path / "state"  # the keys are in its database
    own.mkdir()
    (own / "fits").symlink_to(state_dir / "fits")
    settings = {"FORECAST_AUTH": "api-key", "FORECAST_TRUSTED_PROXIES": "1", "FORECAST_GATEWAY_CACHE": "true"}
    service = start(own, free_port(), **settings)
    try:
        service.wait_until_ready()
        reader, admin = (
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "forecast_service.cli",
                    "keys",
                    "create",
                    "--owner",
                    "alice",
                    "--scopes",
                    scopes,
                ],
                env=environment(own, **settings),
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for scopes in ("read", "admin")
        )
        (tmp_path / "front").mkdir()
        with gateway(tmp_path / "front", (service.port, service.port), auth="api-key") as front:
            path = "/forecasting/v1/countries/DEU"
            for _ in range(2):
                for headers in ({"X-API-Key": reader}, {"Authorization": f"Bearer {reader}"}):
                    answer = front.ask(path, key=None, headers=headers)
                    assert (answer.status, answer.headers["Cache-Status"]) == (200, None)
                for wrong in (None, "wrong", KEY):
                    refused = front.ask(path, key=wrong)
                    assert (refused.status, refused.headers["Content-Type"]) == (401, PROBLEM)
                    assert "bearer" in refused.json["detail"], "the service says which keys it takes"
            assert front.ask("/forecasting/docs", key=None).status == 200
            assert front.ask("/forecasting/v1/vintages?source=nato", "POST", {}, key=reader).status == 403
            assert front.ask("/forecasting/v1/vintages?source=nato", "POST", {}, key=admin).status == 415
    finally:
        service.stop()


def test_no_key_is_in_any_log(front: Gateway) -> None:
    front.ask("/forecasting/v1/countries?api_key=" + KEY)
    front.ask("/forecasting/v1/countries", key="wrong-" + KEY)
    for file in (*front.folder.glob("*.log"),):
        assert KEY not in file.read_text(), file.name


def test_without_any_replica_it_says_when_to_come_back(nginx: None, tmp_path: Path) -> None:
    with gateway(tmp_path, (1, 2)) as front:
        answer = front.ask("/forecasting/v1/countries")
    assert (answer.status, answer.headers["Retry-After"], answer.headers["Content-Type"]) == (503, "2", PROBLEM)
