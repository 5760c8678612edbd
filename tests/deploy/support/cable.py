"""A cable to a TCP server that can be pulled or silent.

Pulled: what went through it is cut, and nobody gets through until it is back. Silent: connections stay and new ones are
accepted, but nothing goes through.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Cable:
    """Listens on a port of its own and passes everything on to ``host``:``port``."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._through: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._open = threading.Event()
        self._open.set()
        self.port = 0
        self.plug()

    def plug(self) -> None:
        """Let connections through, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port, self._listener = listener.getsockname()[1], listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def pull(self) -> None:
        """Cut what is there, and let nobody through."""
        # What still waits in the queue is closed with it; the thread that accepts has to be woken first.
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for end in self._through:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._through.clear()

    def silence(self) -> None:
        """Pass nothing on, and cut nothing."""
        self._open.clear()

    def speak(self) -> None:
        """Pass on what has waited, and all that comes."""
        self._open.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self._to)
            except OSError:
                return
            self._through += [client, server]
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                self._open.wait()
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
