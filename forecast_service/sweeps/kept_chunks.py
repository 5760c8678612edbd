"""The finished chunks of a sweep on the command line, in a folder of the state until its rows are written."""

from __future__ import annotations

import hashlib
import shutil
import time
import zlib
from pathlib import Path

from models.files import replacing

DAY_S = 86_400


class KeptChunks:
    """The chunks of one sweep.

    The document holds all that determines a chunk, so the chunks of every earlier run with the same document are good.

    Parameters
    ----------
    folder : of all sweeps; chunks that are older than ``days`` are deleted.
    document : the sweep, as JSON.
    """

    def __init__(self, folder: Path, document: str, days: int) -> None:
        self.folder = folder / hashlib.sha256(document.encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)
        for other in folder.iterdir():
            if time.time() - other.stat().st_mtime > days * DAY_S and other != self.folder:
                shutil.rmtree(other, ignore_errors=True)

    def count(self) -> int:
        return sum(1 for _ in self.folder.glob("*.chunk"))

    def read(self, number: int) -> bytes | None:
        """The packed chunk; None if it is not kept, or damaged."""
        try:
            packed = self._file(number).read_bytes()
            zlib.decompress(packed)  # compares a checksum
        except (OSError, zlib.error):
            return None
        return packed

    def save(self, number: int, packed: bytes) -> None:
        """Keep a chunk. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)  # another run of the same sweep may have removed it
        with replacing(self._file(number)) as file:
            file.write(packed)

    def remove(self) -> None:
        """Delete the chunks, once the rows are written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number}.chunk"
