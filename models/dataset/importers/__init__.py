"""Readers of the publishers' own files, one a source. They read, and judge nothing: figures are checked later."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.dataset.importers import nato, sipri, tidy, weo, worldbank
from models.dataset.importers.base import BadFile, Content, Parsed

READERS: Mapping[str, Callable[[Content], Parsed]] = {
    "nato": nato.read,
    "sipri": sipri.read,
    "weo": weo.read,
    "worldbank": worldbank.read,
    "csv": tidy.read,
}
"""By the name of the source: what reads its files."""

__all__ = ["READERS", "BadFile", "Content", "Parsed"]
