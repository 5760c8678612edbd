"""What the event loop of a worker waits for: a request that arrives, an answer that is sent, a client that closes.

A client must go on at :data:`BYTES_A_SECOND` on average, after some seconds that every client has.
"""

from __future__ import annotations

import re
import socket
import time
from abc import ABC, abstractmethod
from collections import deque
from selectors import EVENT_READ, EVENT_WRITE

BYTES_A_SECOND = 20_000
"""How fast a client must send and receive; slower than any usual line."""
RECEIVE_BYTES = 65_536
"""How many bytes are received at once."""
HEAD_BYTES, LINE_BYTES = 900_000, 8194
"""A head or a request line so long is refused by gunicorn, whose limits are lower."""

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*\r")
_CHUNK = re.compile(rb"([0-9a-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n", re.IGNORECASE)


class Client(socket.socket):
    """The connection of a client, on which nobody waits: what cannot be sent at once is kept in ``unsent``."""

    def __init__(self, accepted: socket.socket) -> None:
        family, kind, protocol = accepted.family, accepted.type, accepted.proto
        super().__init__(family, kind, protocol, accepted.detach())
        super().setblocking(False)
        self.unsent: deque[memoryview] = deque()

    def setblocking(self, flag: bool) -> None:
        """Do nothing: the connection stays as it is."""

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        """Send what the kernel takes, and keep the rest. Raises OSError if the client is gone."""
        if self.unsent:
            self.unsent.append(memoryview(data))
            return
        try:
            sent = self.send(data, flags)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.unsent.append(memoryview(data)[sent:])


class Wait(ABC):
    """What a client has to do, and until when.

    Attributes
    ----------
    event : tells the event loop when to go on.
    begun : by :func:`time.monotonic`. seconds : that every client has.
    moved : bytes that the client has sent or received meanwhile.
    gone : whether the client closed.
    """

    event = EVENT_READ

    def __init__(self, seconds: float) -> None:
        self.begun, self.seconds, self.moved, self.gone = time.monotonic(), seconds, 0, False

    @property
    def until(self) -> float:
        """When the client is too slow, by :func:`time.monotonic`."""
        return self.begun + self.seconds + self.moved / BYTES_A_SECOND

    @property
    def held_bytes(self) -> int:
        """How much memory the connection takes."""
        return 0

    @abstractmethod
    def go_on(self, client: Client) -> bool:
        """Do what can be done now; whether that was all. Raises OSError if the client is gone."""


class Sending(Wait):
    """The rest of an answer, on its way to the client."""

    event = EVENT_WRITE

    def __init__(self, seconds: float, client: Client) -> None:
        super().__init__(seconds)
        self._left = sum(map(len, client.unsent))

    @property
    def held_bytes(self) -> int:
        """The bytes that are not sent yet."""
        return self._left - self.moved

    def go_on(self, client: Client) -> bool:
        """Send what the kernel takes."""
        while client.unsent:
            part = client.unsent[0]
            sent = client.send(part)
            self.moved += sent
            if sent < len(part):
                client.unsent[0] = part[sent:]
                return False
            client.unsent.popleft()
        return True


class Closing(Wait):
    """The client, which is to take in the last answer and to close.

    If the service closed first, on bytes that it has not received, the kernel would drop the answer. So the rest of a
    body that nobody wants is received and dropped.
    """

    def go_on(self, client: Client) -> bool:
        """Receive and drop."""
        received = len(client.recv(RECEIVE_BYTES))
        self.moved += received
        self.gone = not received
        return self.gone


class Receiving(Wait):
    """A request on its way from the client.

    This finds only where the request ends; gunicorn reads and checks it, and refuses one that is malformed.

    Attributes
    ----------
    data : what has arrived.
    cut : whether the body is longer than ``most`` bytes, so that the rest is not waited for.
    """

    def __init__(self, seconds: float, most: int, data: bytes) -> None:
        super().__init__(seconds)
        self.data, self.cut = bytearray(data), False
        self._most = most
        self._head = 0  # where the body begins
        self._at = 0  # of chunks: where the next begins
        self._end: int | None = None  # of a body of known length

    @property
    def held_bytes(self) -> int:
        """The bytes that have arrived."""
        return len(self.data)

    def go_on(self, client: Client) -> bool:
        """Receive; true when the request is there, or its client gone."""
        received = client.recv(RECEIVE_BYTES)
        self.gone = not received
        self.moved += len(received)
        self.data += received
        return self.gone or self.complete(client)

    def complete(self, client: Client) -> bool:
        """Whether a thread can take the request. Asks a client for the body that waits to be asked."""
        if self._head:
            return self._has_body()
        found = self.data.find(_END, max(0, len(self.data) - RECEIVE_BYTES - 3))
        if found < 0:
            return len(self.data) > HEAD_BYTES or (
                len(self.data) > LINE_BYTES and self.data.find(b"\r\n", 0, LINE_BYTES) < 0
            )
        self._head = self._at = found + len(_END)
        head = bytes(self.data[: self._head]).lower()
        if b"\ntransfer-encoding" not in head:
            length = _LENGTH.search(head) if b"\ncontent-length" in head else None
            if length is None:  # there is no body, or gunicorn refuses the header
                return True
            self.cut = int(length[1]) > self._most
            self._end = self._head + int(length[1])
        if self.cut or self._has_body():
            return True
        if b"\nexpect" in head and b"100-continue" in head:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return False

    def _has_body(self) -> bool:
        if self._end is not None:
            return len(self.data) >= self._end
        while chunk := _CHUNK.match(self.data, self._at):
            size = int(chunk[1], 16)
            if not size:  # trailers may follow
                return self.data.find(_END, chunk.end() - 2) >= 0
            if chunk.end() + size + 2 > len(self.data):
                break
            self._at = chunk.end() + size + 2
        else:
            # Without an end of the line it may only be incomplete, otherwise gunicorn refuses it.
            return self._is_cut() or self.data.find(b"\r\n", self._at) >= 0
        return self._is_cut()

    def _is_cut(self) -> bool:
        self.cut = len(self.data) - self._head > self._most
        return self.cut
