"""What the settings about callers may be, and where the service may be open to everyone."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from forecast_service.settings import Settings

MODES = NONE, API_KEY, JWT = ("none", "api-key", "jwt")
IN_SO_MANY_WORDS = "yes-i-know"

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures that a public key verifies. With a shared secret whoever can verify a token could make one."""

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}")
# Headers that mean something else to the service.
_TAKEN = {
    *("authorization", "x-api-key", "host", "cookie", "content-type", "content-length"),
    *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix"),
}


def algorithms(settings: Settings) -> list[str]:
    """The signatures that tokens may bear."""
    return [name.strip() for name in settings.jwt_algorithms.split(",")]


def networks(settings: Settings) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Where the proxies are whose word about callers is taken."""
    return [ipaddress.ip_network(text.strip()) for text in settings.identity_peers.split(",")]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on ``host``."""
    if host == "localhost" or host.startswith("unix:"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def fault(settings: Settings) -> str | None:
    """What is wrong with the settings about callers, beginning with the variable's name; None if nothing is."""
    if settings.auth not in MODES:
        return f"FORECAST_AUTH: must be one of {', '.join(MODES)}"
    if settings.auth_none_anywhere not in ("", IN_SO_MANY_WORDS):
        return f"FORECAST_AUTH_NONE_ANYWHERE: must be {IN_SO_MANY_WORDS} or unset"
    return _jwt_fault(settings) or _identity_fault(settings)


def _jwt_fault(settings: Settings) -> str | None:
    if not set(algorithms(settings)) <= set(ALGORITHMS):
        return f"FORECAST_JWT_ALGORITHMS: must be some of {', '.join(ALGORITHMS)}"
    if settings.auth != JWT:
        return None
    for name in ("jwt_jwks", "jwt_issuer", "jwt_audience"):
        if not getattr(settings, name):
            return f"FORECAST_{name.upper()}: must be set with FORECAST_AUTH=jwt"
    if "://" in settings.jwt_jwks:
        url = urlsplit(settings.jwt_jwks)
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
            return "FORECAST_JWT_JWKS: must be https://..., http://... on this machine, or a file"
    return None


def _identity_fault(settings: Settings) -> str | None:
    try:
        networks(settings)
    except ValueError:
        return "FORECAST_IDENTITY_PEERS: must be addresses or networks with commas between"
    name = settings.identity_header
    if not name:
        return None
    if not _HEADER.fullmatch(name) or name.lower() in _TAKEN:
        return "FORECAST_IDENTITY_HEADER: must be the name of a header that is used for nothing else"
    if settings.auth != NONE:
        # Were both believed, a key for one tenant would open every other.
        return "FORECAST_IDENTITY_HEADER: goes with FORECAST_AUTH=none only: either the gateway says who calls or we do"
    if not settings.trusted_proxies:
        return "FORECAST_IDENTITY_HEADER: needs FORECAST_TRUSTED_PROXIES, the number of proxies that set it"
    return None


def refusal(settings: Settings, host: str) -> str | None:
    """Why the service must not listen on ``host`` as it is set; None if it may."""
    if settings.auth != NONE or is_loopback(host) or settings.auth_none_anywhere == IN_SO_MANY_WORDS:
        return None
    return (
        f"FORECAST_AUTH: none lets everyone in who reaches {host}. Set api-key or jwt, listen on 127.0.0.1, or, "
        f"if something else keeps strangers out, set FORECAST_AUTH_NONE_ANYWHERE={IN_SO_MANY_WORDS}"
    )
