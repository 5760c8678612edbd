"""What comes back: the parts that programs ask for most, and the whole document beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Document = dict[str, Any]
Component = Literal["core", "related", "total"]


@dataclass(frozen=True)
class Forecast:
    """How likely one ally meets the targets."""

    document: Document
    """The whole answer, as the contract describes it."""

    @property
    def id(self) -> str:
        """A hash of all that determines the numbers."""
        return str(self.document["id"])

    def probability(
        self, component: Component = "core", when: Literal["at_deadline", "by_deadline", "held"] = "at_deadline"
    ) -> float | None:
        """Probability that the target is met, 0 to 1; None where it does not apply (core and total of Iceland)."""
        target = next(target for target in self.document["targets"] if target["component"] == component)
        return float(target["probability"][when]) if target["probability"] else None


@dataclass(frozen=True)
class SavedScenario:
    """One version of a scenario, with the tag that a change to it must show; shipped ones have none."""

    document: Document
    etag: str

    @property
    def id(self) -> str:
        """What to ask for it by."""
        return str(self.document["id"])

    @property
    def version(self) -> int:
        """Number of this version, from 1; 0 of one that ships."""
        return int(self.document.get("version", 0))


@dataclass(frozen=True)
class Sweep:
    """How a sweep stands."""

    document: Document

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.document["id"])

    @property
    def status(self) -> str:
        """queued, running, done, cancelled or failed."""
        return str(self.document["status"])

    @property
    def progress(self) -> float:
        """The part that is done, 0 to 1."""
        return float(self.document["progress"])

    @property
    def finished(self) -> bool:
        """Whether no more rows will come."""
        return self.status not in {"queued", "running"}


Row = Document
"""One evaluation of a sweep: country, targets, point, values, core, related, total, core_median_pct, failure."""
