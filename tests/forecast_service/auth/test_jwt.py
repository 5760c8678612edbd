"""Bearer tokens: what is taken, and the known attacks, each of which gets a plain 401."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from forecast_service import create_app
from forecast_service.auth import jwt as tokens
from forecast_service.auth.authentication import EXTENSION
from forecast_service.auth.jwt import MAX_TOKEN, KeyRing, NoKeys, public_keys
from forecast_service.settings import BadSetting, Settings
from forecast_service.store.database import EXTENSION as DATABASE
from tests.support.callers import SCENARIO
from tests.support.service import DRAWS

ISSUER, AUDIENCE = "https://idp.example", "forecast_service"
OURS = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
CURVE = ECKey.generate_key("P-256", {"kid": "ec-1"})
STRANGERS = RSAKey.generate_key(2048, {"kid": "rsa-1"})
JWKS = json.dumps({"keys": [OURS.as_dict(private=False), CURVE.as_dict(private=False)]})
NOW = int(time.time())
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": NOW + 3600, "iat": NOW, "scope": "read write openid"}


def token(key: Any = OURS, alg: str = "RS256", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token; a claim or header that is None is left out."""
    head = {name: value for name, value in ({"alg": alg, "kid": key.kid} | (header or {})).items() if value is not None}
    said = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return jwt.encode(head, said, key, algorithms=[alg])


def encoded(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unsigned(alg: str) -> str:
    return f"{encoded({'alg': alg, 'typ': 'JWT', 'kid': 'rsa-1'})}.{encoded(CLAIMS)}."


def signed_with_secret(secret: bytes, header: dict[str, Any] | None = None) -> str:
    """An HS256 token made by hand: libraries refuse to help."""
    text = f"{encoded({'alg': 'HS256', 'kid': 'rsa-1'} | (header or {}))}.{encoded(CLAIMS)}"
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def with_wrong_signature() -> str:
    head, claims, signature = token().split(".")
    return f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def with_other_claims() -> str:
    head, _, signature = token().split(".")
    return f"{head}.{encoded(CLAIMS | {'sub': 'bob'})}.{signature}"


PUBLIC_PEM = OURS.as_pem(private=False)

ATTACKS: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned("none"),
    "alg None": lambda: unsigned("None"),
    "alg missing": lambda: f"{encoded({'kid': 'rsa-1'})}.{encoded(CLAIMS)}.{encoded(b'x')}",
    "alg empty": lambda: unsigned(""),
    "alg a list": lambda: f"{encoded({'alg': ['RS256'], 'kid': 'rsa-1'})}.{encoded(CLAIMS)}.{encoded(b'x')}",
    "key confusion, PEM": lambda: signed_with_secret(PUBLIC_PEM),
    "key confusion, JWK": lambda: signed_with_secret(json.dumps(OURS.as_dict(private=False)).encode()),
    "key confusion, empty secret": lambda: signed_with_secret(b""),
    "RS256 with the name of the EC key": lambda: token(header={"kid": "ec-1"}),
    "an algorithm that is not allowed": lambda: token(alg="PS256"),
    "wrong audience": lambda: token(aud="another-service"),
    "no audience": lambda: token(aud=None),
    "audience that contains ours": lambda: token(aud=AUDIENCE + "-staging"),
    "wrong issuer": lambda: token(iss="https://idp.example.evil"),
    "no issuer": lambda: token(iss=None),
    "expired": lambda: token(exp=NOW - 3600),
    "no expiry": lambda: token(exp=None),
    "expiry a text": lambda: token(exp="never"),
    "expiry true": lambda: token(exp=True),
    "not yet valid": lambda: token(nbf=NOW + 3600),
    "issued in the future": lambda: token(iat=NOW + 3600),
    "no subject": lambda: token(sub=None),
    "empty subject": lambda: token(sub=""),
    "subject a number": lambda: token(sub=7),
    "subject too long": lambda: token(sub="x" * 201),
    "subject with a line break": lambda: token(sub="alice\nbob"),
    "scope a list": lambda: token(scope=["read"]),
    "unknown kid": lambda: token(STRANGERS, header={"kid": "rsa-9"}),
    "known kid, stranger's key": lambda: token(STRANGERS),
    "no kid where there are several keys": lambda: token(header={"kid": None}),
    "kid a number": lambda: f"{encoded({'alg': 'RS256', 'kid': 1})}.{encoded(CLAIMS)}.{encoded(b'x')}",
    "kid path traversal": lambda: signed_with_secret(b"", {"kid": "../../../../dev/null"}),
    "kid path traversal, RS256": lambda: token(STRANGERS, header={"kid": "../../../../dev/null"}),
    "kid SQL": lambda: token(STRANGERS, header={"kid": "x' UNION SELECT 'key' --"}),
    "embedded jwk": lambda: token(STRANGERS, header={"jwk": STRANGERS.as_dict(private=False)}),
    "jku": lambda: token(STRANGERS, header={"jku": "https://evil.example/jwks"}),
    "x5u": lambda: token(STRANGERS, header={"x5u": "https://evil.example/cert"}),
    "unknown crit": lambda: f"{encoded({'alg': 'RS256', 'kid': 'rsa-1', 'crit': ['x'], 'x': 1})}.{encoded(CLAIMS)}.AA",
    "wrong signature": with_wrong_signature,
    "other claims under a signature": with_other_claims,
    "no signature": lambda: token().rsplit(".", 1)[0] + ".",
    "two parts": lambda: token().rsplit(".", 1)[0],
    "five parts, encrypted": lambda: "a.b.c.d.e",
    "oversized": lambda: token(padding="x" * MAX_TOKEN),
    "oversized header": lambda: token(header={"kid": "x" * MAX_TOKEN}),
    "deeply nested header": lambda: f"{encoded(b'[' * 5000)}.{encoded(CLAIMS)}.AA",
    "header a list": lambda: f"{encoded(['RS256'])}.{encoded(CLAIMS)}.AA",
    "no base64": lambda: "!!!.???.***",
    "empty": lambda: "",
    "dots": lambda: "..",
    "garbage": lambda: "\xfc\xff" * 20,
    "an API key": lambda: "fs_0123456789ab_" + "0" * 64,
}


@pytest.fixture(scope="module")
def jwks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The issuer's keys in a file."""
    path = tmp_path_factory.mktemp("jwks") / "jwks.json"
    path.write_text(JWKS)
    return path


def taking(state_dir: Path, jwks: object, **more: Any) -> Flask:
    """An application that takes tokens, on a database beside the others'."""
    said = {"auth": "jwt", "jwt_jwks": str(jwks), "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    said["database_url"] = f"sqlite:///{state_dir}/tokens.sqlite"
    return create_app(Settings(state_dir=state_dir, draws=DRAWS, **(said | more)))


@pytest.fixture(scope="module")
def app(state_dir: Path, jwks: Path) -> Iterator[Flask]:
    """An application that takes tokens of the issuer whose keys are in the file."""
    app = taking(state_dir, jwks)
    yield app
    app.extensions[DATABASE].close()


def ask(app: Flask, text: str, path: str = "/v1/countries", method: str = "GET", **more: Any) -> Any:
    return app.test_client().open(path, method=method, headers={"Authorization": f"Bearer {text}"}, **more)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_401(app: Flask, name: str) -> None:
    text = ATTACKS[name]()
    response = ask(app, text)
    assert response.status_code == 401
    assert response.mimetype == "application/problem+json"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="forecast_service", error="invalid_token"'
    # Every refusal reads the same: which check failed is nobody's business.
    assert response.json["detail"] == "Send a valid token: Authorization: Bearer ..."
    assert len(text) < 10 or text not in response.text


GOOD: dict[str, Callable[[], str]] = {
    "RS256": token,
    "ES256": lambda: token(CURVE, "ES256"),
    "several audiences": lambda: token(aud=["other", AUDIENCE]),
    "clock behind": lambda: token(exp=int(time.time()) - 10),
    "clock ahead": lambda: token(nbf=int(time.time()) + 10, iat=int(time.time()) + 10),
    "other headers": lambda: token(header={"typ": "at+jwt", "x5t": "abc"}),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_token_is_taken(app: Flask, name: str) -> None:
    assert ask(app, GOOD[name]()).status_code == 200


def test_the_subject_owns_and_the_scope_limits(app: Flask) -> None:
    made = ask(app, token(), "/v1/scenarios", "POST", json=SCENARIO)
    assert made.status_code == 201
    where = f"/v1/scenarios/{made.json['id']}"
    assert ask(app, token(), where).status_code == 200
    assert ask(app, token(sub="bob"), where).status_code == 404
    assert ask(app, token(scope="read"), where, "DELETE").status_code == 403
    assert ask(app, token(scope="write"), where).status_code == 403
    assert ask(app, token(scope=None), where).status_code == 403
    assert ask(app, token(scope="readwrite"), where).status_code == 403


def test_wrong_tokens_are_slowed_down(state_dir: Path, jwks: Path) -> None:
    app = taking(state_dir, jwks, auth_failures="2/minute")
    assert ask(app, token()).status_code == 200
    assert [ask(app, with_wrong_signature()).status_code for _ in range(3)] == [401, 401, 429]
    assert ask(app, token(sub="bob")).status_code == 429, "it might be a guess"
    assert ask(app, token()).status_code == 200, "it was right just now"


def test_only_the_algorithms_of_the_setting(state_dir: Path, jwks: Path) -> None:
    only = taking(state_dir, jwks, jwt_algorithms="ES256, PS256")
    assert ask(only, token()).status_code == 401
    assert ask(only, token(alg="PS256")).status_code == 200


def test_edwards_curves_where_asked_for(state_dir: Path, tmp_path: Path) -> None:
    key = OKPKey.generate_key("Ed25519", {"kid": "ed-1"})
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    only = taking(state_dir, path, jwt_algorithms="Ed25519")
    assert ask(only, token(key, "Ed25519")).status_code == 200
    assert ask(only, token(key, "Ed25519", {"kid": None})).status_code == 200, "the only key there is"


def test_secrets_short_keys_and_keys_for_other_uses_are_passed_over() -> None:
    small = {"kty": "RSA", "n": encoded(b"\xff" * 128), "e": "AQAB"}
    kinds = [
        OctKey.generate_key(256).as_dict(),
        small,
        OURS.as_dict(private=False) | {"use": "enc"},
        {"kty": "EC", "crv": "P-0", "x": "AA", "y": "AA"},
        "text",
        CURVE.as_dict(private=False),
    ]
    assert [key.kid for key in public_keys(json.dumps({"keys": kinds}).encode())] == ["ec-1"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"keys": []}', "[" * 100_000, "x" * 300_000, '{"keys": 1}'])
def test_a_file_without_keys_stops_the_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(content)
    with pytest.raises(BadSetting, match=r"^FORECAST_JWT_JWKS: "):
        KeyRing(str(path))
    with pytest.raises(BadSetting, match=r"^FORECAST_JWT_JWKS: "):
        KeyRing(str(tmp_path / "missing"))


class Issuer:
    """An issuer's address that can be told what to answer."""

    def __init__(self) -> None:
        self.answer: bytes = JWKS.encode()
        self.status = 200
        self.asked = 0


@contextmanager
def issuing() -> Iterator[tuple[Issuer, str]]:
    """An issuer on this machine, and where its keys are."""
    issuer = Issuer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            self.send_response(issuer.status)
            if issuer.status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(issuer.answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer, f"http://127.0.0.1:{server.server_address[1]}/jwks"
    finally:
        server.shutdown()
        server.server_close()


def test_unknown_kids_make_us_ask_the_issuer_once_a_minute(state_dir: Path) -> None:
    with issuing() as (issuer, url):
        app = taking(state_dir, url)
        assert issuer.asked == 0, "an issuer that is away does not stop the start"
        assert ask(app, token()).status_code == 200
        for number in range(20):
            assert ask(app, token(STRANGERS, header={"kid": f"made-up-{number}"})).status_code == 401
        assert issuer.asked == 1
        ring = app.extensions[EXTENSION]._tokens.ring
        ring._tried_at -= tokens.ASK_AGAIN_S
        new = RSAKey.generate_key(2048, {"kid": "rsa-2"})
        issuer.answer = json.dumps({"keys": [new.as_dict(private=False)]}).encode()
        assert ask(app, token(new)).status_code == 200, "a key that the issuer has changed to"
        assert issuer.asked == 2
        assert ask(app, token()).status_code == 401, "the key that it has withdrawn"


@pytest.mark.parametrize(
    ("status", "answer"),
    [(500, b""), (302, b""), (200, b"<html>"), (200, b"x" * 300_000), (200, b'{"keys": []}')],
    ids=["fails", "redirects", "no JSON", "endless", "no keys"],
)
def test_while_there_are_no_keys_it_is_a_503_and_keys_outlive_an_outage(
    state_dir: Path, status: int, answer: bytes
) -> None:
    with issuing() as (issuer, url):
        good = issuer.answer
        issuer.status, issuer.answer = status, answer
        app = taking(state_dir, url)
        response = ask(app, token())
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        for hopeless in ("alg none", "an algorithm that is not allowed", "embedded jwk", "jku", "x5u", "kid a number"):
            assert ask(app, ATTACKS[hopeless]()).status_code == 401, "what no key could save needs no keys"
        assert app.test_client().get("/healthz").status_code == 200
        ring = app.extensions[EXTENSION]._tokens.ring
        with pytest.raises(NoKeys):
            ring.find("rsa-1")
        assert issuer.asked == 1, "not asked for every request"
        ring._tried_at -= tokens.TIMEOUT_S
        issuer.status, issuer.answer = 200, good
        assert ask(app, token()).status_code == 200
        issuer.status, issuer.answer = status, answer
        ring._read_at -= tokens.MAX_AGE_S + 1
        ring._tried_at -= tokens.ASK_AGAIN_S
        assert ask(app, token()).status_code == 200
        assert issuer.asked == 3
