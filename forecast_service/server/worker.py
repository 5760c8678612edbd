"""gunicorn's threaded worker with a fair share of connections, a stop without resets, and a time limit for reading.

Sharing: all workers accept from the same listeners, and clients and gateways keep connections open. If many connect at
once, the quickest worker would accept nearly all. So a worker waits before it accepts, longer if it has more
connections.

Stopping: gunicorn's worker stops accepting at once, but keeps its listeners open until it has answered its last
request. Clients that connect meanwhile are reset, and a proxy cannot know whether their POST was carried out. This
worker answers the clients that have connected and closes its listeners, so that later clients are refused.

Reading: gunicorn waits without limit for the rest of a request, and holds a thread meanwhile. This worker sends 408 if
a request does not arrive within :data:`READ_S`. A gateway that buffers requests sends each at once.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Any
from weakref import WeakKeyDictionary

from gunicorn import util
from gunicorn.http import parser
from gunicorn.workers.gthread import TConn, ThreadWorker
from werkzeug.exceptions import RequestTimeout

WAIT_S, LONGEST_WAIT_S = 0.0001, 0.005
"""Seconds that a worker waits before it accepts: per connection that it has, and at most."""
READ_S = 10.0
"""Seconds within which a request must arrive, from when it is queued for a thread."""

_deadlines: WeakKeyDictionary[socket.socket, float] = WeakKeyDictionary()
"""Until when each client may send, by :func:`time.monotonic`."""


def _give_time(client: socket.socket) -> None:
    _deadlines[client] = time.monotonic() + READ_S


class Unreader(parser.SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """Reads a request until its deadline, and after it only what is there already."""

    def chunk(self, size_hint: int | None = None) -> bytes:
        """As the original. Raises RequestTimeout if the client takes too long."""
        now = time.monotonic()
        left = max(_deadlines.get(self.sock, now + READ_S) - now, 0.001)  # TLS replaces the socket
        seconds, rest = divmod(left, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", int(seconds), int(rest * 1e6)))
        try:
            return bytes(super().chunk(size_hint))
        except BlockingIOError:  # this is how SO_RCVTIMEO ends a read
            self.sock.shutdown(socket.SHUT_RD)  # or gunicorn, when it closes, waits in its event loop for the client
            raise RequestTimeout from None


parser.SocketUnreader = Unreader  # gunicorn has no hook for it


class BalancedThreadWorker(ThreadWorker):  # type: ignore[misc]
    """Takes its share of connections, answers all of them when stopped, and limits the time for reading."""

    def accept(self, listener: Any) -> None:
        """As the original, but a worker with fewer connections accepts first."""
        if self.alive:
            time.sleep(min(self.nr_conns * WAIT_S, LONGEST_WAIT_S))
        super().accept(listener)

    def enqueue_req(self, conn: TConn) -> None:
        """As the original, with :data:`READ_S` for the request."""
        _give_time(conn.sock)
        super().enqueue_req(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """As the original, which has its own time limit for an unread body."""
        _give_time(conn.sock)
        return bool(super()._keepalive_after(conn, keepalive))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """As the original, and 408 for a head that does not arrive; the application answers for a body."""
        if isinstance(exc, RequestTimeout):
            util.write_error(client, 408, "Request Timeout", "")
        else:
            super().handle_error(req, client, addr, exc)

    def set_accept_enabled(self, enabled: bool) -> None:
        """As the original, but a stopping worker accepts the waiting connections and closes the listeners."""
        super().set_accept_enabled(enabled)
        if self.alive or enabled:
            return
        for listener in self.sockets:
            if listener.fileno() == -1:  # closed by an earlier call, as the worker was full
                continue
            waiting = select.poll()
            waiting.register(listener, select.POLLIN)
            while waiting.poll(0):  # accept() copes if another worker is quicker or the client gone
                self.accept(listener)
            listener.close()
