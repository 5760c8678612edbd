"""A process for tests of shared processes: it answers with its id, after what the question says."""

from __future__ import annotations

import os
import signal
import time

from forecast_service.shared_process.answering import answer_questions

IDLE_S = 5.0


def answer(question: bytes) -> bytes:
    """``end`` ends the process, ``hang`` has no answer, a number is the answer's size; else the question and the id."""
    if question == b"end":
        os.kill(os.getpid(), signal.SIGKILL)
    while question == b"hang":
        time.sleep(1)
    return bytes(int(question)) if question.isdigit() else question + b" %d" % os.getpid()


if __name__ == "__main__":
    answer_questions(answer, IDLE_S)
