"""gunicorn's threaded worker, in which no thread waits for a client.

Waiting: gunicorn's threads read requests and send answers, so a few clients that send or receive slowly hold all of
them. In this worker the event loop does both (:mod:`forecast_service.server.waits`): a thread gets a request when all
of it has arrived, and what the kernel does not take of an answer at once is sent later. A client that is too slow
gets 408, or is closed. If the worker has no room for another connection, the one that has waited longest is closed.

Answering at once: the event loop itself sends what the application has ready, such as a cached answer and
``/healthz``, so that this waits for no thread either.

Sharing: all workers accept from the same listeners, and clients and gateways keep connections open. If many connect at
once, the quickest worker would accept nearly all. So a worker waits before it accepts, longer if it has more
connections.

Stopping: gunicorn's worker stops accepting at once, but keeps its listeners open until it has answered its last
request. Clients that connect meanwhile are reset, and a proxy cannot know whether their POST was carried out. This
worker answers the clients that have connected and closes its listeners, so that later clients are refused. The master
lets nobody connect in between (:func:`forecast_service.server.master.refuse_new`).
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache, partial
from socket import SHUT_WR
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn, ThreadWorker

from forecast_service.http.fast_path import AT_ONCE
from forecast_service.observability import metrics
from forecast_service.server.waits import Client, Closing, Receiving, Sending, Wait

WAIT_S, LONGEST_WAIT_S = 0.0001, 0.001
"""Seconds that a worker waits before it accepts: per connection that it has, and at most."""
CLOSE_S = 2.0
"""Seconds that a client has to close after its last answer."""
LOOK_S = 0.25
"""How often slow clients are looked for, seconds."""
SMALL_BYTES, HELD_BYTES = 65_536, 32_000_000
"""Requests and answers on their way that are larger than the first hold at most the second together."""


class Parts(list[bytes]):
    """Stands in for a connection, and collects what is sent."""

    sendall = list.append


class ReadyResponse(wsgi.Response):  # type: ignore[misc]
    """Checks a header that was sent before no more."""

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """As the original."""
        for header in headers:
            checked, length = _processed(header)
            self.headers += checked
            if length is not None:
                self.response_length = length


@lru_cache(4096)
def _processed(header: tuple[str, str]) -> tuple[list[tuple[str, str]], int | None]:
    response = wsgi.Response(None, None, None)
    response.process_headers([header])
    return response.headers, response.response_length


Then = Callable[[TConn], None]


class _Result:
    """The result of a request that was answered at once, as a future has it."""

    def __init__(self, keep: bool) -> None:
        self._keep = keep

    def cancelled(self) -> bool:
        return False

    def exception(self) -> None:
        return None

    def result(self) -> bool:
        return self._keep


class BalancedThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for no client in a thread, takes its share of connections, answers all of them when stopped.

    Attributes
    ----------
    client_s : seconds that a client has for sending a request, and for taking in an answer; see :mod:`.waits`.
    most_bytes : the rest of a longer body is not waited for, and the application refuses it.
    later : what the application returns for a request with :data:`AT_ONCE` that a thread has to answer; None if it
        does not know this.
    """

    client_s, most_bytes = 10.0, 1_000_000
    later: Iterable[bytes] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waits: dict[TConn, tuple[Wait, Then]] = {}  # in the order in which they began
        self._next_look = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """As the original. TLS needs a connection of another kind."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            sys.exit("Error: certfile, keyfile: this worker takes no TLS, which a gateway ends")

    def accept(self, listener: Any) -> None:
        """As the original, but a worker with fewer connections accepts first."""
        if self.alive:
            time.sleep(min(self.nr_conns * WAIT_S, LONGEST_WAIT_S))
        super().accept(listener)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def enqueue_req(self, conn: TConn) -> None:
        """Give the next request of a connection to a thread, once it has arrived."""
        if conn.initialized:
            rest = conn.parser.unreader.take_buffered()
        else:
            conn.initialized, conn.sock, rest = True, Client(conn.sock), b""
        request = Receiving(self.client_s, self.most_bytes, rest)
        if rest and request.complete(conn.sock):
            self._received(request, conn)
        else:
            self._wait(conn, request, partial(self._received, request))

    def on_client_socket_readable(self, conn: TConn, client: Client) -> None:
        """As the original, but a request that is answered at once leaves the connection where it is."""
        request = Receiving(self.client_s, self.most_bytes, b"")
        done = self._is_done(conn, request)
        keep = self._answer_at_once(request, conn) if done and not request.gone else None
        self.keepalived_conns.remove(conn)
        if keep and self.alive and not client.unsent and not conn.parser.unreader.buf.getbuffer().nbytes:
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            return
        self.poller.unregister(client)
        if keep is not None:
            self.finish_request(conn, _Result(keep))
        elif done:
            self._end(conn, request, partial(self._give_to_thread, request))
        else:
            self._wait(conn, request, partial(self._received, request))

    def _received(self, request: Receiving, conn: TConn) -> None:
        keep = self._answer_at_once(request, conn)
        if keep is not None:
            self.finish_request(conn, _Result(keep))
        else:
            self._give_to_thread(request, conn)

    def _give_to_thread(self, request: Receiving, conn: TConn) -> None:
        conn.parser = RequestParser(self.cfg, [bytes(request.data)], conn.client)
        super().enqueue_req(conn)

    def _answer_at_once(self, received: Receiving, conn: TConn) -> bool | None:
        """Whether the connection can be kept; None if a thread has to answer."""
        conn.cut = received.cut
        if self.later is None or conn.cut or not received.data.startswith(b"GET "):
            return None
        conn.parser = RequestParser(self.cfg, [bytes(received.data)], conn.client)
        parts = Parts()
        try:
            request = next(conn.parser)
            response, environ = wsgi.create(request, parts, conn.client, conn.server, self.cfg, ReadyResponse)
            if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
                response.force_close()
            environ[AT_ONCE] = True
            body = self.wsgi(environ, response.start_response)
            if body is self.later:
                return None
            for part in body:
                response.write(part)
            response.close()
        except Exception:  # noqa: BLE001  nothing has been sent, and the thread meets and handles the same
            return None
        self.nr += 1
        try:
            conn.sock.sendall(b"".join(parts))
        except OSError:  # the client is gone
            return False
        return not response.should_close() and self._keepalive_after(conn, True)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """As the original. The connection cannot be kept if a part of the body was not waited for."""
        req._expected_100_continue = False  # the client has been asked for its body
        if conn.cut:
            req.force_close()
        return bool(super().handle_request(req, conn))

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Whether the connection can be kept; a body that nobody has read is there already."""
        # The parser sets ``iter`` to None if it asks for more than has arrived: then a next request could not be found.
        return keepalive and conn.parser.finish_body() and conn.parser.unreader.iter is not None

    def finish_request(self, conn: TConn, fs: Future[Any] | _Result) -> None:
        """As the original, after the answer has been sent; at the end the client closes first."""
        if conn.sock.unsent:
            self._wait(conn, Sending(self.client_s, conn.sock), partial(self.finish_request, fs=fs))
        elif not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self._close(conn, self.client_s if conn.cut else CLOSE_S)

    def murder_pending(self) -> None:
        """Refuse or close the clients that are too slow."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_S
        for conn in [conn for conn, (wait, _) in self._waits.items() if wait.until <= now]:
            wait = self._leave(conn)
            if isinstance(wait, Receiving) and wait.data:
                metrics.request_answered("unmatched", "other", 408, now - wait.begun)
                with suppress(OSError):  # the client is gone
                    util.write_error(conn.sock, 408, "Request Timeout", "")
                self._close(conn, CLOSE_S)
            else:
                self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """As the original, also for clients that have connected and sent nothing."""
        super()._cap_keepalive(deadline)
        for wait, _ in self._waits.values():
            if isinstance(wait, Receiving) and not wait.data:
                wait.seconds = min(wait.seconds, deadline - wait.begun)

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

    def _wait(self, conn: TConn, wait: Wait, then: Then) -> None:
        """Call ``then`` when the client has done its part, which it may have already."""
        if self._is_done(conn, wait):
            self._end(conn, wait, then)
            return
        self._waits[conn] = (wait, then)
        self.poller.register(conn.sock, wait.event, partial(self._on_ready, conn))
        self._bound_memory(wait)

    def _on_ready(self, conn: TConn, _client: Client) -> None:
        if conn not in self._waits:
            return  # it was closed for another one, after the poller had looked
        wait, then = self._waits[conn]
        if self._is_done(conn, wait):
            self._leave(conn)
            self._end(conn, wait, then)
        else:
            self._bound_memory(wait)

    def _is_done(self, conn: TConn, wait: Wait) -> bool:
        try:
            return wait.go_on(conn.sock)
        except BlockingIOError:
            return False
        except OSError:
            wait.gone = True
            return True

    def _end(self, conn: TConn, wait: Wait, then: Then) -> None:
        if wait.gone:
            self._drop(conn)
        else:
            then(conn)

    def _close(self, conn: TConn, seconds: float) -> None:
        """Tell the client that no more comes, and close after it or after some seconds."""
        with suppress(OSError):  # the client is gone
            conn.sock.shutdown(SHUT_WR)
        self._wait(conn, Closing(seconds), self._drop)

    def _leave(self, conn: TConn) -> Wait:
        self.poller.unregister(conn.sock)
        return self._waits.pop(conn)[0]

    def _drop(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def _make_room(self) -> None:
        """Close the connection that has waited longest, or the one that has been unused longest."""
        if len(self._waits) > 1:  # the last is the newest
            conn = next(iter(self._waits))
            self._leave(conn)
            self._drop(conn)
        elif self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self._drop(conn)

    def _bound_memory(self, wait: Wait) -> None:
        """Close the connections that have waited longest, if all together hold too much."""
        if wait.held_bytes <= SMALL_BYTES:
            return
        large = {conn: one.held_bytes for conn, (one, _) in self._waits.items() if one.held_bytes > SMALL_BYTES}
        held, most = sum(large.values()), max(HELD_BYTES, 2 * self.most_bytes)
        for conn, bytes_ in large.items():
            if held <= most:
                break
            held -= bytes_
            self._leave(conn)
            self._drop(conn)
