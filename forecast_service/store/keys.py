"""API keys: create, list, revoke and check them.

A key is ``fs_<id>_<secret>``. The database holds only the SHA-256 of the secret. The secret is 256 random bits, which
nobody can guess, so a slow hash (made for passwords) would only cost time at every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from forecast_service.store.database import Database, DatabaseUnavailable
from forecast_service.store.tables import KeyRow
from forecast_service.store.turns import Turns

FORM = re.compile(r"fs_([0-9a-z]{12})_([0-9a-f]{64})")
USE_NOTED_EVERY = timedelta(hours=1)
"""``last_used_at`` is exact to this much, so that most reads need no write."""


class NoSuchKey(LookupError):
    """No key has this id."""


@dataclass(frozen=True)
class Holder:
    """The owner of a key and the key's scopes; ``key_id`` is None for a token."""

    owner: str
    scopes: frozenset[str]
    expires_at: datetime | None
    key_id: str | None = None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Keys:
    """The keys of one database. Looking up a key has a turn of its own, so that it waits for no other request."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._turns = Turns(1)

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
        with self.database.reading(turns=self._turns) as session:
            row = session.get(KeyRow, shown[1])
        # In constant time, so that the time of a refusal does not reveal how much of the secret is right.
        if row is None or not hmac.compare_digest(row.hash, _hash(shown[2])) or not _is_valid(row, now):
            return None
        self._note_use([row], now, background=False)
        return _holder(row)

    def current(self, identifiers: Collection[str], used: Collection[str]) -> dict[str, Holder]:
        """The holders of those keys that are still valid, by id; ``used`` names the keys used since the last call.

        For a thread that serves no request.
        """
        now = datetime.now(UTC)
        with self.database.reading(background=True) as session:
            rows = session.scalars(select(KeyRow).where(KeyRow.id.in_(identifiers))).all()
        valid = [row for row in rows if _is_valid(row, now)]
        self._note_use([row for row in valid if row.id in used], now, background=True)
        return {row.id: _holder(row) for row in valid}

    def _note_use(self, rows: Iterable[KeyRow], now: datetime, *, background: bool) -> None:
        due = [row.id for row in rows if row.last_used_at is None or row.last_used_at < now - USE_NOTED_EVERY]
        if not due or self.database.read_only:
            return
        noted = update(KeyRow).where(KeyRow.id.in_(due)).values(last_used_at=now)
        # The key is valid, whether its use can be noted or not; the next look-up tries again.
        with (
            suppress(DatabaseUnavailable),
            self.database.writing(turns=self._turns, background=background) as session,
        ):
            session.execute(noted)


def _is_valid(row: KeyRow, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _holder(row: KeyRow) -> Holder:
    return Holder(row.owner, frozenset(row.scopes.split()), row.expires_at, row.id)
