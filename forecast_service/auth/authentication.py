"""Who calls: one check before every request, by the table of scopes (:mod:`forecast_service.auth.scopes`).

A route that is missing from the table asks for ``admin``, so that forgetting one closes it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, request

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
"""How long a key that was valid goes on while the database is away: forecasts do not need it."""
MAX_REMEMBERED = 1000
RETRY_S = 5


class _CannotTell(Exception):
    """What would tell who calls is away."""


class Auth:
    """Tells callers apart as the settings say."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self.settings = settings
        self.keys = keys
        self.throttle = Throttle(settings)
        self._networks = networks(settings)
        # By hash: what is remembered opens nothing.
        self._seen: dict[bytes, tuple[Holder, float]] = {}
        if settings.auth == JWT:
            # Imported here: cryptography is large, and only this mode pays for it.
            from forecast_service.auth.jwt import Tokens

            self._tokens = Tokens(settings)

    def identify(self) -> Caller | None:
        """Who sent the request; None if it does not show that.

        Raises
        ------
        _CannotTell
        """
        if self.settings.auth == API_KEY:
            return self._by_key()
        if self.settings.auth == JWT:
            return self._by_token()
        if self.settings.identity_header:
            return self._by_gateway()
        return Caller(LOCAL, frozenset(SCOPES))

    def _by_key(self) -> Caller | None:
        shown = _shown_key()
        if shown is None:
            return None
        holder = self._holder(shown)
        if holder is None or (holder.expires_at is not None and holder.expires_at <= datetime.now(UTC)):
            return None
        return Caller(holder.owner, holder.scopes)

    def _holder(self, key: str) -> Holder | None:
        digest, now = hashlib.sha256(key.encode("utf-8", "replace")).digest(), time.monotonic()
        known, at = self._seen.get(digest, (None, -STALE_S))
        if known is not None and now - at < FRESH_S:
            return known
        try:
            holder = self.keys.holder(key)
        except DatabaseUnavailable:
            if known is not None and now - at < STALE_S:
                return known
            raise _CannotTell from None
        if holder is None:
            self._seen.pop(digest, None)
            return None
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen.clear()
        self._seen[digest] = (holder, now)
        return holder

    def _by_token(self) -> Caller | None:
        from forecast_service.auth.jwt import NoKeys

        token = _bearer()
        if token is None:
            return None
        try:
            return self._tokens.caller(token)
        except NoKeys:
            raise _CannotTell from None

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
        address = request.remote_addr or ""
        if shown is not None and (wait := self.throttle.wait_s(address, shown)):
            return _too_many_guesses(wait)
        try:
            found = self.identify()
        except _CannotTell:
            response = problem(503, "Who calls cannot be checked at the moment.", None, "callers-unknown")
            response.headers["Retry-After"] = str(RETRY_S)
            return response
        if found is None:
            if shown is not None:
                self.throttle.failed(address)
            return self._unknown()
        if shown is not None:
            self.throttle.succeeded(shown)
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


def _too_many_guesses(wait: int) -> Response:
    detail = "Too many credentials from your address were wrong. Retry-After says when to send another."
    response = problem(429, detail, None, "too-many-wrong-credentials")
    response.headers["Retry-After"] = str(wait)
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
