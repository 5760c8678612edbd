"""Switches between vintages, in SQL. A switch is written seconds before it takes effect, so that all replicas see it.

The current vintage is that of the highest-numbered row in effect. A later row replaces one that is not in effect yet,
so no row is ever deleted, and none changed except to erase the name of a caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forecast_service.errors import ServiceError
from forecast_service.store.database import Database, now
from forecast_service.store.tables import SwitchRow

MOST_READ = 50
"""How many of the last switches are read."""

LEAST_AHEAD_S = 3.0
"""The least time between writing a switch and its effect: replicas read once a second, sometimes late."""

Decide = Callable[[Sequence[SwitchRow]], tuple[str, int | None]]
"""From the last rows to the next row's vintage and the number of the row that it undoes."""


class AlreadyCurrent(ServiceError):
    """The vintage is current already, or the last written switch makes it current."""

    status, detail = 409, "It is current already, or a pending switch makes it current."


class NothingBefore(ServiceError):
    """There is no switch to undo."""

    status, detail = 409, "There is no switch to undo."


class AtTheSameMoment(ServiceError):
    """Another switch was written at the same time."""

    status = 409
    detail = "Another switch was written at the same time. Read the current vintage, then try again."


@dataclass(frozen=True)
class Reading:
    """The last switches, latest first, and the time of reading.

    Attributes
    ----------
    now : time by the database's clock. at : the same by this process's :func:`time.monotonic`.
    error : largest difference of the two (s).
    """

    now: datetime
    rows: tuple[SwitchRow, ...]
    at: float
    error: float


@dataclass(frozen=True)
class Change:
    """A switch that took effect: from then on answers rest on ``after``; ``before`` they rested on."""

    before: str
    after: str
    row: SwitchRow


def changes(reading: Reading | None, default: str) -> list[Change]:
    """The switches among those read that changed the current vintage, latest first.

    One that a later switch replaced before its moment never did. ``default`` as for :class:`Switches`.
    """
    if reading is None or not reading.rows:
        return []
    rows = reading.rows[::-1]
    current = default if rows[0].number == 1 else None  # None: older rows were not read
    found = []
    for place, row in enumerate(rows):
        later = [other.effective_at for other in rows[place + 1 :]]
        if row.effective_at > reading.now or any(moment <= row.effective_at for moment in later):
            continue
        if current not in {None, row.vintage}:
            found.append(Change(str(current), row.vintage, row))
        current = row.vintage
    return found[::-1]


class Switches:
    """The switches of one database.

    Parameters
    ----------
    default : the current vintage if no switch was ever written.
    ahead_s : seconds between writing a switch and its effect, at least 3.
    """

    def __init__(self, database: Database, default: str, ahead_s: float) -> None:
        self.database = database
        self.default = default
        self.ahead_s = max(ahead_s, LEAST_AHEAD_S)

    def read(self, *, background: bool = False) -> Reading | None:
        """The last switches; None if there is no database yet. ``background`` as for ``Database.reading``."""
        # Reading does not create an embedded database.
        if not self.database.exists():
            return None
        with self.database.reading(background=background) as session:
            rows = tuple(_last(session))
            # Last and alone, because the time that this query takes is the error of comparing the two clocks.
            before = time.monotonic()
            moment = now(session)
            after = time.monotonic()
            return Reading(moment, rows, (before + after) / 2, (after - before) / 2)

    def use(self, vintage: str, by: str) -> SwitchRow:
        """Switch to ``vintage``; ``by`` says who switches.

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
        """Undo the last switch that is not undone yet, which makes the vintage before it current.

        Raises
        ------
        NothingBefore, AtTheSameMoment
        """

        def decide(rows: Sequence[SwitchRow]) -> tuple[str, int | None]:
            undone = {row.undoes for row in rows}
            active = [row for row in rows if row.undoes is None and row.number not in undone]
            if not active:
                raise NothingBefore
            return (active[1].vintage if len(active) > 1 else self.default), active[0].number

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
    return list(session.scalars(select(SwitchRow).order_by(SwitchRow.number.desc()).limit(MOST_READ)))
