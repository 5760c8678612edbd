"""gunicorn's threaded worker: a fair share of connections, no resets on a stop or a refused body, a limit for reading.

Sharing: all workers accept from the same listeners, and clients and gateways keep connections open. If many connect at
once, the quickest worker would accept nearly all. So a worker waits before it accepts, longer if it has more
connections.

Stopping: gunicorn's worker stops accepting at once, but keeps its listeners open until it has answered its last
request. Clients that connect meanwhile are reset, and a proxy cannot know whether their POST was carried out. This
worker answers the clients that have connected and closes its listeners, so that later clients are refused.

Reading: gunicorn waits without limit for the rest of a request, and holds a thread meanwhile. This worker sends 408 if
a request does not arrive within :data:`READ_S`. A gateway that buffers requests sends each at once.

Refusing: an answer to a body that was not read to its end, such as 413, says ``Connection: close``. Most clients send
all before they read, and the kernel drops the answer if the service closes on unread bytes. So this worker takes in
the rest for at most :data:`READ_S`, and then closes.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from gunicorn import util
from gunicorn.http import parser, wsgi
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.workers.gthread import TConn, ThreadWorker
from werkzeug.exceptions import RequestTimeout

WAIT_S, LONGEST_WAIT_S = 0.0001, 0.005
"""Seconds that a worker waits before it accepts: per connection that it has, and at most."""
READ_S = 10.0
"""Seconds within which a request must arrive, from when it is queued for a thread."""

REST_BYTES = 65_536
"""Of a body of at most so many bytes more, the rest is read after the answer, and the connection stays open."""

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


def _ends_with(request: Any) -> bool:
    """Whether the connection must close after ``request``, because its body was not read to its end."""
    reader = request.body.reader
    if request.body.failed:
        return True
    if isinstance(reader, LengthReader):
        return bool(reader.length > REST_BYTES)
    return isinstance(reader, ChunkedReader) and reader.parser is not None


class Response(wsgi.Response):  # type: ignore[misc]
    """Says so if the connection closes because of the body."""

    def start_response(self, *args: Any, **kwargs: Any) -> Any:
        """As the original."""
        if _ends_with(self.req):
            self.force_close()
        return super().start_response(*args, **kwargs)


wsgi.Response = Response  # gunicorn has no hook for it either


def _take_in_rest(client: socket.socket) -> None:
    """Read and drop what the client still sends, until it closes or its time is up."""
    end = time.monotonic() + READ_S
    with suppress(OSError):  # the client is gone, or its time is up
        client.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            client.settimeout(left)
            if not client.recv(REST_BYTES):
                break
    with suppress(OSError):
        client.shutdown(socket.SHUT_RD)  # or gunicorn, when it closes, waits in its event loop for the client


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
        """As the original, which has its own time limit for an unread body that it reads."""
        _give_time(conn.sock)
        if not keepalive and _ends_with(conn.parser.mesg):
            _take_in_rest(conn.sock)
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
