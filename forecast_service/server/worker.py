"""gunicorn's threaded worker, but workers share connections, a stop resets nobody and no silent client holds a thread.

Sharing: all workers accept from the same listeners, and clients and gateways keep connections. Of connections that come
together the quickest worker would keep nearly all, while another has nothing to do. So a worker accepts the later, the
more connections it has.

Stopping: gunicorn's worker stops accepting at once, but keeps its listeners open until its last request is answered. It
resets who connects meanwhile, and a proxy cannot know whether a POST was carried out. This worker answers all who
have connected, then closes its listeners, so that later clients are refused.

Reading: gunicorn waits for ever for the rest of a request, in a thread that answers nobody else meanwhile. This worker
sends 408 to a client that is silent for :data:`READ_S`, or still sends after it. A gateway that buffers requests sends
each at once.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Any

from gunicorn import util
from gunicorn.http import parser
from gunicorn.workers.gthread import TConn, ThreadWorker
from werkzeug.exceptions import RequestTimeout

WAIT_S, LONGEST_WAIT_S = 0.0001, 0.005
"""How much later a worker accepts, for each connection that it has, and at most."""
READ_S = 10
"""How long a client may send nothing in the middle of a request, and how long it may send one."""


class Unreader(parser.SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """Reads what a client sends, for a limited time."""

    until: float | None = None

    def chunk(self, size_hint: int | None = None) -> bytes:
        """As the original.

        Raises
        ------
        RequestTimeout
        """
        now = time.monotonic()
        self.until = self.until or now + READ_S
        if now > self.until:
            raise RequestTimeout
        try:
            return bytes(super().chunk(size_hint))
        except BlockingIOError:  # this is how SO_RCVTIMEO ends a read
            raise RequestTimeout from None


parser.SocketUnreader = Unreader  # gunicorn has no hook for it


class BalancedThreadWorker(ThreadWorker):  # type: ignore[misc]
    """Shares connections with other workers, leaves nobody unanswered, and waits for no silent client."""

    def accept(self, listener: Any) -> None:
        """As the original, but a worker with fewer connections may accept first."""
        if self.alive:
            time.sleep(min(self.nr_conns * WAIT_S, LONGEST_WAIT_S))
        super().accept(listener)

    def enqueue_req(self, conn: TConn) -> None:
        """As the original; the client has :data:`READ_S` for the request."""
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", READ_S, 0))
        if conn.initialized:
            conn.parser.unreader.until = None
        super().enqueue_req(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """As the original, which bounds by itself how long it waits for a body that nobody read."""
        conn.parser.unreader.until = None
        return bool(super()._keepalive_after(conn, keepalive))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """As the original; the application answers a body that does not come, this a head."""
        if isinstance(exc, RequestTimeout):
            util.write_error(client, 408, "Request Timeout", "")
        else:
            super().handle_error(req, client, addr, exc)

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
