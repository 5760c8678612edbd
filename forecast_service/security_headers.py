"""Headers that tell browsers what an answer may do: as little as it needs."""

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
DATA = "default-src 'none'; frame-ancestors 'none'"
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def register(app: Flask) -> None:
    """Send them with every answer of ``app``. A view may set stricter or looser ones of its own."""

    @app.after_request
    def add(response: Response) -> Response:
        policy = PAGE if response.mimetype == "text/html" else DATA
        said = {name.lower() for name in response.headers.keys()}  # noqa: SIM118  a Headers is a list of pairs
        for name, value in (*HEADERS.items(), ("Content-Security-Policy", policy)):
            if name.lower() not in said:
                response.headers.add(name, value)
        return response
