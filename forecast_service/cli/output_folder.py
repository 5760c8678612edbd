"""The folder that a command writes: one that it made before, or a new or empty one; replaced as a whole at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click


def marker(command: str) -> str:
    """The name of the file by which ``command`` knows a folder that it made, and may replace."""
    return f".forecast-service-{command}"


def check(folder: Path, command: str) -> None:
    """Raise ClickException if ``folder`` holds something that ``command`` did not make."""
    if folder.exists() and any(folder.iterdir()) and not (folder / marker(command)).exists():
        raise click.ClickException(f"{folder} is not empty, and this command did not make it")


@contextmanager
def replacing(folder: Path, command: str) -> Iterator[Path]:
    """Yield a new folder that replaces ``folder`` at the end of the block; if the block fails, ``folder`` stays."""
    parent = folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{folder.name}-") as beside:
        made = Path(beside) / "new"
        made.mkdir()
        (made / marker(command)).write_text(
            f"Made by 'forecast-service {command}', which may replace this folder.\n", encoding="utf-8"
        )
        yield made
        if folder.exists():
            folder.rename(Path(beside) / "old")
        made.rename(folder)
