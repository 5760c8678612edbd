"""Which vintage of the figures is current at this moment, in every process alike.

A switch is written into the database some time ahead (:mod:`forecast_service.store.vintage_switches`). Every process
looks once a second, in a thread of its own, gets the new vintage ready, and changes over at the moment that was
written, by the database's clock: so all workers of all replicas change together, and a request is never kept waiting
for it. While the database is away, what was read last holds; a process that starts meanwhile takes it from a file
beside the fits.
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
"""How often it is looked whether a switch was written."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Switch:
    """A switch as this process knows it; ``at`` is its moment by the clock of :func:`time.monotonic`.

    ``error`` is by how much it may be wrong (s).
    """

    number: int
    vintage: str
    effective_at: datetime
    at: float
    error: float = math.inf


class CurrentVintage:
    """Follows the switches that are written.

    Parameters
    ----------
    read : what is written, None where nothing ever was; raises DatabaseUnavailable.
    prepare : gets a vintage ready for answers; whether it is, fits included. It is called again while it is not.
    default : the vintage that is current where nothing was ever written.
    memory : the file in which what was read last outlives the process.
    likely : vintages that may be switched to next. They are got ready before anybody says so: on a machine that is
        busy it may take longer to load one than a switch is written ahead.
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
        self._polled: float | None = None
        self._thread_of: int | None = None
        self._away = False
        self._late: set[int] = set()
        self._polling = threading.Lock()

    def vintage(self) -> str:
        """The vintage to answer from at this moment: of those that are ready, the one that is written last."""
        self._keep_up()
        return self._ready_at(time.monotonic())

    def _ready_at(self, now: float) -> str:
        return next((s.vintage for s in self._switches if s.at <= now and s.vintage in self._ready), self.default)

    def _written_for(self, now: float) -> str:
        return next((s.vintage for s in self._switches if s.at <= now), self.default)

    def wanted(self) -> str:
        """The vintage that is written for this moment, whether it is ready here or not."""
        self._keep_up()
        return self._written_for(time.monotonic())

    def lagging(self) -> str | None:
        """The vintage that is written for this moment, if it is not ready here."""
        self._keep_up()
        now = time.monotonic()  # one for both, or at the very moment of a switch they would differ
        wanted = self._written_for(now)
        return None if wanted == self._ready_at(now) else wanted

    def pending(self) -> Switch | None:
        """The next switch that is to come."""
        self._keep_up()
        now = time.monotonic()
        current = next((s.number for s in self._switches if s.at <= now), 0)
        coming = [s for s in self._switches if s.at > now and s.number > current]
        return min(coming, key=lambda s: s.at, default=None)

    def start(self, each: Callable[[], None] = lambda: None) -> None:
        """Look now, and from now on in a thread of this process, which does ``each`` after every look."""
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
                # Whatever it is, the next look may succeed, and without this thread no switch would be seen.
                _log.exception("following the current vintage")

    def _keep_up(self) -> None:
        """Without a thread (a command, a test, the first request of a process) look where that was long ago."""
        if self._thread_of == os.getpid():
            return
        if self._polled is None or time.monotonic() - self._polled > POLL_S:
            self.poll()

    def poll(self) -> None:
        """Read what is written, and get ready what is to come."""
        with self._polling:
            try:
                reading = self._read()
            except DatabaseUnavailable as error:
                if not self._away:
                    _log.warning("the database is away (%s): the vintage stays as it is", error.cause)
                if self._polled is None:
                    self._switches = self._remembered()
                self._away = True
            else:
                self._away = False
                self._take(reading)
            self._polled = time.monotonic()
            self._get_ready()

    def _take(self, reading: Reading | None) -> None:
        """Translate moments to this process's clock: better while they are to come, never once they are near.

        What has come must not be to come again.
        """
        if reading is None:
            return
        known = {(s.number, s.effective_at): s for s in self._switches}
        before, settled = self._switches, time.monotonic() + POLL_S
        found = []
        for row in reading.rows:
            at = reading.at + (row.effective_at - reading.now).total_seconds()
            new = Switch(row.number, row.vintage, row.effective_at, at, reading.error)
            old = known.get((row.number, row.effective_at), new)
            found.append(new if old.at > settled and new.error < old.error else old)
        self._switches = tuple(found)
        if [s.number for s in found] != [s.number for s in before]:
            self._remember()

    def _get_ready(self) -> None:
        now = time.monotonic()
        current = next((place for place, s in enumerate(self._switches) if s.at <= now), len(self._switches))
        for switch in self._switches[: current + 1]:
            if not self._is_ready(switch.vintage) and switch.at <= now and switch.number not in self._late:
                self._late.add(switch.number)
                detail = "vintage %s is current, but it or its fits are not here: the one before goes on"
                _log.error(detail, switch.vintage)

        # The one before the current one too, for a rollback.
        for vintage in (*(s.vintage for s in self._switches[current + 1 : current + 2]), *self._likely()):
            self._is_ready(vintage)

    def _is_ready(self, vintage: str) -> bool:
        """Get a vintage ready, if it is not; whether it is."""
        if vintage not in self._ready and self._prepare(vintage):
            self._ready |= {vintage}
            _log.info("vintage %s is ready", vintage)
        return vintage in self._ready

    def _remember(self) -> None:
        text = json.dumps([[s.number, s.vintage, s.effective_at.isoformat()] for s in self._switches])
        with suppress(OSError):  # without the file only a restart while the database is away is worse off
            write_atomically(self._memory, text)

    def _remembered(self) -> tuple[Switch, ...]:
        try:
            rows = json.loads(self._memory.read_text(encoding="utf-8"))
            ahead = time.monotonic() - datetime.now(UTC).timestamp()
            return tuple(
                Switch(int(number), str(vintage), at, at.timestamp() + ahead)
                for number, vintage, at in ((n, v, datetime.fromisoformat(text)) for n, v, text in rows)
            )
        except (OSError, ValueError, TypeError):
            return ()
