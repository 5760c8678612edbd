"""Headers that let an answer do in a browser only what it needs."""

from __future__ import annotations

from flask import Flask, Response

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # frame-ancestors, for browsers that do not know it
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NAMES = frozenset(name.lower() for name in (*HEADERS, "Content-Security-Policy"))
FRAMED = "frame-ancestors *"
"""In the policy of a page that others may frame, which then has no X-Frame-Options: no value of it allows everyone."""
DATA = "default-src 'none'; frame-ancestors 'none'"
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def register(app: Flask) -> None:
    """Add them to every answer of ``app`` but a 304. A view may set its own."""

    @app.after_request
    def add(response: Response) -> Response:
        if response.status_code == 304:
            return response  # the client's stored answer has them (RFC 9110, 15.4.5)
        policy = PAGE if response.mimetype == "text/html" else DATA
        framed = FRAMED in response.headers.get("Content-Security-Policy", "")
        present = {name.lower() for name in response.headers.keys()}  # noqa: SIM118  a Headers is a list of pairs
        for name, value in (*HEADERS.items(), ("Content-Security-Policy", policy)):
            if name.lower() not in present and not (framed and name == "X-Frame-Options"):
                response.headers.add(name, value)
        return response
