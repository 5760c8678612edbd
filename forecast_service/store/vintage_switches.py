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
    """The vintage is the current one, or will be with a switch that is written already."""

    status, detail = 409, "It is current already, or will be with a switch that is to come."


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
    """The switches of one database.

    Parameters
    ----------
    default : the vintage that is current where nothing was ever written.
    ahead_s : how long before its moment a switch is written, at least 3 s.
    """

    def __init__(self, database: Database, default: str, ahead_s: float) -> None:
        self.database = database
        self.default = default
        self.ahead_s = max(ahead_s, LEAST_AHEAD_S)

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

    def use(self, vintage: str, by: str) -> SwitchRow:
        """Switch to ``vintage``, as ``by`` wants.

        Raises
        ------
        AlreadyCurrent, AtTheSameMoment
        """

        def decide(rows: Sequence[SwitchRow]) -> tuple[str, int | None]:
            if (rows[0].vintage if rows else self.default) == vintage:
                raise AlreadyCurrent
            return vintage, None

        return self._write(decide, by)

    def undo(self, by: str) -> SwitchRow:
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
            return (standing[1].vintage if len(standing) > 1 else self.default), standing[0].number

        return self._write(decide, by)

    def _write(self, decide: Decide, by: str) -> SwitchRow:
        try:
            with self.database.writing() as session:
                rows, moment = _last(session), now(session)
                vintage, undoes = decide(rows)
                current = next((row.vintage for row in rows if row.effective_at <= moment), self.default)
                # This takes back what is still to come, and before it comes: no answer changes, so no cache is misled.
                ahead_s = LEAST_AHEAD_S if vintage == current else self.ahead_s
                row = SwitchRow(
                    number=rows[0].number + 1 if rows else 1,
                    vintage=vintage,
                    effective_at=moment + timedelta(seconds=ahead_s),
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
