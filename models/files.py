"""Files that are there whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of ``path`` at the end of the block; of a failed one nothing stays."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            yield file
            file.flush()
        except BaseException:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(path)


def write_atomically(path: Path, text: str) -> None:
    """Write a file, and its folder if there is none; readable for all, as other replicas may run as another user."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text.encode())
        Path(file.name).chmod(0o644)
