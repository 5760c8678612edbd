"""What a process that answers the workers' questions runs; imports the standard library alone."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from forecast_service.processes import end_with_parent

_QUESTION_S, _TAKE_S = 5.0, 10
"""How long a caller may take to ask once it has its turn, and to take each part of the answer (s)."""


def answer_questions(answer: Callable[[bytes], bytes], idle_s: float) -> None:
    """Answer the questions of :class:`forecast_service.shared_process.caller.SharedProcess`, which starts the process.

    The first argument of the command is the number of the socket to listen on. The process ends when nobody has asked
    for ``idle_s``, when who started it ends, and when an answer takes longer than its caller said.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches this process too; its parent ends it
    end_with_parent(os.getppid(), lambda: os._exit(0))
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        listener.settimeout(idle_s)
        while True:
            try:
                caller, _ = listener.accept()
            except TimeoutError:
                return
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _TAKE_S, 0))
            with Connection(caller.detach()) as line, suppress(EOFError, OSError):  # the caller may have gone
                line.send_bytes(b"begun")  # the caller has its turn
                if line.poll(_QUESTION_S):
                    _answer_one(line, answer)


def _answer_one(line: Connection, answer: Callable[[bytes], bytes]) -> None:
    asked = line.recv_bytes()
    (limit_s,) = struct.unpack("d", asked[:8])
    signal.setitimer(signal.ITIMER_REAL, limit_s)  # ends the process even while a library holds the interpreter's lock
    try:
        reply = answer(asked[8:])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    line.send_bytes(reply)
