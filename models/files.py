"""Atomic writes: a reader sees the old file or the whole new one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that replaces ``path`` at the end of the block, and is deleted if the block fails."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            yield file
            file.flush()
        except BaseException:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(path)


def write_atomically(path: Path, text: str) -> None:
    """Write a file, and its folder if there is none. All users may read it: replicas may run as different users."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text.encode())
        Path(file.name).chmod(0o644)
