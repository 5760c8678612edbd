"""Stopping gunicorn without failing a request: whoever has connected is answered, whoever comes later refused.

gunicorn's own threaded worker stops accepting at once but keeps its listeners open until its last request is
answered: who connects meanwhile, or waits in the listeners' queue, is reset, and a proxy cannot know whether
a POST was carried out. Here the master first turns new connections away (:func:`turn_away`), then each worker
empties the queue and closes its listeners (:class:`DrainingWorker`).
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import time
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


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Takes in who waits in the listeners' queue before it ends."""

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
