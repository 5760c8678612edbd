"""Erases scenarios with everything that was saved of them, and everything of one owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import CursorResult, Delete, Text, Update, delete, func, select, update
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from forecast_service.store.database import Database
from forecast_service.store.tables import (
    ChunkRow,
    IdempotencyKey,
    KeyRow,
    SavedAnswer,
    ScenarioRoom,
    ScenarioRow,
    ScenarioWord,
    SweepRow,
    SwitchRow,
    VersionRow,
)

ERASED = "erased"
"""Stands for the name of a caller who was erased, where a row must stay."""


def erase_scenario(session: Session, row: ScenarioRow) -> None:
    """Delete a scenario, whose row is locked, with its versions, answers and words; its bytes are free again."""
    # A request may be saving an answer: it ends before this lock is given, and the next one finds no version.
    session.execute(select(VersionRow.number).where(VersionRow.scenario_id == row.id).with_for_update())
    size = func.sum(func.length(as_type(VersionRow.body, Text)))
    freed = session.scalar(select(size).where(VersionRow.scenario_id == row.id)) or 0
    room = update(ScenarioRoom).where(ScenarioRoom.owner == row.owner)
    session.execute(room.values(bytes=ScenarioRoom.bytes - freed).execution_options(synchronize_session=False))
    session.execute(delete(ScenarioRoom).where(ScenarioRoom.owner == row.owner, ScenarioRoom.bytes <= 0))
    for table in (SavedAnswer, ScenarioWord, VersionRow):
        session.execute(delete(table).where(table.scenario_id == row.id))
    session.delete(row)


def erase_owner(database: Database, owner: str) -> dict[str, int]:
    """Delete everything of ``owner``; returns how many rows of each kind there were."""
    with database.writing() as session:

        def count(statement: Delete | Update) -> int:
            return cast("CursorResult[None]", session.execute(statement)).rowcount

        # First, so that no key can be used once this is done.
        done = {"API keys": count(delete(KeyRow).where(KeyRow.owner == owner))}
        done["idempotency keys"] = count(delete(IdempotencyKey).where(IdempotencyKey.owner == owner))
        rows: Sequence[ScenarioRow] = session.scalars(
            select(ScenarioRow).where(ScenarioRow.owner == owner).order_by(ScenarioRow.id).with_for_update()
        ).all()
        for row in rows:
            erase_scenario(session, row)
        session.flush()
        done["scenarios"] = len(rows)
        session.execute(delete(ScenarioRoom).where(ScenarioRoom.owner == owner))
        # To avoid deadlocks, chunks before their sweep.
        sweeps = select(SweepRow.id).where(SweepRow.owner == owner)
        session.execute(delete(ChunkRow).where(ChunkRow.sweep_id.in_(sweeps)))
        done["sweeps"] = count(delete(SweepRow).where(SweepRow.owner == owner))
        switches = update(SwitchRow).where(SwitchRow.written_by == owner).values(written_by=ERASED)
        done["names beside switches of vintages"] = count(switches)
    database.empty_log()
    return done
