"""Writing files: a reader sees the old file or the whole new one, and an error names the file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PART = ".part"
"""The end of the names of files that are still being written."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError in the block name ``path`` if it names no file, as after a failed write, or a temporary one."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename).endswith(PART):
            error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that replaces ``path`` at the end of the block. If anything fails, nothing of it stays.

    Raises OSError, which names ``path``.
    """
    part = None
    with naming(path):
        try:
            # Closed before it replaces: some file systems report a full disk only then.
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=PART, delete=False) as file:
                part = Path(file.name)
                yield file
            part.replace(path)
        except BaseException:
            if part is not None:
                part.unlink(missing_ok=True)
            raise


def write_atomically(path: Path, text: str) -> None:
    """Write a file, and its folder if there is none. All users may read it: replicas may run as different users."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text.encode())
        Path(file.name).chmod(0o644)


def trouble(folder: Path) -> str | None:
    """The operating system's message if no file can be written in the folder; else None."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))  # a full disk often still takes an empty file
            file.flush()
    except OSError as error:
        return error.strerror
    return None
