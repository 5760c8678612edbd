"""The file that a command writes: checked before the command works, replaced as a whole at its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from models.files import naming, replacing, trouble


class OutputFile(click.ParamType[Path]):
    """A file to write, in a folder that takes files; ``suffixes`` are those that its name may have.

    A device or a pipe may have any name.
    """

    name = "file"

    def __init__(self, *suffixes: str) -> None:
        self._suffixes = suffixes

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if path.is_dir():
            self.fail(f"{value} is a folder", param, ctx)
        if not _is_special(path):
            if path.suffix.lower() not in self._suffixes:
                self.fail(f"{value} must end in {' or '.join(self._suffixes)}", param, ctx)
            if why := trouble(_target(path).parent):
                raise click.ClickException(f"{value}: {why}")
        return path


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that replaces ``path`` at the end of the block; ``path`` stays as it was if the block fails.

    A device or a pipe is written directly. Of a link the target is replaced. Raises OSError, which names the file.
    """
    if _is_special(path):
        with naming(path), path.open("wb") as file:
            yield file
        return
    target = _target(path)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    with replacing(target) as file:
        yield file
        os.fchmod(file.fileno(), mode)


def _target(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises RuntimeError at a circle of links


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
