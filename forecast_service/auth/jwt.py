"""Verifies bearer tokens (FORECAST_AUTH=jwt): signature, issuer, audience and time.

A token does not decide how it is verified: the settings name the algorithms, and the key comes from the issuer's key
set, by ``kid``. Keys and addresses inside a token are not used.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import urllib.request
import warnings
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import GuestProtocol, JWKRegistry, Key, KeySet
from joserfc.registry import HeaderParameter

from forecast_service.callers import SCOPES, is_caller
from forecast_service.settings import BadSetting, Settings
from forecast_service.settings.auth import algorithms
from forecast_service.store.keys import Holder

MAX_TOKEN = 8_000
"""Longest token that is parsed (characters). Tokens of common issuers have 1,000 to 2,000."""
MAX_JWKS = 256_000
TIMEOUT_S = 5.0
"""Longest time to read the keys."""
ASK_AGAIN_S = 60.0
"""Shortest time between two readings of the keys for an unknown ``kid``, so that callers cannot cause more."""
MAX_AGE_S = 600.0
"""Longest time that a key still works after the issuer withdraws it, if the issuer can be reached."""

_log = logging.getLogger(__name__)


class NoKeys(Exception):
    """The issuer's keys were never read, so no token can be verified."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: the keys come only from the address in the setting."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _read(source: str) -> bytes:
    end = time.monotonic() + TIMEOUT_S
    opener = urllib.request.build_opener(_NoRedirects)
    # The settings check the scheme.
    text = b""
    with opener.open(source, timeout=TIMEOUT_S) if "://" in source else Path(source).open("rb") as file:
        while piece := file.read1(65_536):
            text += piece
            if len(text) > MAX_JWKS or time.monotonic() > end:
                raise ValueError
    return text


def public_keys(text: bytes) -> KeySet:
    """The keys of a JWKS that can verify signatures; other keys are skipped."""
    keys: list[Key] = []
    for data in json.loads(text)["keys"]:
        # A shared secret ("oct") in a public key set is public, so anyone could sign with it.
        if not isinstance(data, dict) or data.get("kty") not in {"RSA", "EC", "OKP"} or data.get("use", "sig") != "sig":
            continue
        # Skip keys that joserfc cannot read.
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("error")  # joserfc warns of a key that is too short
            keys.append(JWKRegistry.import_key(data))
    return KeySet(keys)


class KeyRing:
    """The issuer's public keys, read from a file or address and cached."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._keys = KeySet([])
        self._lock = threading.Lock()
        self._read_at = self._tried_at = -float("inf")
        if "://" not in source:
            self._refresh()
            if not self._keys:
                raise BadSetting("FORECAST_JWT_JWKS: no such file, or no public keys (JWKS) in it")

    def find(self, kid: str | None) -> Key:
        """The key with this id; without an id, the only key there is. Raises NoKeys or InvalidKeyIdError."""
        now = time.monotonic()
        if now - self._read_at > MAX_AGE_S:
            self._refresh_at_most_once(now)
        if not self._keys:
            raise NoKeys
        try:
            return self._keys.get_by_kid(kid)
        except InvalidKeyIdError:
            self._refresh_at_most_once(now)
            return self._keys.get_by_kid(kid)

    def _refresh_at_most_once(self, now: float) -> None:
        # Only a request that has no keys at all waits for another thread's reading.
        if not self._lock.acquire(blocking=not self._keys):
            return
        try:
            if now - self._tried_at >= (ASK_AGAIN_S if self._keys else TIMEOUT_S):
                self._refresh()
        finally:
            self._lock.release()

    def _refresh(self) -> None:
        self._tried_at = time.monotonic()
        try:
            keys = public_keys(_read(self.source))
        except (OSError, HTTPException, ValueError, TypeError, KeyError, RecursionError) as error:
            keys = KeySet([])
            _log.warning("the keys at FORECAST_JWT_JWKS cannot be read: %s", type(error).__name__)
        # While the issuer cannot be reached its last keys stay valid; every token still expires.
        if keys:
            self._keys, self._read_at = keys, self._tried_at


class Tokens:
    """Verifies tokens."""

    def __init__(self, settings: Settings) -> None:
        self.ring = KeyRing(settings.jwt_jwks)
        # joserfc checks the header by these rules before it asks for a key.
        refused = {name: HeaderParameter("not taken", "none") for name in ("jwk", "jku", "x5u", "x5c")}
        self._registry = jws.JWSRegistry(refused, algorithms(settings), strict_check_header=False)
        self._registry.max_header_length = self._registry.max_payload_length = MAX_TOKEN
        self._claims = jwt.JWTClaimsRegistry(
            leeway=settings.jwt_leeway_s,
            iss={"essential": True, "value": settings.jwt_issuer},
            aud={"essential": True, "value": settings.jwt_audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    def holder(self, token: str) -> Holder | None:
        """The holder of the token; None if the token is not valid. Raises NoKeys."""
        if len(token) > MAX_TOKEN:
            return None
        try:
            claims = jwt.decode(token, self._key, registry=self._registry).claims
            self._claims.validate(claims)
        except NoKeys:
            raise
        except Exception:  # noqa: BLE001  a token that cannot be decoded for any reason is not valid
            return None
        scope, subject = claims.get("scope", ""), claims["sub"]
        if not is_caller(subject) or not isinstance(scope, str):
            return None
        return Holder(subject, frozenset(scope.split()) & frozenset(SCOPES), None)

    def _key(self, token: GuestProtocol) -> Key:
        return self.ring.find(token.headers().get("kid"))
