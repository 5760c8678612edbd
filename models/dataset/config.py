"""A panel: which countries there are figures of, what the figures are called, and what is aimed at by default."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class BadPanel(ValueError):
    """The operator's panel cannot be used; the message says what is wrong with which file."""


@dataclass(frozen=True)
class PanelConfig:
    """A panel, as whoever uses the statistics passes it in; the allies' by default.

    Attributes
    ----------
    folder : where its tables are.
    own : whether it is an operator's.
    vintage : what its newest figures are called.
    figures : what they are called in a sentence.
    core_target, deadline : the default target of the one component with figures, % of GDP, and its year.
    """

    folder: Path = Path(__file__).parents[1] / "data"
    own: bool = False
    vintage: str = "nato-2026"
    figures: str = "NATO's figures"
    core_target: float = 3.5
    deadline: int = 2035

    @property
    def vintages(self) -> tuple[str, ...]:
        """The bundled vintages whose table of shares is whole, oldest first."""
        return (self.vintage,) if self.own else ("nato-2019", "nato-2025", self.vintage)

    @property
    def first_year(self) -> int:
        """The first year of the publisher's own series; what is earlier is joined to it."""
        return 0 if self.own else 2014

    @property
    def gni_break(self) -> tuple[str, int]:
        """NATO moved Luxembourg's denominator from GDP to gross national income with the year 2023."""
        return ("", 0) if self.own else ("LUX", 2023)

    @property
    def counts_related(self) -> bool:
        """Whether related spending is counted: it is the allies' own invention."""
        return not self.own


ALLIES = PanelConfig()


def read_panel(folder: Path) -> PanelConfig:
    """An operator's own panel, from the ``panel.json`` and the tables in ``folder`` (docs/panel.md).

    Raises
    ------
    BadPanel
    """
    file = folder / "panel.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        target = found["target"]
        panel = PanelConfig(
            folder,
            own=True,
            vintage=str(found["vintage"]),
            figures=str(found["figures"]),
            core_target=float(target["share_pct"]),
            deadline=int(target["year"]),
        )
    except OSError as error:
        raise BadPanel(f"{file} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadPanel(f"{file}: {type(error).__name__} {error}; see docs/panel.md") from None
    if not (_NAME.fullmatch(panel.vintage) and _YEAR.search(panel.vintage)) or panel.vintage.startswith("nato"):
        raise BadPanel(f"{file}: vintage must be a name with its year, such as rd-2025, and not NATO's")
    if not 0 < panel.core_target <= 100 or not 2000 <= panel.deadline <= 2060:
        raise BadPanel(f"{file}: target must have share_pct above 0 and year up to 2060")
    for name in ("members", "core_share", "sources"):
        if not (folder / f"{name}.csv").is_file():
            raise BadPanel(f"{folder} has no {name}.csv")
    return panel
