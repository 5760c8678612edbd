"""Readers of the publishers' files, one per source. ``import_checks`` checks the figures later."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from models.dataset.importers.base import BadFile, Content, Parsed

READERS: Mapping[str, str] = {
    "nato": "nato",
    "sipri": "sipri",
    "weo": "weo",
    "worldbank": "worldbank",
    "csv": "tidy",
}
"""Source -> the module that reads its files, imported when it does."""


def read(source: str, content: Content) -> Parsed:
    """Read a file of ``source``, one of :data:`READERS`. Raises BadFile."""
    parsed: Parsed = import_module(f"{__name__}.{READERS[source]}").read(content)
    return parsed


__all__ = ["READERS", "BadFile", "Content", "Parsed", "read"]
