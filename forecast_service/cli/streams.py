"""The standard streams, made so that no terminal and no closed stream can end a command with a traceback."""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

import click

OUTPUT_FAULTS = frozenset({errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF})
"""The faults of standard output: the reader has gone, the disk is full, the terminal has gone, it is closed."""


def prepare() -> None:
    """Open the streams that are closed, and let every stream replace the characters that it cannot encode.

    The streams are opened anew, with a buffer: under PYTHONUNBUFFERED=1 Python drops the rest of what the system takes
    only in part, without an error.
    """
    # Otherwise the next file opened takes the number of the closed stream, and output goes into that file. What is
    # written to standard output still fails, because it is opened for reading; messages to nobody are dropped.
    for number, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
    sys.stdout, sys.stderr = _opened(1, sys.stdout), _opened(2, sys.stderr)


def _opened(number: int, before: TextIO | None) -> TextIO:
    """The stream ``number``, with the encoding that Python chose for it; None is a closed one."""
    encoding = None if before is None else before.encoding
    return open(number, "w", buffering=1, encoding=encoding, errors="replace", closefd=False)


def emit(text: str) -> None:
    """Print JSON or CSV, which is UTF-8 on every terminal, since programs read it."""
    click.echo(text.encode(), nl=False)


def drop_output() -> None:
    """Drop what standard output did not take, so that the interpreter does not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
