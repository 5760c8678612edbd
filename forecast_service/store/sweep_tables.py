"""The tables of sweeps. A chunk is leased by whoever computes it; its result, once there, is never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from forecast_service.store.tables import Base, Moment


class SweepRow(Base):
    """A sweep; ``document`` is all that determines its results (:class:`models.sweep.Sweep`)."""

    __tablename__ = "sweeps"

    # Begins with the moment of creation, so that the order of ids is the order of time.
    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10))
    document: Mapped[str] = mapped_column(Text)
    model_version: Mapped[str] = mapped_column(String(50))
    evaluations: Mapped[int] = mapped_column(Integer)
    evaluations_done: Mapped[int] = mapped_column(Integer)
    chunks: Mapped[int] = mapped_column(Integer)
    chunks_done: Mapped[int] = mapped_column(Integer)
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


Index("sweeps_of_owner", SweepRow.owner, SweepRow.id)


class ChunkRow(Base):
    """One chunk of a sweep. Those that will not be computed any more are deleted."""

    __tablename__ = "sweep_chunks"

    sweep_id: Mapped[str] = mapped_column(String(26), ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    evaluations: Mapped[int] = mapped_column(Integer)
    attempts: Mapped[int] = mapped_column(Integer)
    leased_by: Mapped[str | None] = mapped_column(String(200))
    leased_until: Mapped[datetime | None] = mapped_column(Moment)
    result: Mapped[bytes | None] = mapped_column(LargeBinary)


_OPEN = text("result IS NULL")
# What is leased next: low numbers first, so that a small sweep need not wait for a large one before it.
Index("sweep_chunks_open", ChunkRow.number, ChunkRow.sweep_id, sqlite_where=_OPEN, postgresql_where=_OPEN)
