"""gunicorn's threaded worker, so that connections are spread evenly and none is failed when it stops.

Stopping: whoever has connected is answered, whoever comes later refused. gunicorn's own threaded worker stops accepting
at once but keeps its listeners open until its last request is answered: who connects meanwhile, or waits in the
listeners' queue, is reset, and a proxy cannot know whether a POST was carried out. Here the master first turns new
connections away (:func:`turn_away`), then each worker empties the queue and closes its listeners.

Spreading: all workers wait at the same listeners, and of connections that come together, such as a gateway's that are
kept, the quickest worker would take nearly all and keep them, while another has nothing to do. Here a worker leaves a
connection to those that have fewer, for a moment.
"""

from __future__ import annotations

import ctypes
import mmap
import select
import socket
import struct
import time
from array import array
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

_SO_ATTACH_FILTER = 26
# Of what arrives at the listener, drop what opens a connection (a TCP header's 14th byte has SYN). As of
# linux/filter.h: code, jump if true, jump if false, operand.
_NO_SYN = b"".join(
    struct.pack("=HBBI", *step)
    for step in ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFF))
)
_HANDSHAKE_S = 0.1
"""Longer than the rest of a handshake that had begun takes between machines that are close."""


def turn_away(listeners: Iterable[Any]) -> None:
    """Let nobody else connect; a client that tries does so again a second later, and is refused then.

    Where the kernel cannot do so (it is Linux's) nothing changes: the few that connect in the instant
    between the emptying and the closing of the queue are reset.
    """
    code = ctypes.create_string_buffer(_NO_SYN, len(_NO_SYN))
    program = struct.pack("@HP", len(_NO_SYN) // 8, ctypes.addressof(code))
    for listener in listeners:
        if listener.sock.family in (socket.AF_INET, socket.AF_INET6):
            with suppress(OSError):
                listener.sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    time.sleep(_HANDSHAKE_S)


_FREE, _STOPPING = -1, -2
MOST_COUNTED = 256
_held = memoryview(mmap.mmap(-1, 4 * MOST_COUNTED)).cast("i")  # made in the master, shared with the workers, its forks
"""How many connections each living worker has."""
_held[:] = array("i", [_FREE] * len(_held))
LEAVE_S, LOOK_S = 0.01, 0.0005
"""For how long a connection is left to others, and how often it is looked whether one took it."""


class EvenWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves new connections to the workers that have fewer; takes in who waits at the listeners before it ends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # still in the master, one worker after the other
        self.place = next((place for place, held in enumerate(_held) if held == _FREE), None)
        self._leave_until = 0.0
        self._tell(0)

    def _tell(self, held: int) -> None:
        """Let the others know how many connections this worker has."""
        if self.place is not None:  # all places are taken: it is not counted
            _held[self.place] = held

    def leave(self) -> None:
        """Give up its place; for the master, once it has ended."""
        self._tell(_FREE)

    def accept(self, listener: Any) -> None:
        """As the original, unless another worker should."""
        if self.alive and self._is_ahead():
            time.sleep(LOOK_S)
            return
        super().accept(listener)
        self._tell(self.nr_conns)

    def _is_ahead(self) -> bool:
        """Whether another worker has fewer connections, and has not let this one wait long enough."""
        if not any(_FREE < held < self.nr_conns for held in _held):
            return False
        now = time.monotonic()
        if now > self._leave_until + LEAVE_S:  # this is about another connection than the last time
            self._leave_until = now + LEAVE_S
        return now < self._leave_until

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """As the original; connections may have ended."""
        super().wait_for_and_dispatch_events(timeout)
        self._tell(self.nr_conns if self.alive else _STOPPING)

    def set_accept_enabled(self, enabled: bool) -> None:
        """As the original; when the worker is stopping, also take what waits and close the listeners."""
        super().set_accept_enabled(enabled)
        if self.alive or enabled:
            return
        for listener in self.sockets:
            if listener.fileno() == -1:  # told to stop while it was full: it has been here before
                continue
            waiting = select.poll()
            waiting.register(listener, select.POLLIN)
            while waiting.poll(0):  # another worker may be quicker, or the client be gone: accept() bears both
                self.accept(listener)
            listener.close()
