"""Computes a whole sweep for one caller who waits for it, without a database."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from forecast_service.sweeps.executors import Executor
from forecast_service.sweeps.kept_chunks import KeptChunks
from models.analysis.sweep import Sweep

AHEAD = 4
"""Chunks that are computed ahead, for each slot of the executor."""


@dataclass(frozen=True)
class Run:
    """The computation of a sweep.

    Attributes
    ----------
    document : the sweep, as JSON.
    folder : where fits are saved; None if the executor's processes are on other machines.
    kept : the chunks of earlier runs, to which new ones are added; None to keep nothing.
    archive : of the sweep's vintage; None if it is bundled.
    """

    sweep: Sweep
    document: str
    executor: Executor
    folder: Path | None
    kept: KeptChunks | None = None
    archive: bytes | None = None

    def chunks(self, done: Callable[[int], None] = lambda _evaluations: None) -> Iterator[tuple[int, bytes]]:
        """The chunks in order; calls ``done`` with the number of evaluations of each."""
        ahead: deque[tuple[int, bytes | Future[bytes]]] = deque()
        for number in range(self.sweep.chunks):
            ahead.append((number, self._read(number) or self._begin(number)))
            if len(ahead) > AHEAD * self.executor.slots:
                yield self._taken(*ahead.popleft(), done)
        while ahead:
            yield self._taken(*ahead.popleft(), done)

    def _read(self, number: int) -> bytes | None:
        return None if self.kept is None else self.kept.read(number)

    def _begin(self, number: int) -> Future[bytes]:
        from forecast_service.sweeps.task import compute

        where = None if self.folder is None else str(self.folder.resolve())
        return self.executor.submit(compute, self.document, number, where, self.archive)

    def _taken(self, number: int, chunk: bytes | Future[bytes], done: Callable[[int], None]) -> tuple[int, bytes]:
        if isinstance(chunk, Future):
            chunk = chunk.result()
            if self.kept is not None:
                self.kept.save(number, chunk)
        done(len(self.sweep.span(number).points))
        return number, chunk
