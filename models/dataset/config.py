"""Which panel this process serves: the allies, or an operator's own (FORECAST_PANEL).

The lists of countries, the default targets and the contract follow from it, so it is settled before anything else is
loaded, by the environment, and is the same for all that the process does.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLE = "FORECAST_PANEL"
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class BadPanel(ValueError):
    """The operator's panel cannot be served; the message says what is wrong with which file."""


@dataclass(frozen=True)
class Served:
    """A panel.

    Attributes
    ----------
    folder : where its tables are.
    own : whether it is an operator's.
    vintage : what its figures are called.
    figures : what they are called in a sentence.
    core_target, deadline : the default target of the one component with figures, % of GDP, and its year.
    """

    folder: Path
    own: bool = False
    vintage: str = "nato-2026"
    figures: str = "NATO's figures"
    core_target: float = 3.5
    deadline: int = 2035


def served(environment: dict[str, str] | None = None) -> Served:
    """The panel that the environment asks for; the allies' if it asks for none.

    Raises
    ------
    BadPanel
    """
    folder = (os.environ if environment is None else environment).get(VARIABLE, "")
    if not folder:
        return Served(Path(__file__).parents[1] / "data")
    file = Path(folder) / "panel.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        target = found["target"]
        panel = Served(
            Path(folder),
            own=True,
            vintage=str(found["vintage"]),
            figures=str(found["figures"]),
            core_target=float(target["share_pct"]),
            deadline=int(target["year"]),
        )
    except OSError as error:
        raise BadPanel(f"{VARIABLE}: {file} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadPanel(f"{VARIABLE}: {file}: {type(error).__name__} {error}; see docs/panel.md") from None
    if not (_NAME.fullmatch(panel.vintage) and _YEAR.search(panel.vintage)) or panel.vintage.startswith("nato"):
        raise BadPanel(f"{VARIABLE}: {file}: vintage must be a name with its year, such as rd-2025, and not NATO's")
    if not 0 < panel.core_target <= 100 or not 2000 <= panel.deadline <= 2060:
        raise BadPanel(f"{VARIABLE}: {file}: target must have share_pct above 0 and year up to 2060")
    for name in ("members", "core_share", "sources"):
        if not (Path(folder) / f"{name}.csv").is_file():
            raise BadPanel(f"{VARIABLE}: {folder} has no {name}.csv")
    return panel


SERVED = served()
