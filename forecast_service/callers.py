"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

LOCAL = "local"
"""The one caller there is where callers are not told apart."""

SCOPES = READ, WRITE, ADMIN = ("read", "write", "admin")
"""What a caller may do: ask; keep and delete; see what operators see, and all of that too."""


@dataclass(frozen=True)
class Caller:
    """Who sent a request, and what it may do."""

    id: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether what needs ``scope`` is allowed."""
        return scope in self.scopes or ADMIN in self.scopes


def is_caller(text: object) -> bool:
    """Whether ``text`` can be the id of a caller: what the database holds, and a log shows on one line."""
    return isinstance(text, str) and 0 < len(text) <= 200 and text.isprintable() and text == text.strip()


def caller() -> str:
    """The id of who sent the request: the owner of what it creates."""
    found: str = g.get("caller", LOCAL)
    return found


def is_known() -> bool:
    """Whether the caller showed who it is; what it is answered is then nobody else's."""
    return bool(g.get("caller_known", False))
