"""The table of switches from one edition of the figures to another. Rows are added, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from forecast_service.store.tables import Base, Moment


class SwitchRow(Base):
    """From ``effective_at`` on ``vintage`` is current, unless a row of a higher number is in effect by then."""

    __tablename__ = "vintage_switches"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    vintage: Mapped[str] = mapped_column(String(50))
    effective_at: Mapped[datetime] = mapped_column(Moment)
    written_at: Mapped[datetime] = mapped_column(Moment)
    written_by: Mapped[str] = mapped_column(String(200))
    undoes: Mapped[int | None] = mapped_column(Integer)
