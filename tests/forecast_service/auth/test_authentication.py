"""Who calls: keys, identity headers, and where the service may be open to everyone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import text

from forecast_service import create_app, server
from forecast_service.auth import authentication
from forecast_service.auth.authentication import Auth
from forecast_service.cli.main import main
from forecast_service.settings import BadSetting, Settings
from forecast_service.settings.auth import is_loopback
from forecast_service.store.database import EXTENSION, UNREACHABLE, DatabaseUnavailable
from forecast_service.store.keys import FORM, Keys
from tests.support.callers import SCENARIO, key, keyed
from tests.support.service import DRAWS, environment, free_port

PATH = "/v1/countries"
PRIVATE = "/v1/scenarios?owner=me"


@pytest.fixture
def app(state_dir: Path, tmp_path: Path) -> Iterator[Flask]:
    """An application that takes keys."""
    app = keyed(state_dir, tmp_path)
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key be remembered."""
    monkeypatch.setattr(authentication, "FRESH_S", 0.0)


def test_a_key_opens_and_its_owner_is_the_caller(app: Flask) -> None:
    client = app.test_client()
    headers = key(app, "alice", "read", "write")
    made = client.post("/v1/scenarios", json=SCENARIO, headers=headers)
    assert made.status_code == 201
    bearer = {"Authorization": f"Bearer {headers['X-API-Key']}"}
    assert [one["id"] for one in client.get(PRIVATE, headers=bearer).json["items"]] == [made.json["id"]]
    assert client.get(PRIVATE, headers=key(app, "bob", "read")).json["items"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "fs_"},
        {"X-API-Key": "fs_000000000000_" + "0" * 64},
        {"X-API-Key": "x" * 100_000},
        {"X-API-Key": "fs_\xff\xfe"},
        {"Authorization": "Basic YWxpY2U6cHc="},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer fs_' OR 1=1 --"},
        {"X-Forwarded-User": "alice"},
        {"Cookie": "caller=alice"},
    ],
)
def test_what_is_no_key_gets_401(app: Flask, headers: dict[str, str]) -> None:
    response = app.test_client().get(PATH, headers=headers)
    assert response.status_code == 401
    assert response.mimetype == "application/problem+json"
    assert response.json["type"] == "urn:forecast-service:problem:unauthorized"
    assert response.headers["WWW-Authenticate"].startswith('ApiKey realm="forecast_service", Bearer')
    assert response.headers["Cache-Control"] == "no-store"
    assert not [shown for shown in headers.values() if len(shown) > 10 and shown in response.text]


def test_a_key_with_one_wrong_character_is_refused(app: Flask) -> None:
    shown, other = key(app, "alice", "read")["X-API-Key"], {"Authorization": "Bearer something-else"}
    wrong = shown[:-1] + ("0" if shown[-1] != "0" else "1")
    assert app.test_client().get(PATH, headers={"X-API-Key": wrong}).status_code == 401
    assert (
        app.test_client().get(PATH, headers={"X-API-Key": wrong, "Authorization": f"Bearer {shown}"}).status_code == 401
    )
    assert app.test_client().get(PATH, headers={"X-API-Key": shown} | other).status_code == 200, "our header decides"
    assert app.test_client().get(f"{PATH}?api_key={shown}").status_code == 401, "a key in an address ends up in logs"


def test_scopes_are_what_a_key_may_do(app: Flask) -> None:
    client = app.test_client()
    refused = client.post("/v1/scenarios", json=SCENARIO, headers=key(app, "alice", "read"))
    assert refused.status_code == 403
    assert refused.json["type"] == "urn:forecast-service:problem:missing-scope"
    assert 'error="insufficient_scope", scope="write"' in refused.headers["WWW-Authenticate"]
    assert client.post("/v1/scenarios", json=SCENARIO, headers=key(app, "alice", "write")).status_code == 201
    assert client.get(PATH, headers=key(app, "alice", "write")).status_code == 403
    assert client.get(PATH, headers=key(app, "alice", "admin")).status_code == 200


def test_a_body_is_not_read_for_strangers(app: Flask) -> None:
    response = app.test_client().post("/v1/forecasts", data="[" * 100_000, content_type="application/json")
    assert response.status_code == 401


@pytest.mark.usefixtures("look_each_time")
def test_a_key_ends_when_revoked_or_run_out(app: Flask) -> None:
    keys, client = Keys(app.extensions[EXTENSION]), app.test_client()
    identifier, shown = keys.create("alice", ["read"])
    assert client.get(PATH, headers={"X-API-Key": shown}).status_code == 200
    assert keys.all()[0].last_used_at is not None
    keys.revoke(identifier)
    assert client.get(PATH, headers={"X-API-Key": shown}).status_code == 401
    _, past = keys.create("alice", ["read"], expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert client.get(PATH, headers={"X-API-Key": past}).status_code == 401


def test_a_key_that_is_remembered_still_runs_out(app: Flask) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    _, shown = Keys(app.extensions[EXTENSION]).create("alice", ["read"], expires_at=soon)
    client = app.test_client()
    assert client.get(PATH, headers={"X-API-Key": shown}).status_code == 200
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()) + 0.01)
    assert client.get(PATH, headers={"X-API-Key": shown}).status_code == 401


@pytest.mark.usefixtures("look_each_time")
def test_while_the_database_is_away_known_keys_go_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, known, new = app.test_client(), key(app, "alice", "read"), key(app, "alice", "read")
    assert client.get(PATH, headers=known).status_code == 200

    def away(*_: object) -> None:
        raise DatabaseUnavailable(UNREACHABLE)

    monkeypatch.setattr(Keys, "holder", away)
    assert client.get(PATH, headers=known).status_code == 200
    refused = client.get(PATH, headers=new)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.json["type"] == "urn:forecast-service:problem:callers-unknown"
    monkeypatch.setattr(authentication, "STALE_S", 0.0)
    assert client.get(PATH, headers=known).status_code == 503
    assert client.get("/healthz").status_code == 200


def test_nothing_that_is_kept_opens_anything(app: Flask) -> None:
    shown = FORM.fullmatch(key(app, "alice", "read")["X-API-Key"])
    assert shown
    with app.extensions[EXTENSION].engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM api_keys")).all()
    assert shown[1] in str(rows)
    assert shown[2] not in str(rows)


def test_memory_for_keys_is_bounded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "MAX_REMEMBERED", 2)
    for _ in range(5):
        assert app.test_client().get(PATH, headers=key(app, "alice", "read")).status_code == 200
    assert len(app.extensions[authentication.EXTENSION]._seen) <= 2


# The command line.


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs a command on a state folder of its own."""
    return lambda *arguments: CliRunner(env=environment(tmp_path)).invoke(main, ["keys", *arguments])


def test_keys_are_made_listed_and_revoked(run: Any, tmp_path: Path) -> None:
    made: Result = run(
        "create", "--owner", "alice", "--scopes", "read,write", "--name", " board ", "--expires", "2099-01-01"
    )
    assert made.exit_code == 0
    shown = FORM.fullmatch(made.stdout.strip())
    assert shown, "the key alone, so that it can be piped"
    listed = run("list").output
    assert f"{shown[1]} valid read,write 'alice' 'board'" in listed
    assert "expires 2099-01-01" in listed
    assert shown[2] not in listed
    app = create_app(Settings(state_dir=tmp_path, draws=DRAWS, auth="api-key"))
    assert app.test_client().get(PATH, headers={"X-API-Key": shown[0]}).status_code == 200
    app.extensions[EXTENSION].close()
    assert run("revoke", shown[1]).exit_code == 0
    assert " revoked " in run("list").output


@pytest.mark.parametrize(
    "arguments",
    [
        ["create"],
        ["create", "--owner", ""],
        ["create", "--owner", "a\nb"],
        ["create", "--owner", "x" * 201],
        ["create", "--owner", "a", "--scopes", "everything"],
        ["create", "--owner", "a", "--expires", "2020-01-01"],
        ["create", "--owner", "a", "--name", "x" * 101],
        ["create", "--owner", "a", "--name", "a\u202eb"],
        ["create", "--owner", "a", "--name", "\u200b"],
        ["create", "--owner", "a", "--name", "a\nb"],
        ["create", "--owner", "a\u202eb"],
        ["revoke", "nosuchkey000"],
    ],
)
def test_keys_refuses_what_cannot_be(run: Any, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert "Traceback" not in result.output


def test_a_rotated_key_is_replaced_by_one_like_it(run: Any, tmp_path: Path) -> None:
    made = FORM.fullmatch(run("create", "--owner", "alice", "--scopes", "read,write", "--name", "board").stdout.strip())
    assert made
    for overlap in ("24", "1w", "-1h", ""):
        assert run("rotate", made[1], "--overlap", overlap).exit_code == 2
    rotated: Result = run("rotate", made[1], "--overlap", "1h")
    new = FORM.fullmatch(rotated.stdout.strip())
    assert new, "the key alone, so that it can be piped"
    assert f"key {made[1]} of alice ends " in rotated.stderr
    app = create_app(Settings(state_dir=tmp_path, draws=DRAWS, auth="api-key"))
    kept = Keys(app.extensions[EXTENSION])
    old, replacement = kept.all()
    assert (replacement.owner, replacement.scopes, replacement.name) == (old.owner, old.scopes, old.name)
    assert replacement.expires_at is None
    assert timedelta(minutes=59) < old.expires_at - datetime.now(UTC) < timedelta(minutes=61)
    client = app.test_client()
    assert [client.get(PATH, headers={"X-API-Key": one[0]}).status_code for one in (made, new)] == [200, 200]
    assert run("rotate", new[1], "--overlap", "0m").exit_code == 0
    app.extensions[authentication.EXTENSION].refresh()
    assert [client.get(PATH, headers={"X-API-Key": one[0]}).status_code for one in (made, new)] == [200, 401]
    app.extensions[EXTENSION].close()
    assert run("rotate", new[1]).output == "Error: this key has ended already; 'keys create' makes another\n"
    assert run("rotate", "nosuchkey000").exit_code == 1


def test_the_key_that_replaces_one_with_an_end_lasts_as_long(app: Flask) -> None:
    kept, end = Keys(app.extensions[EXTENSION]), datetime.now(UTC) + timedelta(days=90)
    identifier, _ = kept.create("alice", ["read"], expires_at=end)
    kept.rotate(identifier, timedelta(days=365))
    old, new = kept.all()
    assert old.expires_at == end, "an overlap makes no key last longer"
    assert new.expires_at
    assert new.expires_at - new.created_at == end - old.created_at


def test_remembered_keys_are_looked_up_without_a_request(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, client = Keys(app.extensions[EXTENSION]), app.test_client()
    auth = app.extensions[authentication.EXTENSION]
    (gone, shown), (_, stays) = kept.create("alice", ["read"]), kept.create("bob", ["read"])
    for one in (shown, stays):
        assert client.get(PATH, headers={"X-API-Key": one}).status_code == 200
    monkeypatch.setattr(authentication, "FRESH_S", 0.0)
    monkeypatch.setattr(Auth, "_follow", lambda _self: None)  # the test looks up when it wants
    auth.start()
    with monkeypatch.context() as patch:
        patch.setattr(Keys, "holder", lambda *_: pytest.fail("a request has looked up a remembered key"))
        kept.revoke(gone)
        assert client.get(PATH, headers={"X-API-Key": shown}).status_code == 200
        auth.refresh()
        assert client.get(PATH, headers={"X-API-Key": stays}).status_code == 200
    assert client.get(PATH, headers={"X-API-Key": shown}).status_code == 401


# What the gateway says.

GATEWAY = {"identity_header": "X-Forwarded-User", "trusted_proxies": 1}
THROUGH = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-User": "alice"}


@pytest.fixture
def behind(state_dir: Path, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Makes an application behind a gateway, on a database of its own."""
    made: list[Flask] = []

    def make(**more: Any) -> Flask:
        url = f"sqlite:///{tmp_path}/behind.sqlite"
        made.append(create_app(Settings(state_dir=state_dir, draws=DRAWS, database_url=url, **(GATEWAY | more))))
        return made[-1]

    yield make
    for app in made:
        app.extensions[EXTENSION].close()


def test_the_gateways_word_is_taken(behind: Callable[..., Flask]) -> None:
    client = behind().test_client()
    assert client.get(PATH, headers=THROUGH).status_code == 200
    made = client.post("/v1/scenarios", json=SCENARIO, headers=THROUGH).json
    assert client.get(f"/v1/scenarios/{made['id']}", headers=THROUGH).status_code == 200
    other = THROUGH | {"X-Forwarded-User": "bob"}
    assert client.get(f"/v1/scenarios/{made['id']}", headers=other).status_code == 404


def test_the_gateways_admins_are_those_that_the_settings_name(behind: Callable[..., Flask]) -> None:
    def status(admins: str, caller: str) -> int:
        headers = THROUGH | {"X-Forwarded-User": caller}
        return (
            behind(identity_admins=admins)
            .test_client()
            .post("/v1/vintages/current/rollback", headers=headers)
            .status_code
        )

    assert [status(admins, "alice") for admins in ("", "bob", "alicia,ali", "bob, alice")] == [403, 403, 403, 409]
    assert status("alice", "Alice") == 403


@pytest.mark.parametrize(
    ("headers", "peer", "more"),
    [
        ({"X-Forwarded-For": "203.0.113.7"}, "127.0.0.1", {}),
        ({"X-Forwarded-User": "alice"}, "127.0.0.1", {}),
        (THROUGH | {"X-Forwarded-For": " "}, "127.0.0.1", {}),
        (THROUGH, "127.0.0.1", {"trusted_proxies": 2}),
        (THROUGH, "198.51.100.9", {}),
        (THROUGH, "10.0.0.9", {"identity_peers": "10.0.0.1"}),
        (THROUGH, "", {}),
        (THROUGH | {"X-Forwarded-User": "mallory,alice"}, "127.0.0.1", {}),
        (THROUGH | {"X-Forwarded-User": "x" * 201}, "127.0.0.1", {}),
        (THROUGH | {"X-Forwarded-User": ""}, "127.0.0.1", {}),
        (THROUGH | {"X-Forwarded-User": "a\tb"}, "127.0.0.1", {}),
    ],
)
def test_a_spoofed_identity_gets_401(
    behind: Callable[..., Flask], headers: dict[str, str], peer: str, more: dict[str, Any]
) -> None:
    client = behind(**more).test_client()
    response = client.get(PATH, headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Gateway ")


def test_without_the_setting_an_identity_header_is_nothing(behind: Callable[..., Flask]) -> None:
    client = behind(identity_header="").test_client()
    made = client.post("/v1/scenarios", json=SCENARIO, headers=THROUGH).json
    assert client.get(f"/v1/scenarios/{made['id']}").status_code == 200, "it is the one caller's"


# Settings.


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"AUTH": "off"}, "AUTH"),
        ({"AUTH_NONE_ANYWHERE": "true"}, "AUTH_NONE_ANYWHERE"),
        ({"AUTH": "jwt"}, "JWT_JWKS"),
        ({"AUTH": "jwt", "JWT_JWKS": "/x"}, "JWT_ISSUER"),
        ({"AUTH": "jwt", "JWT_JWKS": "/x", "JWT_ISSUER": "i"}, "JWT_AUDIENCE"),
        ({"AUTH": "jwt", "JWT_JWKS": "http://idp.example/k", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a"}, "JWT_JWKS"),
        ({"AUTH": "jwt", "JWT_JWKS": "ftp://127.0.0.1/k", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a"}, "JWT_JWKS"),
        ({"JWT_ALGORITHMS": "HS256"}, "JWT_ALGORITHMS"),
        ({"JWT_ALGORITHMS": "RS256,none"}, "JWT_ALGORITHMS"),
        ({"JWT_ALGORITHMS": ""}, "JWT_ALGORITHMS"),
        ({"JWT_LEEWAY_S": "-1"}, "JWT_LEEWAY_S"),
        ({"IDENTITY_HEADER": "X-Forwarded-User"}, "IDENTITY_HEADER"),
        ({"IDENTITY_HEADER": "Authorization", "TRUSTED_PROXIES": "1"}, "IDENTITY_HEADER"),
        ({"IDENTITY_HEADER": "X User", "TRUSTED_PROXIES": "1"}, "IDENTITY_HEADER"),
        ({"IDENTITY_HEADER": "X-User", "TRUSTED_PROXIES": "1", "AUTH": "api-key"}, "IDENTITY_HEADER"),
        ({"IDENTITY_PEERS": "everyone"}, "IDENTITY_PEERS"),
    ],
)
def test_bad_settings_are_refused_by_name(variables: dict[str, str], name: str) -> None:
    with pytest.raises(BadSetting, match=f"^FORECAST_{name}: "):
        Settings.from_environment({f"FORECAST_{key}": value for key, value in variables.items()})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "unix:/run/x"])
def test_loopback_is(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "10.0.0.1", "example.org", "127.0.0.1.example.org", "fd://3"])  # noqa: S104
def test_anything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_open_to_all_it_refuses_to_start_unless_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[Any] = []
    # gunicorn's configuration is read here, in the tests' own process: what it sets must not stay.
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr("forecast_service.observability.log_lines.set_up", lambda _process: None)
    monkeypatch.setattr("forecast_service.server.master.Master.__init__", lambda *_: None)
    monkeypatch.setattr("forecast_service.server.master.Master.run", lambda self: started.append(self))
    monkeypatch.setattr("sys.argv", sys.argv)
    command = ["serve", "--host", "0.0.0.0"]  # noqa: S104
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: FORECAST_AUTH: none lets everyone in who reaches 0.0.0.0.")
    assert "FORECAST_AUTH_NONE_ANYWHERE=yes-i-know" in refused.output
    assert started == []
    for allowed in ({"FORECAST_AUTH_NONE_ANYWHERE": "yes-i-know"}, {"FORECAST_AUTH": "api-key"}):
        assert CliRunner(env=allowed).invoke(main, command).exit_code == 0
    assert len(started) == 2


@pytest.mark.slow
def test_gunicorn_itself_refuses_too(tmp_path: Path) -> None:
    configuration = Path(server.__file__).with_name("gunicorn.conf.py")
    command = [sys.executable, "-m", "gunicorn", "--config", str(configuration)]
    command += ["--bind", f"0.0.0.0:{free_port()}", "forecast_service:create_app()"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "Error: FORECAST_AUTH: none lets everyone in" in done.stderr


# The contract.


@pytest.mark.parametrize(
    ("mode", "ways"), [("none", [None, "apiKey", "bearer"]), ("api-key", ["apiKey", "bearer"]), ("jwt", ["bearer"])]
)
def test_the_contract_says_how_to_call_and_what_it_needs(state_dir: Path, tmp_path: Path, mode: str, ways: Any) -> None:
    more: dict[str, Any] = {}
    if mode == "jwt":
        more = {"jwt_jwks": "https://idp.example/jwks", "jwt_issuer": "i", "jwt_audience": "a"}
    document = (
        create_app(Settings(state_dir=state_dir, draws=DRAWS, auth=mode, **more))
        .test_client()
        .get("/openapi.json")
        .json
    )
    assert document["components"]["securitySchemes"]["apiKey"]["name"] == "X-API-Key"
    posts = document["paths"]["/v1/scenarios"]["post"]
    assert posts["security"] == [{} if way is None else {way: ["write"]} for way in ways]
    assert {"401", "403"} <= posts["responses"].keys()
    open_to_all = ("/healthz", "/readyz", "/version", "/v1/schemas/scenario.json")
    for path in open_to_all:
        assert "security" not in document["paths"][path]["get"]
    for path, item in document["paths"].items():
        if path.startswith("/v1/") and path not in open_to_all:
            assert all("security" in item[method] for method in item.keys() & {"get", "post", "put", "delete"}), path
