"""How many sweeps wait, and how long: for Prometheus, over the sweeps of all callers and replicas."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forecast_service.store.database import now
from forecast_service.store.sweeps import OPEN
from forecast_service.store.tables import ChunkRow, SweepRow


@dataclass(frozen=True)
class SweepQueue:
    """The unfinished sweeps.

    Attributes
    ----------
    sweeps : number by status.
    chunks : how many have no result.
    oldest_s : time since the oldest sweep was posted; 0 if there is none.
    lease_overdue_s : time since the oldest lease ran out of a chunk that no worker took over; 0 if there is none.
    """

    sweeps: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OPEN, 0))
    chunks: int = 0
    oldest_s: float = 0.0
    lease_overdue_s: float = 0.0


def read(session: Session) -> SweepQueue:
    """The queue now. It reads the index of chunks without a result, so finished sweeps cost nothing."""
    chunks = (
        select(ChunkRow.sweep_id, func.count().label("number"), func.min(ChunkRow.leased_until).label("lease"))
        .where(ChunkRow.result.is_(None))
        .group_by(ChunkRow.sweep_id)
        .subquery()
    )
    found = session.execute(
        select(
            SweepRow.status,
            func.count(),
            func.sum(chunks.c.number),
            func.min(SweepRow.created_at),
            func.min(chunks.c.lease),
        )
        .join(chunks, chunks.c.sweep_id == SweepRow.id)
        .group_by(SweepRow.status)
    ).all()
    moment = now(session)
    return SweepQueue(
        {status: next((row[1] for row in found if row[0] == status), 0) for status in OPEN},
        sum(int(row[2]) for row in found),
        _longest(moment, [row[3] for row in found]),
        _longest(moment, [row[4] for row in found if row[4] is not None]),
    )


def _longest(moment: datetime, since: list[datetime]) -> float:
    return max([0.0, *((moment - each).total_seconds() for each in since)])
