"""Sweeps in SQL. Every method is one transaction. A chunk is done when its row has a result.

A worker holds a lease on each chunk that it computes. If the worker dies, the lease runs out and another worker takes
the chunk. To avoid deadlocks, lock chunks first, then the sweep.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from sqlalchemy import CursorResult, Executable, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session, defer

from forecast_service.errors import ServiceError
from forecast_service.ids import is_id, new_id
from forecast_service.store.database import Database, now
from forecast_service.store.idempotency import IdempotentRequest, KeyOfDeleted, claim_key
from forecast_service.store.tables import ChunkRow, SweepRow

QUEUED, RUNNING, DONE, CANCELLED, FAILED = STATUSES = ("queued", "running", "done", "cancelled", "failed")
OPEN = (QUEUED, RUNNING)

MAX_ATTEMPTS = 5
"""After this many attempts without a result, the chunk must have killed its processes, so the sweep fails."""

FORGOTTEN_AT_ONCE = 100
"""Most old sweeps that one transaction deletes."""

PAUSE_S = 2.0
"""Wait before the next attempt at a chunk whose process died."""

Key = tuple[str, int]
"""A chunk: the id of its sweep, and its number."""


class NoSuchSweep(ServiceError):
    """The caller has no sweep with this id."""

    status, detail = 404, "You have no sweep with this id."


class TooManyOpen(ServiceError):
    """The caller has the most unfinished sweeps that one caller may have."""

    status, kind, retry_after_s = 429, "too-many-open-sweeps", 30

    def __init__(self, limit: int) -> None:
        super().__init__(detail=f"You have {limit} unfinished sweeps; wait for one, or cancel it.")


@dataclass(frozen=True)
class Leased:
    """A chunk to compute."""

    sweep_id: str
    number: int
    document: str

    @property
    def key(self) -> Key:
        return self.sweep_id, self.number


def _changed(session: Session, statement: Executable) -> int:
    return cast("CursorResult[None]", session.execute(statement)).rowcount


class Sweeps:
    """The sweeps of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(
        self,
        owner: str,
        document: str,
        model_version: str,
        sizes: list[int],
        idempotent: IdempotentRequest | None,
        most_open: int | None = None,
    ) -> SweepRow:
        """Save a new sweep whose chunks hold ``sizes`` evaluations. Under a key used before, return the earlier sweep.

        Parameters
        ----------
        most_open : how many unfinished sweeps the owner may have; any number if None.

        Raises
        ------
        KeyReused, KeyOfDeleted, TooManyOpen
        """
        identifier = new_id()
        with self.database.writing() as session:
            moment = now(session)
            if idempotent and (earlier := claim_key(session, owner, idempotent, identifier, moment)):
                row = session.get(SweepRow, earlier)
                if row is None:
                    raise KeyOfDeleted
                return row
            unfinished = select(func.count()).where(SweepRow.owner == owner, SweepRow.status.in_(OPEN))
            if most_open is not None and (session.scalar(unfinished) or 0) >= most_open:
                raise TooManyOpen(most_open)
            row = SweepRow(
                id=identifier,
                owner=owner,
                status=QUEUED,
                document=document,
                model_version=model_version,
                evaluations=sum(sizes),
                evaluations_done=0,
                chunks=len(sizes),
                chunks_done=0,
                failure=None,
                created_at=moment,
                started_at=None,
                finished_at=None,
            )
            session.add(row)
            session.flush()
            session.execute(
                insert(ChunkRow),
                [
                    {"sweep_id": identifier, "number": number, "evaluations": size, "attempts": 0}
                    for number, size in enumerate(sizes)
                ],
            )
            return row

    def read(self, owner: str, identifier: str) -> SweepRow:
        """One sweep.

        Raises
        ------
        NoSuchSweep
        """
        with self.database.reading() as session:
            return _own(session, owner, identifier)

    def page(self, owner: str, before: str | None, status: str | None, limit: int) -> list[SweepRow]:
        """Sweeps created before the one with id ``before``, latest first, without their (long) documents."""
        found = select(SweepRow).where(SweepRow.owner == owner).options(defer(SweepRow.document))
        if before is not None:
            found = found.where(SweepRow.id < before)
        if status is not None:
            found = found.where(SweepRow.status == status)
        with self.database.reading() as session:
            return list(session.scalars(found.order_by(SweepRow.id.desc()).limit(limit)))

    def cancel(self, owner: str, identifier: str) -> SweepRow:
        """Cancel a sweep; its results stay. A finished sweep does not change.

        Raises
        ------
        NoSuchSweep
        """
        with self.database.writing() as session:
            _own(session, owner, identifier)
            _end(session, identifier, CANCELLED, None)
        return self.read(owner, identifier)

    def remove(self, owner: str, identifier: str) -> None:
        """Delete a sweep with its results.

        Raises
        ------
        NoSuchSweep
        """
        with self.database.writing() as session:
            _own(session, owner, identifier)
            session.execute(delete(ChunkRow).where(ChunkRow.sweep_id == identifier))
            session.execute(delete(SweepRow).where(SweepRow.id == identifier))
        self.database.empty_log()

    def results(self, identifier: str, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Numbers and results of up to ``limit`` chunks from ``start`` on, up to the first one without a result."""
        found = select(ChunkRow.number, ChunkRow.result).where(
            ChunkRow.sweep_id == identifier, ChunkRow.number >= start
        )
        done: list[tuple[int, bytes]] = []
        with self.database.reading() as session:
            for number, result in session.execute(found.order_by(ChunkRow.number).limit(limit)):
                if result is None:
                    break
                done.append((number, result))
        return done

    def lease(self, worker: str, most: int, seconds: float, model_version: str) -> list[Leased]:
        """Lease up to ``most`` free chunks of sweeps of this model version to ``worker``."""
        with self.database.writing() as session:
            moment = now(session)
            free = (
                select(ChunkRow, SweepRow.document)
                .join(SweepRow, SweepRow.id == ChunkRow.sweep_id)
                .where(ChunkRow.result.is_(None), SweepRow.model_version == model_version)
                .where(or_(ChunkRow.leased_until.is_(None), ChunkRow.leased_until < moment))
                .order_by(ChunkRow.number, ChunkRow.sweep_id)
                .limit(most)
                .with_for_update(skip_locked=True, of=ChunkRow)
            )
            leased, hopeless = [], set()
            for chunk, document in session.execute(free):
                if chunk.attempts >= MAX_ATTEMPTS:
                    hopeless.add(chunk.sweep_id)
                    continue
                chunk.leased_by, chunk.leased_until = worker, moment + timedelta(seconds=seconds)
                chunk.attempts += 1
                leased.append(Leased(chunk.sweep_id, chunk.number, document))
            session.flush()
            for identifier in sorted(hopeless):
                _end(session, identifier, FAILED, "A chunk could not be computed; the service's log says more.")
            for identifier in sorted({one.sweep_id for one in leased} - hopeless):
                started = update(SweepRow).where(SweepRow.id == identifier, SweepRow.status == QUEUED)
                session.execute(started.values(status=RUNNING, started_at=moment))
            return [one for one in leased if one.sweep_id not in hopeless]

    def renew(self, worker: str, seconds: float) -> set[Key]:
        """Prolong the worker's leases; returns the chunks that it still holds."""
        with self.database.writing() as session:
            mine = ChunkRow.leased_by == worker, ChunkRow.result.is_(None)
            until = now(session) + timedelta(seconds=seconds)
            session.execute(update(ChunkRow).where(*mine).values(leased_until=until))
            return {(i, n) for i, n in session.execute(select(ChunkRow.sweep_id, ChunkRow.number).where(*mine))}

    def is_anything_open(self, model_version: str) -> bool:
        """Whether any chunk has no result, leased or not."""
        found = (
            select(ChunkRow.number)
            .join(SweepRow, SweepRow.id == ChunkRow.sweep_id)
            .where(ChunkRow.result.is_(None), SweepRow.model_version == model_version)
        )
        with self.database.reading() as session:
            return session.execute(found.limit(1)).first() is not None

    def release(self, worker: str, keys: Iterable[Key], *, begun: bool) -> None:
        """Give leases back. If ``begun``, the attempt counts, and the next one waits :data:`PAUSE_S`."""
        with self.database.writing() as session:
            until = now(session) + timedelta(seconds=PAUSE_S) if begun else None
            for identifier, number in sorted(keys):
                back = update(ChunkRow).where(
                    ChunkRow.sweep_id == identifier, ChunkRow.number == number, ChunkRow.leased_by == worker
                )
                attempts = ChunkRow.attempts if begun else ChunkRow.attempts - 1
                session.execute(
                    back.values(leased_by=None, leased_until=until, attempts=attempts).execution_options(
                        synchronize_session=False
                    )
                )

    def complete(self, key: Key, result: bytes) -> bool:
        """Save the result of a chunk; False if it has one already or no longer exists."""
        with self.database.writing() as session:
            this = ChunkRow.sweep_id == key[0], ChunkRow.number == key[1]
            done = update(ChunkRow).where(*this, ChunkRow.result.is_(None))
            if not _changed(session, done.values(result=result, leased_by=None, leased_until=None)):
                return False
            size = select(ChunkRow.evaluations).where(*this).scalar_subquery()
            # This locks the sweep's row: if the last two chunks end at once, the second sees the first's count.
            counted = update(SweepRow).where(SweepRow.id == key[0])
            session.execute(
                counted.values(
                    chunks_done=SweepRow.chunks_done + 1, evaluations_done=SweepRow.evaluations_done + size
                ).execution_options(synchronize_session=False)
            )
            whole = counted.where(SweepRow.chunks_done == SweepRow.chunks, SweepRow.status.in_(OPEN))
            session.execute(
                whole.values(status=DONE, finished_at=now(session)).execution_options(synchronize_session=False)
            )
            return True

    def give_up(self, model_version: str, after: timedelta) -> None:
        """Fail sweeps of other model versions that no worker computes and that were posted more than ``after`` ago."""
        with self.database.writing() as session:
            moment = now(session)
            busy = select(ChunkRow.sweep_id).where(ChunkRow.result.is_(None), ChunkRow.leased_until >= moment)
            left = select(SweepRow.id).where(
                SweepRow.status.in_(OPEN),
                SweepRow.model_version != model_version,
                SweepRow.created_at < moment - after,
                SweepRow.id.not_in(busy),
            )
            for identifier in session.scalars(left.order_by(SweepRow.id)).all():
                _end(session, identifier, FAILED, "The statistics have a new version; post the sweep again.")

    def forget(self, after: timedelta) -> int:
        """Delete sweeps that finished more than ``after`` ago, with their results; returns how many."""
        with self.database.writing() as session:
            old = select(SweepRow.id).where(SweepRow.status.not_in(OPEN), SweepRow.finished_at < now(session) - after)
            found = session.scalars(old.order_by(SweepRow.id).limit(FORGOTTEN_AT_ONCE)).all()
            session.execute(delete(ChunkRow).where(ChunkRow.sweep_id.in_(found)))
            return _changed(session, delete(SweepRow).where(SweepRow.id.in_(found)))

    def fail(self, identifier: str, why: str) -> None:
        """Mark a sweep as failed."""
        with self.database.writing() as session:
            _end(session, identifier, FAILED, why)


def _own(session: Session, owner: str, identifier: str) -> SweepRow:
    row = session.get(SweepRow, identifier) if is_id(identifier) else None
    if row is None or row.owner != owner:
        raise NoSuchSweep
    return row


def _end(session: Session, identifier: str, status: str, failure: str | None) -> None:
    session.execute(delete(ChunkRow).where(ChunkRow.sweep_id == identifier, ChunkRow.result.is_(None)))
    ended = update(SweepRow).where(SweepRow.id == identifier, SweepRow.status.in_(OPEN))
    session.execute(ended.values(status=status, failure=failure, finished_at=now(session)))
