"""The vintage of the figures that is current, the same in every process.

An operator's switch is written to the database some time ahead (:mod:`forecast_service.store.vintage_switches`). A
thread of every process polls the database once a second, loads the new vintage, and changes to it at the written
moment by the database's clock. So all workers of all replicas change together, and no request waits. While the
database cannot be reached, the switches read last apply; a process that starts then reads them from a file in the
state folder.
"""

from __future__ import annotations

import json
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forecast_service.store.database import DatabaseUnavailable
from forecast_service.store.vintage_switches import Reading
from models.files import write_atomically

POLL_S = 1.0
"""Time between two polls of the database (s)."""
UNREADY_AHEAD_S = 15.0
"""How long before a switch a process without the vintage counts as not ready (s): gateways take time to notice."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Switch:
    """A switch. ``at`` is its moment by :func:`time.monotonic`, and ``error`` the largest error of ``at`` (s)."""

    number: int
    vintage: str
    effective_at: datetime
    at: float
    error: float = math.inf


class CurrentVintage:
    """Follows the switches in the database.

    Parameters
    ----------
    read : reads the switches, None if none was ever written; raises DatabaseUnavailable.
    prepare : loads a vintage; returns whether it and its fits are ready. It is called again until they are.
    default : the vintage that is current if no switch was ever written.
    memory : the file that stores the switches read last, for the next process.
    likely : vintages that an operator may switch to next. They are loaded early, because on a busy machine loading
        may take longer than the time between the writing of a switch and its moment.
    """

    def __init__(
        self,
        read: Callable[[], Reading | None],
        prepare: Callable[[str], bool],
        default: str,
        memory: Path,
        likely: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.default = default
        self._read = read
        self._prepare = prepare
        self._memory = memory
        self._likely = likely
        self._switches: tuple[Switch, ...] = ()  # latest first; replaced whole, so no reader needs a lock
        self._ready: frozenset[str] = frozenset()
        self._lacking: frozenset[str] = frozenset()
        self._polled: float | None = None
        self._thread_of: int | None = None
        self._unreachable = self._heard = False
        self._late: set[int] = set()
        self._polling, self._preparing = threading.Lock(), threading.RLock()

    def vintage(self) -> str:
        """The vintage to answer from now: the latest one that is due and ready."""
        self.keep_up()
        now = time.monotonic()
        due = self._written_for(now)
        # Another worker may have seen the last fit arrive, and told the gateway that the replica is ready.
        if due in self._lacking and due not in self._ready:
            self._is_ready(due)
        return self._ready_at(now)

    def _ready_at(self, now: float) -> str:
        return next((s.vintage for s in self._switches if s.at <= now and s.vintage in self._ready), self.default)

    def _written_for(self, now: float) -> str:
        return next((s.vintage for s in self._switches if s.at <= now), self.default)

    def wanted(self) -> str:
        """The vintage that is due now, whether this process has it ready or not."""
        self.keep_up()
        return self._written_for(time.monotonic())

    def lagging(self) -> str | None:
        """The vintage that is due now, if this process does not have it ready, or in :data:`UNREADY_AHEAD_S`.

        One that is still to come counts only once it was found to lack fits: loading it takes a moment.
        """
        self.keep_up()
        now = time.monotonic()  # the same for both, or they would differ at the moment of a switch
        due, coming = self._written_for(now), self._written_for(now + UNREADY_AHEAD_S)
        if due != self._ready_at(now):
            return due
        return coming if coming in self._lacking and coming != self._ready_at(now + UNREADY_AHEAD_S) else None

    def has_heard(self) -> bool:
        """Whether the switches were ever read, by this process or an earlier one on its state folder."""
        self.keep_up()
        return self._heard

    def needed(self) -> tuple[str, ...]:
        """The vintages whose fits should be here: the due one, coming ones, likely ones, and the one before."""
        self.keep_up()
        now = time.monotonic()
        place = next((place for place, s in enumerate(self._switches) if s.at <= now), len(self._switches))
        coming = (s.vintage for s in self._switches[:place])
        before = (s.vintage for s in self._switches[place + 1 : place + 2])
        return tuple(dict.fromkeys((self._written_for(now), *coming, *self._likely(), *before)))

    def pending(self) -> Switch | None:
        """The next switch."""
        self.keep_up()
        now = time.monotonic()
        current = next((s.number for s in self._switches if s.at <= now), 0)
        coming = [s for s in self._switches if s.at > now and s.number > current]
        return min(coming, key=lambda s: s.at, default=None)

    def start(self, each: Callable[[], None] = lambda: None) -> None:
        """Poll now, and then in a thread of this process, which calls ``each`` after every poll."""
        self._thread_of = os.getpid()
        self.poll()
        threading.Thread(target=self._follow, args=(each,), name="vintage", daemon=True).start()

    def _follow(self, each: Callable[[], None]) -> None:
        while True:
            time.sleep(POLL_S)
            try:
                self.poll()
                each()
            except Exception:  # noqa: BLE001  logged below
                # The next poll may succeed, and without this thread the process would follow no switch.
                _log.exception("following the current vintage")

    def keep_up(self) -> None:
        """Poll if the last poll is old and no thread polls (in a command, a test, a process's first request)."""
        if self._thread_of == os.getpid():
            return
        if self._polled is None or time.monotonic() - self._polled > POLL_S:
            self.poll()

    def poll(self) -> None:
        """Read the switches and load the vintages that they need."""
        with self._polling:
            try:
                reading = self._read()
            except DatabaseUnavailable as error:
                if not self._unreachable:
                    _log.warning("the database is away (%s): the vintage stays as it is", error.cause)
                if self._polled is None and (remembered := self._remembered()) is not None:
                    self._switches, self._heard = remembered, True
                self._unreachable = True
            else:
                self._unreachable = False
                self._take(reading)
            self._polled = time.monotonic()
            self._get_ready()

    def _take(self, reading: Reading | None) -> None:
        """Convert the moments to this process's clock.

        A later reading with a smaller error corrects a moment, but not one that is past or less than a poll away, so
        that no switch takes effect twice.
        """
        first, self._heard = not self._heard, True
        if reading is None:
            return
        known = {(s.number, s.effective_at): s for s in self._switches}
        before, settled = self._switches, time.monotonic() + POLL_S
        switches = []
        for row in reading.rows:
            at = reading.at + (row.effective_at - reading.now).total_seconds()
            new = Switch(row.number, row.vintage, row.effective_at, at, reading.error)
            old = known.get((row.number, row.effective_at), new)
            switches.append(new if old.at > settled and new.error < old.error else old)
        self._switches = tuple(switches)
        if first or [s.number for s in switches] != [s.number for s in before]:
            self._remember()

    def _get_ready(self) -> None:
        now = time.monotonic()
        current = next((place for place, s in enumerate(self._switches) if s.at <= now), len(self._switches))
        for switch in self._switches[: current + 1]:
            if not self._is_ready(switch.vintage) and switch.at <= now and switch.number not in self._late:
                self._late.add(switch.number)
                detail = "vintage %s is current, but it or its fits are not here: the one before goes on"
                _log.error(detail, switch.vintage)

        # Also the vintage before the current one, for a rollback.
        for vintage in (*(s.vintage for s in self._switches[current + 1 : current + 2]), *self._likely()):
            self._is_ready(vintage)

    def _is_ready(self, vintage: str) -> bool:
        """Load a vintage if it is not ready; return whether it is."""
        with self._preparing:
            if vintage not in self._ready:
                if self._prepare(vintage):
                    self._ready |= {vintage}
                    _log.info("vintage %s is ready", vintage)
                else:
                    self._lacking |= {vintage}
        return vintage in self._ready

    def _remember(self) -> None:
        text = json.dumps([[s.number, s.vintage, s.effective_at.isoformat()] for s in self._switches])
        with suppress(OSError):  # only a process that starts without the database needs the file
            write_atomically(self._memory, text)

    def _remembered(self) -> tuple[Switch, ...] | None:
        """The switches in the file; None if it cannot be read."""
        try:
            rows = json.loads(self._memory.read_text(encoding="utf-8"))
            ahead = time.monotonic() - datetime.now(UTC).timestamp()
            return tuple(
                Switch(int(number), str(vintage), at, at.timestamp() + ahead)
                for number, vintage, at in ((n, v, datetime.fromisoformat(text)) for n, v, text in rows)
            )
        except (OSError, ValueError, TypeError):
            return None
