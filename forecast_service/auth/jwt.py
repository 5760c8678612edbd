"""Bearer tokens: signed by the issuer that the settings name, for this service, now (FORECAST_AUTH=jwt).

Nothing that a token says about itself decides how it is checked: the algorithms are the settings', and the key is
one of the issuer's own, looked up by ``kid`` in what was read before. Keys and addresses inside a token are not used.
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
"""Longest token that is looked into at all. Tokens of the usual issuers have 1,000 to 2,000 characters."""
MAX_JWKS = 256_000
TIMEOUT_S = 5.0
"""How long reading the keys may take in all."""
ASK_AGAIN_S = 60.0
"""How long after the last try an unknown ``kid`` makes the keys be read again: else anyone could make us ask."""
MAX_AGE_S = 600.0
"""How long a key that the issuer withdraws is believed at most, as long as the issuer answers."""

_log = logging.getLogger(__name__)


class NoKeys(Exception):
    """The issuer's keys could not be read yet, so that no token can be checked."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The keys are where the setting says, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _read(source: str) -> bytes:
    end = time.monotonic() + TIMEOUT_S
    opener = urllib.request.build_opener(_NoRedirects)
    # The scheme is checked where the setting is read.
    text = b""
    with opener.open(source, timeout=TIMEOUT_S) if "://" in source else Path(source).open("rb") as file:
        while piece := file.read1(65_536):
            text += piece
            if len(text) > MAX_JWKS or time.monotonic() > end:
                raise ValueError
    return text


def public_keys(text: bytes) -> KeySet:
    """The keys of a JWKS that signatures may be verified with; others in it are passed over."""
    found: list[Key] = []
    for data in json.loads(text)["keys"]:
        # A shared secret ("oct") has no place among public keys: it would be everyone's.
        if not isinstance(data, dict) or data.get("kty") not in {"RSA", "EC", "OKP"} or data.get("use", "sig") != "sig":
            continue
        # One key of a kind that is not known here spoils no other.
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("error")  # what joserfc warns of is a key that is too short
            found.append(JWKRegistry.import_key(data))
    return KeySet(found)


class KeyRing:
    """The issuer's public keys, read from a file or address and kept."""

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
        """The key by that name; without a name the only one there is.

        Raises
        ------
        NoKeys, InvalidKeyIdError
        """
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
        # Who can be answered from the keys that are there does not wait for another's reading.
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
            found = public_keys(_read(self.source))
        except (OSError, HTTPException, ValueError, TypeError, KeyError, RecursionError) as error:
            found = KeySet([])
            _log.warning("the keys at FORECAST_JWT_JWKS cannot be read: %s", type(error).__name__)
        # While the issuer is away, its last keys go on: each token runs out by itself.
        if found:
            self._keys, self._read_at = found, self._tried_at


class Tokens:
    """What checks tokens."""

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
        """Whom the token was issued to; None if it is not to be believed.

        Raises
        ------
        NoKeys
        """
        if len(token) > MAX_TOKEN:
            return None
        try:
            claims = jwt.decode(token, self._key, registry=self._registry).claims
            self._claims.validate(claims)
        except NoKeys:
            raise
        except Exception:  # noqa: BLE001  whatever a stranger's text makes fail, it is not believed
            return None
        scope, subject = claims.get("scope", ""), claims["sub"]
        if not is_caller(subject) or not isinstance(scope, str):
            return None
        return Holder(subject, frozenset(scope.split()) & frozenset(SCOPES), None)

    def _key(self, token: GuestProtocol) -> Key:
        return self.ring.find(token.headers().get("kid"))
