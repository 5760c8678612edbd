"""Readers of the publishers' own files, one a source. They read, and judge nothing: figures are checked later."""

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
"""By the name of the source: the module that reads its files, imported when it does."""


def read(source: str, content: Content) -> Parsed:
    """What a file of ``source``, one of :data:`READERS`, holds.

    Raises
    ------
    BadFile
    """
    parsed: Parsed = import_module(f"{__name__}.{READERS[source]}").read(content)
    return parsed


__all__ = ["READERS", "BadFile", "Content", "Parsed", "read"]
