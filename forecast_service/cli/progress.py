"""The progress of a command on standard error, if that is a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def progress_bar(*columns: str | ProgressColumn, quiet: bool = False) -> Progress:
    """A bar that vanishes at its end; none if ``quiet`` or if nobody watches."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
