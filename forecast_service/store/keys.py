"""Keys in SQL: made, listed, revoked, and recognised.

A key is ``fs_<id>_<secret>``. Of the secret only the SHA-256 is kept. That is enough because the secret is 256 bits
of chance: there is nothing to guess, so a slow hash, which protects what people choose, would only cost time at
every request.
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
"""``last_used_at`` is only so exact: a write for every read would make one the price of the other."""


class NoSuchKey(LookupError):
    """There is no key by this id."""


@dataclass(frozen=True)
class Holder:
    """Whose key it is, and what it may do."""

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
        """A new key: its id, and the key itself, which cannot be had again."""
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
        """Whose key this is; None if it is none, or one that does not hold any more."""
        shown = FORM.fullmatch(key)
        if shown is None:
            return None
        now = datetime.now(UTC)
        with self.database.reading() as session:
            row = session.get(KeyRow, shown[1])
        # In constant time, so that how long a refusal takes does not tell how much was right.
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
