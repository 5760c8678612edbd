"""Switches between vintages of the figures, in SQL: written ahead of their moment, so that all replicas know in time.

The current vintage is that of the row with the highest number whose moment has come. So a later row may overtake one
that is still to come, and nothing need ever be changed or deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forecast_service.errors import ServiceError
from forecast_service.store.database import Database, now
from forecast_service.store.tables import SwitchRow

KEPT = 50
"""How many of the last switches are looked at."""

LEAST_AHEAD_S = 3.0
"""No switch is written with less notice: everyone looks once a second, and a look may come late."""


Decide = Callable[[Sequence[SwitchRow]], tuple[str, int | None]]
"""From the rows to the next one's vintage, and the number of the one that it undoes."""


class AlreadyCurrent(ServiceError):
    """The vintage ``vintage`` is the current one, or will be with a switch that is written already."""

    status, detail = 409, "It is current already, or will be with a switch that is to come."

    def __init__(self, vintage: str) -> None:
        super().__init__()
        self.vintage = vintage


class NothingBefore(ServiceError):
    """There is no switch that could be undone."""

    status, detail = 409, "There is no switch to undo."


class AtTheSameMoment(ServiceError):
    """Somebody else has just written a switch."""

    status = 409
    detail = "Somebody else switched at the same moment. Read what is current, and decide anew."


@dataclass(frozen=True)
class Reading:
    """What is written: the last switches, latest first.

    Attributes
    ----------
    now : the moment by the database's clock. at : the same by this process's (:func:`time.monotonic`).
    error : by how much the two may be apart (s).
    """

    now: datetime
    rows: tuple[SwitchRow, ...]
    at: float
    error: float


class Switches:
    """The switches of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def read(self, *, quiet: bool = False) -> Reading | None:
        """What is written; None where there is no database yet."""
        # An embedded database that nobody has used is not made for asking it.
        if self.database.embedded and not Path(str(self.database.url.database)).exists():
            return None
        with self.database.reading(quiet=quiet) as session:
            rows = tuple(_last(session))
            # Asked last and by itself: how long that takes is how exactly the two clocks are compared.
            before = time.monotonic()
            moment = now(session)
            after = time.monotonic()
            return Reading(moment, rows, (before + after) / 2, (after - before) / 2)

    def use(self, vintage: str, default: str, by: str, ahead_s: float) -> SwitchRow:
        """Switch to ``vintage`` in ``ahead_s`` seconds, at least 3.

        Parameters
        ----------
        default : the vintage that is current where nothing was ever written.
        by : who wants it.

        Raises
        ------
        AlreadyCurrent, AtTheSameMoment
        """

        def decide(rows: Sequence[SwitchRow]) -> tuple[str, int | None]:
            if (rows[0].vintage if rows else default) == vintage:
                raise AlreadyCurrent(vintage)
            return vintage, None

        return self._write(decide, by, ahead_s)

    def undo(self, default: str, by: str, ahead_s: float) -> SwitchRow:
        """Undo the last switch that is not undone yet: go back to the vintage before it.

        Raises
        ------
        NothingBefore, AtTheSameMoment
        """

        def decide(rows: Sequence[SwitchRow]) -> tuple[str, int | None]:
            undone = {row.undoes for row in rows}
            standing = [row for row in rows if row.undoes is None and row.number not in undone]
            if not standing:
                raise NothingBefore
            return (standing[1].vintage if len(standing) > 1 else default), standing[0].number

        return self._write(decide, by, ahead_s)

    def _write(self, decide: Decide, by: str, ahead_s: float) -> SwitchRow:
        try:
            with self.database.writing() as session:
                rows, moment = _last(session), now(session)
                vintage, undoes = decide(rows)
                row = SwitchRow(
                    number=rows[0].number + 1 if rows else 1,
                    vintage=vintage,
                    effective_at=moment + timedelta(seconds=max(ahead_s, LEAST_AHEAD_S)),
                    written_at=moment,
                    written_by=by,
                    undoes=undoes,
                )
                session.add(row)
                return row
        except IntegrityError:
            raise AtTheSameMoment from None


def _last(session: Session) -> list[SwitchRow]:
    return list(session.scalars(select(SwitchRow).order_by(SwitchRow.number.desc()).limit(KEPT)))
