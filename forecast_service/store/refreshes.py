"""When each source of figures was last refreshed (``data refresh``), in SQL: the command runs on another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forecast_service.store.database import Database, now
from forecast_service.store.tables import RefreshRow


def record(database: Database, succeeded: Mapping[str, bool]) -> None:
    """Record whether a refresh of each source succeeded just now, and forget all other sources."""
    with database.writing() as session:
        moment = now(session)
        session.execute(delete(RefreshRow).where(RefreshRow.source.not_in(succeeded)))
        for source, well in succeeded.items():
            row = session.get(RefreshRow, source) or RefreshRow(source=source, succeeded_at=None, failed_at=None)
            if well:
                row.succeeded_at, row.failed_at = moment, None
            else:
                row.failed_at = moment
            session.add(row)


def read(session: Session) -> Sequence[RefreshRow]:
    """The last refresh of each source."""
    return session.scalars(select(RefreshRow).order_by(RefreshRow.source)).all()
