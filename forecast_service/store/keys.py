"""API keys: create, list, revoke and check them.

A key is ``fs_<id>_<secret>``. The database holds only the SHA-256 of the secret. The secret is 256 random bits, which
nobody can guess, so a slow hash (made for passwords) would only cost time at every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from forecast_service.store.database import Database
from forecast_service.store.tables import KeyRow

FORM = re.compile(r"fs_([0-9a-z]{12})_([0-9a-f]{64})")
USE_NOTED_EVERY = timedelta(hours=1)
"""``last_used_at`` is exact to this much, so that most reads need no write."""


class NoSuchKey(LookupError):
    """No key has this id."""


@dataclass(frozen=True)
class Holder:
    """The owner of a key and the key's scopes."""

    owner: str
    scopes: frozenset[str]
    expires_at: datetime | None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Keys:
    """The keys of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(
        self, owner: str, scopes: Iterable[str], name: str = "", expires_at: datetime | None = None
    ) -> tuple[str, str]:
        """Create a key; returns its id and the key itself, which is not saved."""
        identifier, secret = secrets.token_hex(6), secrets.token_hex(32)
        row = KeyRow(
            id=identifier,
            owner=owner,
            name=name,
            scopes=" ".join(sorted(scopes)),
            hash=_hash(secret),
            created_at=datetime.now(UTC),
            expires_at=expires_at,
        )
        with self.database.writing() as session:
            session.add(row)
        return identifier, f"fs_{identifier}_{secret}"

    def all(self) -> list[KeyRow]:
        """Every key, oldest first."""
        with self.database.reading() as session:
            return list(session.scalars(select(KeyRow).order_by(KeyRow.created_at, KeyRow.id)))

    def revoke(self, identifier: str) -> None:
        """End a key for good.

        Raises
        ------
        NoSuchKey
        """
        with self.database.writing() as session:
            row = session.get(KeyRow, identifier)
            if row is None:
                raise NoSuchKey(identifier)
            row.revoked_at = row.revoked_at or datetime.now(UTC)

    def holder(self, key: str) -> Holder | None:
        """The holder of ``key``; None if it is unknown, expired or revoked."""
        shown = FORM.fullmatch(key)
        if shown is None:
            return None
        now = datetime.now(UTC)
        with self.database.reading() as session:
            row = session.get(KeyRow, shown[1])
        # In constant time, so that the time of a refusal does not reveal how much of the secret is right.
        if row is None or not hmac.compare_digest(row.hash, _hash(shown[2])):
            return None
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            return None
        if row.last_used_at is None or row.last_used_at < now - USE_NOTED_EVERY:
            self._note_use(row.id, now)
        return Holder(row.owner, frozenset(row.scopes.split()), row.expires_at)

    def _note_use(self, identifier: str, now: datetime) -> None:
        with self.database.writing() as session:
            session.execute(update(KeyRow).where(KeyRow.id == identifier).values(last_used_at=now))
