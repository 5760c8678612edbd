"""Answers of the service. Properties return the most used values; ``document`` is the whole JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Document = dict[str, Any]
Component = Literal["core", "related", "total"]


@dataclass(frozen=True)
class Forecast:
    """How likely one ally meets the targets."""

    document: Document
    """The whole answer as JSON."""

    @property
    def id(self) -> str:
        """A hash of everything that determines the numbers."""
        return str(self.document["id"])

    def probability(
        self, component: Component = "core", when: Literal["at_deadline", "by_deadline", "held"] = "at_deadline"
    ) -> float | None:
        """Probability of meeting the target, 0 to 1; None where it does not apply (core and total of Iceland)."""
        target = next(target for target in self.document["targets"] if target["component"] == component)
        return float(target["probability"][when]) if target["probability"] else None


@dataclass(frozen=True)
class SavedScenario:
    """One version of a scenario; ``etag``, for changes and deletion, is empty for shipped scenarios."""

    document: Document
    etag: str

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def version(self) -> int:
        """Number of this version, from 1; 0 for shipped scenarios."""
        return int(self.document.get("version", 0))


@dataclass(frozen=True)
class Sweep:
    """The state of a sweep."""

    document: Document

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def status(self) -> str:
        """queued, running, done, cancelled or failed."""
        return str(self.document["status"])

    @property
    def progress(self) -> float:
        """The fraction done, 0 to 1."""
        return float(self.document["progress"])

    @property
    def finished(self) -> bool:
        """Whether the sweep is done, cancelled or failed."""
        return self.status not in {"queued", "running"}


Row = Document
"""One evaluation of a sweep: country, targets, point, values, core, related, total, core_median_pct, failure."""
