"""Checks the caller before every request, by the table of scopes (:mod:`forecast_service.auth.scopes`).

A route that is missing from the table needs ``admin``, so a forgotten route is closed.

A valid key is remembered, and a thread looks the remembered keys up again: only the first request with a key waits for
the database.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import TooManyRequests

from forecast_service.auth.scopes import NEEDS, PUBLIC
from forecast_service.auth.throttle import Throttle
from forecast_service.callers import ADMIN, LOCAL, READ, SCOPES, WRITE, Caller, is_caller
from forecast_service.http.problems import problem
from forecast_service.settings import Settings
from forecast_service.settings.auth import API_KEY, JWT, NONE, admins, networks
from forecast_service.store.database import EXTENSION as DATABASE
from forecast_service.store.database import DatabaseUnavailable
from forecast_service.store.keys import Holder, Keys

Environ = Mapping[str, Any]

EXTENSION = "forecast-auth"
REALM = 'realm="forecast_service"'

REFRESH_S = 2.0
"""Time between two look-ups of the remembered keys by the thread (s)."""
FRESH_S = 5.0
"""Time before a request looks a key up again (s) if no thread does. A revoked key works no longer than that."""
STALE_S = 900.0
"""Time (s) for which a valid key still works while the database cannot be reached (forecasts do not need it), and for
which a valid credential is exempt from the throttle: wrong credentials from the same address do not lock it out."""
MAX_REMEMBERED = 1000
RETRY_S = 5

_log = logging.getLogger(__name__)


@dataclass
class _Remembered:
    """The holder of a valid credential; times by :func:`time.monotonic`."""

    holder: Holder
    looked_up: float
    used: float


class Auth:
    """Authenticates callers in the way that the settings name."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self.settings = settings
        self.keys = keys
        self.throttle = Throttle(settings)
        self._networks = networks(settings)
        self._admins = admins(settings)
        # By the credential's hash.
        self._seen: dict[bytes, _Remembered] = {}
        self._refreshed = 0.0
        self._thread_of: int | None = None
        self._unavailable: type[Exception] = DatabaseUnavailable
        if settings.auth == JWT:
            # Imported here, because cryptography is large and only this mode needs it.
            from forecast_service.auth.jwt import NoKeys, Tokens

            self._tokens = Tokens(settings)
            self._unavailable = NoKeys

    def identify(self, credential: str | None) -> Caller | None:
        """The caller with this credential; None if it is not valid.

        Raises
        ------
        TooManyRequests
            if too many wrong credentials came from the caller's address.
        DatabaseUnavailable, NoKeys
        """
        if self.settings.auth == NONE:
            return self._by_gateway() if self.settings.identity_header else Caller(LOCAL, frozenset(SCOPES))
        if credential is None:
            return None
        digest, now = _digest(credential), time.monotonic()
        seen = self._remembered(digest, now)
        address = request.remote_addr or ""
        if seen is None and (wait := self.throttle.wait_s(address)):
            raise TooManyRequests(retry_after=wait)
        holder = seen.holder if seen and self._is_fresh(seen, now) else self._look_up(credential, seen)
        if holder is None or _has_expired(holder):
            self._seen.pop(digest, None)
            self.throttle.failed(address)
            return None
        if seen is None or holder is not seen.holder:
            if len(self._seen) >= MAX_REMEMBERED and digest not in self._seen:
                self._seen.clear()
            self._seen[digest] = _Remembered(holder, now, now)
        else:
            seen.used = now
        return Caller(holder.owner, holder.scopes)

    def _remembered(self, digest: bytes, now: float) -> _Remembered | None:
        seen = self._seen.get(digest)
        return None if seen is None or now - seen.looked_up >= STALE_S else seen

    def _is_fresh(self, seen: _Remembered, now: float) -> bool:
        """Whether a credential need not be looked up now. A token is verified each time."""
        return self.settings.auth == API_KEY and (self._thread_of == os.getpid() or now - seen.looked_up < FRESH_S)

    def _look_up(self, credential: str, seen: _Remembered | None) -> Holder | None:
        """The holder of a credential; of a key that was ``seen``, while the database cannot be reached."""
        if self.settings.auth == JWT:
            return self._tokens.holder(credential)
        try:
            return self.keys.holder(credential)
        except DatabaseUnavailable:
            if seen is None:
                raise
            return seen.holder

    def start(self) -> None:
        """Look the remembered keys up again and again, in a thread of this process."""
        if self.settings.auth == API_KEY:
            self._thread_of = os.getpid()
            threading.Thread(target=self._follow, name="keys", daemon=True).start()

    def _follow(self) -> None:
        while True:
            time.sleep(REFRESH_S)
            try:
                self.refresh()
            except DatabaseUnavailable:
                pass  # the remembered keys go on; the thread that follows the vintage logs it
            except Exception:  # noqa: BLE001  logged below
                # The next time may succeed, and without this thread revoked keys would go on.
                _log.exception("looking up keys")

    def refresh(self) -> None:
        """Look up all remembered keys, and forget those that are no longer valid. Raises DatabaseUnavailable."""
        now, before = time.monotonic(), self._refreshed
        seen = {digest: one for digest, one in self._seen.copy().items() if now - one.used < STALE_S}
        identifiers = {one.holder.key_id or "": one.used >= before for one in seen.values()}
        if not identifiers:
            return
        holders = self.keys.current(identifiers, [identifier for identifier, used in identifiers.items() if used])
        self._refreshed = now
        for digest, one in seen.items():
            if holder := holders.get(one.holder.key_id or ""):
                one.holder, one.looked_up = holder, now
            else:
                self._seen.pop(digest, None)

    def _by_gateway(self) -> Caller | None:
        """The caller in the gateway's header, which counts only from the proxies that the settings name."""
        hops = self.settings.trusted_proxies
        # ProxyFix has replaced the peer's address with the client's.
        before = request.environ.get("werkzeug.proxy_fix.orig", {})
        through = request.headers.get("X-Forwarded-For", "").split(",")
        try:
            peer = ipaddress.ip_address(before["REMOTE_ADDR"])
        except (KeyError, ValueError):
            return None
        if len(through) < hops or not all(part.strip() for part in through[-hops:]):
            return None
        if not any(peer in network for network in self._networks):
            return None
        caller = request.headers.get(self.settings.identity_header)
        # A comma means two headers joined: the client's own and the gateway's.
        if not is_caller(caller) or "," in str(caller):
            return None
        return Caller(str(caller), frozenset(SCOPES if caller in self._admins else {READ, WRITE}))

    def check(self) -> Response | None:
        """The answer that refuses the request; None if it is allowed."""
        needed = NEEDS.get(request.endpoint or "", ADMIN)
        # An unknown route answers 404 or 405 to everyone. OPTIONS reveals only what the contract says, and browsers
        # send it without credentials.
        if request.endpoint is None or request.method == "OPTIONS" or needed is PUBLIC:
            return None
        return self.refusal(needed)

    def allowed(self, environ: Environ, endpoint: str) -> tuple[str, bool] | None:
        """The caller whom :meth:`check` allows, and whether it is authenticated; without Flask and without waiting.

        None if only :meth:`check` can tell.
        """
        needed = NEEDS.get(endpoint, ADMIN)
        if needed is PUBLIC or self.settings.auth == NONE:
            return LOCAL, False
        now = time.monotonic()
        seen = self._remembered(_digest(_key(environ) or ""), now)
        if seen is None or not self._is_fresh(seen, now) or _has_expired(seen.holder):
            return None
        seen.used = now
        caller = Caller(seen.holder.owner, seen.holder.scopes)
        return (caller.id, True) if caller.may(needed) else None

    def refusal(self, needed: str) -> Response | None:
        """The answer that refuses a caller without the scope ``needed``; None if it has it. Records the caller."""
        credential = {API_KEY: _key, JWT: _bearer}.get(self.settings.auth, lambda _: None)(request.environ)
        try:
            caller = self.identify(credential)
        except TooManyRequests as over:
            return _too_many_guesses(str(over.retry_after))
        except self._unavailable:
            response = problem(503, "The service cannot check your credentials at the moment.", None, "callers-unknown")
            response.headers["Retry-After"] = str(RETRY_S)
            return response
        if caller is None:
            return self._unknown()
        g.caller, g.caller_known = caller.id, caller.id != LOCAL or self.settings.auth != NONE
        return None if caller.may(needed) else self._forbidden(needed)

    def _unknown(self) -> Response:
        ways = {
            API_KEY: ("Send a valid key in X-API-Key or as a bearer token.", f"ApiKey {REALM}, Bearer {REALM}"),
            JWT: ("Send a valid token: Authorization: Bearer ...", f"Bearer {REALM}"),
        }
        detail, challenge = ways.get(self.settings.auth, ("The gateway did not say who calls.", f"Gateway {REALM}"))
        if self.settings.auth == JWT and _bearer(request.environ) is not None:
            # Without the reason, which would help a forger of tokens.
            challenge += ', error="invalid_token"'
        return _refusal(401, detail, challenge)

    def _forbidden(self, needed: str) -> Response:
        detail = f"This needs the scope {needed}, which your credentials do not have."
        return _refusal(403, detail, f'Bearer {REALM}, error="insufficient_scope", scope="{needed}"')


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode("utf-8", "replace")).digest()


def _has_expired(holder: Holder) -> bool:
    return holder.expires_at is not None and holder.expires_at <= datetime.now(UTC)


def _refusal(status: int, detail: str, challenge: str) -> Response:
    response = problem(status, detail, None, "missing-scope" if status == 403 else None)
    response.headers["WWW-Authenticate"] = challenge
    response.headers["Cache-Control"] = "no-store"
    return response


def _too_many_guesses(wait: str) -> Response:
    detail = "Too many credentials from your address were wrong. Retry-After says when to send another."
    response = problem(429, detail, None, "too-many-wrong-credentials")
    response.headers["Retry-After"] = wait
    response.headers["Cache-Control"] = "no-store"
    return response


def _key(environ: Environ) -> str | None:
    # X-API-Key comes first, because a gateway may use Authorization for itself.
    return environ["HTTP_X_API_KEY"] if "HTTP_X_API_KEY" in environ else _bearer(environ)


def _bearer(environ: Environ) -> str | None:
    kind, _, text = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def register(app: Flask, settings: Settings) -> None:
    """Check the caller of every request to ``app``."""
    auth = app.extensions[EXTENSION] = Auth(settings, Keys(app.extensions[DATABASE]))
    app.before_request(auth.check)
