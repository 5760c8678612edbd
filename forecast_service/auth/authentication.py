"""Who calls: one check before every request, by the table of scopes (:mod:`forecast_service.auth.scopes`).

A route that is missing from the table asks for ``admin``, so that forgetting one closes it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, request
from werkzeug.exceptions import TooManyRequests

from forecast_service.auth.scopes import NEEDS, PUBLIC
from forecast_service.auth.throttle import Throttle
from forecast_service.callers import ADMIN, LOCAL, READ, SCOPES, WRITE, Caller, is_caller
from forecast_service.http.problems import problem
from forecast_service.settings import Settings
from forecast_service.settings.auth import API_KEY, JWT, NONE, networks
from forecast_service.store.database import EXTENSION as DATABASE
from forecast_service.store.database import DatabaseUnavailable
from forecast_service.store.keys import Holder, Keys

EXTENSION = "forecast-auth"
REALM = 'realm="forecast_service"'

FRESH_S = 5.0
"""How long a key is taken for valid without looking: so soon a revoked one is refused everywhere."""
STALE_S = 900.0
"""How long a key that was valid goes on while the database is away (forecasts do not need it), and how long a
credential that was valid is no guess: a stranger behind the same address shuts nobody out."""
MAX_REMEMBERED = 1000
RETRY_S = 5


class Auth:
    """Tells callers apart as the settings say."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self.settings = settings
        self.keys = keys
        self.throttle = Throttle(settings)
        self._networks = networks(settings)
        # What was valid, and when. By hash: what is remembered opens nothing.
        self._seen: dict[bytes, tuple[Holder, float]] = {}
        self._away: type[Exception] = DatabaseUnavailable
        if settings.auth == JWT:
            # Imported here: cryptography is large, and only this mode pays for it.
            from forecast_service.auth.jwt import NoKeys, Tokens

            self._tokens = Tokens(settings)
            self._away = NoKeys

    def identify(self, shown: str | None) -> Caller | None:
        """Who sent the request with a credential; None if that does not show it.

        Raises
        ------
        TooManyRequests
            if too many wrong credentials came from its address.
        DatabaseUnavailable, NoKeys
        """
        if self.settings.auth == NONE:
            return self._by_gateway() if self.settings.identity_header else Caller(LOCAL, frozenset(SCOPES))
        if shown is None:
            return None
        digest, now = hashlib.sha256(shown.encode("utf-8", "replace")).digest(), time.monotonic()
        known: Holder | None
        known, at = self._seen.get(digest, (None, now - STALE_S))
        address = request.remote_addr or ""
        if now - at >= STALE_S:
            known = None
            if wait := self.throttle.wait_s(address):
                raise TooManyRequests(retry_after=wait)
        # A token is verified each time.
        fresh = known is not None and now - at < FRESH_S and self.settings.auth == API_KEY
        holder = known if fresh else self._look_up(shown, known)
        if holder is None or (holder.expires_at is not None and holder.expires_at <= datetime.now(UTC)):
            self._seen.pop(digest, None)
            self.throttle.failed(address)
            return None
        if holder is not known:
            if len(self._seen) >= MAX_REMEMBERED and digest not in self._seen:
                self._seen.clear()
            self._seen[digest] = (holder, now)
        return Caller(holder.owner, holder.scopes)

    def _look_up(self, shown: str, known: Holder | None) -> Holder | None:
        """Whose credential it is; as ``known`` while that cannot be told."""
        try:
            return self.keys.holder(shown) if self.settings.auth == API_KEY else self._tokens.holder(shown)
        except self._away:
            if known is None:
                raise
            return known

    def _by_gateway(self) -> Caller | None:
        """Whom the gateway names. From anyone but the proxies that the settings name, the header is not there."""
        hops = self.settings.trusted_proxies
        # ProxyFix has put the client's address in the place of the peer's.
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
        named = request.headers.get(self.settings.identity_header)
        # With a comma it is two headers in one: the client's own and the gateway's.
        if not is_caller(named) or "," in str(named):
            return None
        return Caller(str(named), frozenset({READ, WRITE}))

    def check(self) -> Response | None:
        """The refusal of the request; None if it may go on."""
        needed = NEEDS.get(request.endpoint or "", ADMIN)
        # What is no route is a 404 or 405 to everyone. OPTIONS says no more than the contract does, and browsers
        # send it without credentials.
        if request.endpoint is None or request.method == "OPTIONS" or needed is PUBLIC:
            return None
        return self.refusal(needed)

    def refusal(self, needed: str) -> Response | None:
        """Why the caller may not do what needs a scope; None if it may. Remembers who calls."""
        shown = {API_KEY: _shown_key, JWT: _bearer}.get(self.settings.auth, lambda: None)()
        try:
            found = self.identify(shown)
        except TooManyRequests as over:
            return _too_many_guesses(str(over.retry_after))
        except self._away:
            response = problem(503, "Who calls cannot be checked at the moment.", None, "callers-unknown")
            response.headers["Retry-After"] = str(RETRY_S)
            return response
        if found is None:
            return self._unknown()
        g.caller, g.caller_known = found.id, found.id != LOCAL or self.settings.auth != NONE
        return None if found.may(needed) else self._forbidden(needed)

    def _unknown(self) -> Response:
        ways = {
            API_KEY: ("Send a valid key in X-API-Key or as a bearer token.", f"ApiKey {REALM}, Bearer {REALM}"),
            JWT: ("Send a valid token: Authorization: Bearer ...", f"Bearer {REALM}"),
        }
        detail, challenge = ways.get(self.settings.auth, ("The gateway did not say who calls.", f"Gateway {REALM}"))
        if self.settings.auth == JWT and _bearer() is not None:
            # Not why: that would help whoever makes tokens up.
            challenge += ', error="invalid_token"'
        return _refusal(401, detail, challenge)

    def _forbidden(self, needed: str) -> Response:
        detail = f"This needs the scope {needed}, which your credentials do not have."
        return _refusal(403, detail, f'Bearer {REALM}, error="insufficient_scope", scope="{needed}"')


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


def _shown_key() -> str | None:
    # Where both are sent the header of our own decides: a gateway may have use for the other.
    return request.headers.get("X-API-Key", _bearer())


def _bearer() -> str | None:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def register(app: Flask, settings: Settings) -> None:
    """Check every request to ``app`` before anything else is done with it."""
    auth = app.extensions[EXTENSION] = Auth(settings, Keys(app.extensions[DATABASE]))
    app.before_request(auth.check)
