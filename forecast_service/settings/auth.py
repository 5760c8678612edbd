"""Settings: how the service authenticates callers, and where it may be open to everyone."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from forecast_service.settings.section import BadSetting, Section

MODES = NONE, API_KEY, JWT = ("none", "api-key", "jwt")
IN_SO_MANY_WORDS = "yes-i-know"

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures that a public key verifies. With a shared secret, anyone who can verify a token could also forge one."""

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}")
# Headers that have another meaning.
_TAKEN = {
    *("authorization", "x-api-key", "host", "cookie", "content-type", "content-length"),
    *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix"),
}


@dataclass(frozen=True)
class AuthSettings(Section):
    """How the service authenticates callers."""

    auth: str = NONE
    auth_none_anywhere: str = ""
    jwt_jwks: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_algorithms: str = "RS256,ES256"
    jwt_leeway_s: int = 30
    identity_header: str = ""
    identity_admins: str = ""
    identity_peers: str = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"

    def __post_init__(self) -> None:
        """Refuse modes that are unknown, incomplete or exclude each other."""
        if self.auth not in MODES:
            raise BadSetting(f"FORECAST_AUTH: must be one of {', '.join(MODES)}")
        if self.auth_none_anywhere not in ("", IN_SO_MANY_WORDS):
            raise BadSetting(f"FORECAST_AUTH_NONE_ANYWHERE: must be {IN_SO_MANY_WORDS} or unset")
        self._check_jwt()
        self._check_identity()
        super().__post_init__()

    def _check_jwt(self) -> None:
        if not set(algorithms(self)) <= set(ALGORITHMS):
            raise BadSetting(f"FORECAST_JWT_ALGORITHMS: must be some of {', '.join(ALGORITHMS)}")
        if self.auth != JWT:
            return
        for name in ("jwt_jwks", "jwt_issuer", "jwt_audience"):
            if not getattr(self, name):
                raise BadSetting(f"FORECAST_{name.upper()}: must be set with FORECAST_AUTH=jwt")
        if "://" in self.jwt_jwks:
            url = urlsplit(self.jwt_jwks)
            if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
                raise BadSetting("FORECAST_JWT_JWKS: must be https://..., http://... on this machine, or a file")

    def _check_identity(self) -> None:
        try:
            networks(self)
        except ValueError:
            raise BadSetting("FORECAST_IDENTITY_PEERS: must be addresses or networks with commas between") from None
        name = self.identity_header
        if not name:
            return
        if not _HEADER.fullmatch(name) or name.lower() in _TAKEN:
            raise BadSetting("FORECAST_IDENTITY_HEADER: must be the name of a header that is used for nothing else")
        if self.auth != NONE:
            # If both counted, a key of one tenant would open all others.
            raise BadSetting(
                "FORECAST_IDENTITY_HEADER: goes with FORECAST_AUTH=none only: "
                "either the gateway says who calls or we do"
            )


def algorithms(settings: AuthSettings) -> list[str]:
    """The signature algorithms that tokens may use."""
    return [name.strip() for name in settings.jwt_algorithms.split(",")]


def admins(settings: AuthSettings) -> frozenset[str]:
    """The callers who have the scope admin when the gateway names them."""
    return frozenset(name.strip() for name in settings.identity_admins.split(",")) - {""}


def networks(settings: AuthSettings) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks of the proxies that may name the caller."""
    return [ipaddress.ip_network(text.strip()) for text in settings.identity_peers.split(",")]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost" or host.startswith("unix:"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refusal(settings: AuthSettings, host: str) -> str | None:
    """Why these settings do not allow the service to listen on ``host``; None if they do."""
    if settings.auth != NONE or is_loopback(host) or settings.auth_none_anywhere == IN_SO_MANY_WORDS:
        return None
    return (
        f"FORECAST_AUTH: none lets everyone in who reaches {host}. Set api-key or jwt, listen on 127.0.0.1, or, "
        f"if something else keeps strangers out, set FORECAST_AUTH_NONE_ANYWHERE={IN_SO_MANY_WORDS}"
    )
