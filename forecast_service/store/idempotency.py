"""Idempotency keys in SQL: a request that is sent again under its key is carried out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from forecast_service.errors import ServiceError
from forecast_service.store.database import Database, now
from forecast_service.store.inserts import has_written, insert
from forecast_service.store.tables import IdempotencyKey

DAYS = 30
"""Days for which a key counts. The contract and docs/storage.md name them."""

FORGOTTEN_AT_ONCE = 1000
"""Most old keys that one transaction deletes."""


class KeyReused(ServiceError):
    """An earlier, different request had this Idempotency-Key."""

    status, kind = 422, "key-reused"
    errors = ({"parameter": "Idempotency-Key", "detail": "belongs to an earlier, different request"},)
    detail = f"Idempotency-Key: {errors[0]['detail']}"


class KeyOfDeleted(ServiceError):
    """What the request with this Idempotency-Key created has been deleted."""

    status, kind = 409, "key-of-deleted"
    errors = (
        {
            "parameter": "Idempotency-Key",
            "detail": "belongs to a request whose scenario or sweep has been deleted; send another key for a new one",
        },
    )
    detail = f"Idempotency-Key: {errors[0]['detail']}"


@dataclass(frozen=True)
class IdempotentRequest:
    """A request that the service carries out once, even if the client sends it again."""

    key: str
    request_hash: str


def _is_old(moment: datetime) -> ColumnElement[bool]:
    return IdempotencyKey.created_at < moment - timedelta(days=DAYS)


def claim_key(
    session: Session, owner: str, idempotent: IdempotentRequest, created_id: str, moment: datetime
) -> str | None:
    """Write down the id of what the request creates; the id of what it created before, if it did.

    A transaction that claims the same key at the same time waits for the end of this one.

    Raises
    ------
    KeyReused
    """
    new = {"request_hash": idempotent.request_hash, "created_id": created_id, "created_at": moment}
    claim = insert(session, IdempotencyKey).values(owner=owner, key=idempotent.key, **new)
    claim = claim.on_conflict_do_update(index_elements=["owner", "key"], set_=new, where=_is_old(moment))
    return None if has_written(session, claim) else used_key(session, owner, idempotent, moment)


def used_key(session: Session, owner: str, idempotent: IdempotentRequest, moment: datetime) -> str | None:
    """The id of what the request created before; None if it did not, or so long ago that its key no longer counts.

    Raises
    ------
    KeyReused
    """
    this = IdempotencyKey.owner == owner, IdempotencyKey.key == idempotent.key
    used = session.scalar(select(IdempotencyKey).where(*this, ~_is_old(moment)))
    if used is None:
        return None
    if used.request_hash != idempotent.request_hash:
        raise KeyReused
    return used.created_id


def forget_keys(database: Database) -> int:
    """Delete some of the keys that no longer count; returns how many."""
    with database.writing() as session:
        old = select(IdempotencyKey).where(_is_old(now(session))).limit(FORGOTTEN_AT_ONCE)
        # Workers that do this at once skip each other's rows.
        rows = session.scalars(old.with_for_update(skip_locked=True)).all()
        for row in rows:
            session.delete(row)
        return len(rows)
