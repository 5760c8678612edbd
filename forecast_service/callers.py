"""The caller of a request and its scopes."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

LOCAL = "local"
"""The caller of every request where the service does not authenticate callers."""

SCOPES = READ, WRITE, ADMIN = ("read", "write", "admin")
"""read: forecast and read; write: save and delete; admin: everything, and what operators need."""


@dataclass(frozen=True)
class Caller:
    """The sender of a request, and its scopes."""

    id: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the caller may use a route that needs ``scope``."""
        return scope in self.scopes or ADMIN in self.scopes


def is_caller(text: object) -> bool:
    """Whether ``text`` can be the id of a caller: it fits the database column and one line of a log."""
    return isinstance(text, str) and 0 < len(text) <= 200 and text.isprintable() and text == text.strip()


def caller() -> str:
    """The id of the caller, who owns what the request creates."""
    return str(g.get("caller", LOCAL))


def is_known() -> bool:
    """Whether the caller is authenticated; answers to it are then private."""
    return bool(g.get("caller_known", False))
