"""gunicorn's threaded worker, so that connections are spread evenly, none is failed when it stops, and none is kept by
a client that sends half a request.

Stopping: whoever has connected is answered, whoever comes later refused. gunicorn's own threaded worker stops accepting
at once but keeps its listeners open until its last request is answered: who connects meanwhile, or waits in the
listeners' queue, is reset, and a proxy cannot know whether a POST was carried out. Here the master first turns new
connections away (:func:`stop_accepting`), then each worker empties the queue and closes its listeners.

Spreading: all workers wait at the same listeners, and of connections that come together, such as a gateway's that are
kept, the quickest worker would take nearly all and keep them, while another has nothing to do. Here a worker leaves a
connection to those that have fewer, for a moment.

Reading: a thread that waits for the rest of a request answers nobody else, and gunicorn would let it wait for ever.
Here a request has to arrive within :data:`READ_S`. A gateway that buffers requests sends each at once.
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

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker
from werkzeug.exceptions import RequestTimeout

_SO_ATTACH_FILTER = 26
# Of what arrives at the listener, drop what opens a connection (a TCP header's 14th byte has SYN). As of
# linux/filter.h: code, jump if true, jump if false, operand.
_NO_SYN = b"".join(
    struct.pack("=HBBI", *step)
    for step in ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFF))
)
_HANDSHAKE_S = 0.1
"""Longer than the rest of a handshake that had begun takes between machines that are close."""


def stop_accepting(listeners: Iterable[Any]) -> None:
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
# Made in the master, shared with the workers, its forks.
_connections = memoryview(mmap.mmap(-1, 4 * MOST_COUNTED)).cast("i")
"""How many connections each living worker has."""
_connections[:] = array("i", [_FREE] * len(_connections))
LEAVE_S, POLL_S = 0.01, 0.0005
"""For how long a connection is left to others, and how often it is looked whether one took it."""


READ_S = 10.0
"""How long after its first byte a request must be there, head and body: a megabyte at 1 Mbit/s."""


class ClientSocket(socket.socket):
    """A connection whose client has until ``read_until`` (by the monotonic clock) to send; for ever if None."""

    read_until: float | None = None
    late = False

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As the original; nothing more comes from a client that was late.

        Raises
        ------
        RequestTimeout
        """
        if self.late:
            return b""
        if self.read_until is None:
            return super().recv(size, flags)
        self.settimeout(max(0.0, self.read_until - time.monotonic()))  # with 0 it takes what is there
        try:
            return super().recv(size, flags)
        except (TimeoutError, BlockingIOError):
            self.late = True
            raise RequestTimeout from None
        finally:
            self.settimeout(None)


class BalancedThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves new connections to the workers that have fewer; leaves nobody unanswered; waits for no slow client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # still in the master, one worker after the other
        self.place = next((place for place, held in enumerate(_connections) if held == _FREE), None)
        self._leave_until = 0.0
        self._tell(0)

    def _tell(self, held: int) -> None:
        """Let the others know how many connections this worker has."""
        if self.place is not None:  # all places are taken: it is not counted
            _connections[self.place] = held

    def leave(self) -> None:
        """Give up its place; for the master, once it has ended."""
        self._tell(_FREE)

    def accept(self, listener: Any) -> None:
        """As the original, unless another worker should."""
        if self.alive and self._is_ahead():
            time.sleep(POLL_S)
            return
        super().accept(listener)
        self._tell(self.nr_conns)

    def _is_ahead(self) -> bool:
        """Whether another worker has fewer connections, and has not let this one wait long enough."""
        if not any(_FREE < held < self.nr_conns for held in _connections):
            return False
        now = time.monotonic()
        if now > self._leave_until + LEAVE_S:  # this is about another connection than the last time
            self._leave_until = now + LEAVE_S
        return now < self._leave_until

    def enqueue_req(self, conn: TConn) -> None:
        """As the original; from now on the request has :data:`READ_S` to arrive."""
        if not isinstance(conn.sock, ClientSocket):
            conn.sock = ClientSocket(fileno=conn.sock.detach())
        conn.sock.read_until = time.monotonic() + READ_S
        super().enqueue_req(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """As the original, which bounds by itself how long it waits for the rest of a body."""
        conn.sock.read_until = None
        return bool(super()._keepalive_after(conn, keepalive))

    def handle(self, conn: TConn) -> Any:
        """As the original; what follows, such as closing, is not the request's any more."""
        try:
            return super().handle(conn)
        finally:
            conn.sock.read_until = None

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """As the original; the application answers a body that comes too late, this a head."""
        if isinstance(exc, RequestTimeout):
            util.write_error(client, 408, "Request Timeout", "")
        else:
            super().handle_error(req, client, addr, exc)

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
