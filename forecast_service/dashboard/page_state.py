"""What the address of a page says: the whole state, read from the query and written into every link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from forecast_service.dashboard import lever_form
from models.dataset.countries import COMPONENTS
from models.scenarios.targets import HAGUE_DEADLINE

PASSED = ("scenario", "deadline", "core", "related", "origin", "vintage")
"""What goes on to the API as it is: the API says what is wrong with it."""

MAX_OVERLAYS = 3
USUAL = {"scenario": "baseline", "deadline": str(HAGUE_DEADLINE), "component": "core", "wanted": "0.8", "ghost": "1"}
THEMES = ("light", "dark")


@dataclass(frozen=True)
class State:
    """The query of a page, cleaned of what is empty or usual.

    Parameters
    ----------
    fields : name to text; ``overlay`` apart.
    overlays : names or ids of scenarios drawn over the chart.
    """

    fields: dict[str, str]
    overlays: tuple[str, ...]

    def get(self, name: str) -> str:
        """The text of a field, the usual one if it is not given."""
        return self.fields.get(name, USUAL.get(name, ""))

    @property
    def passed(self) -> dict[str, str]:
        """The question that the API takes as a query."""
        return {name: self.fields[name] for name in PASSED if name in self.fields}

    @property
    def shared(self) -> dict[str, str]:
        """The question that all allies can be asked: what remains when another ally is chosen."""
        return {name: self.fields[name] for name in (*PASSED, "component", "theme") if name in self.fields}

    @property
    def deadline(self) -> int:
        """The deadline's year; the usual one where the text is no year, which the API refuses anyway."""
        text = self.get("deadline")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else HAGUE_DEADLINE

    @property
    def component(self) -> str:
        """The tab that is shown."""
        asked = self.get("component")
        return asked if asked in COMPONENTS else "core"

    @property
    def theme(self) -> str | None:
        """Light or dark where the address says so."""
        asked = self.fields.get("theme")
        return asked if asked in THEMES else None

    @property
    def levers(self) -> list[tuple[str, dict[str, Any]]]:
        """The reader's own levers, each with the name of its field."""
        return lever_form.levers(self.fields, self.deadline)

    def without_levers(self) -> State:
        """The same without the reader's own levers."""
        fields = {name: text for name, text in self.fields.items() if name not in lever_form.FIELDS}
        return State(fields, self.overlays)

    def query(self, **changes: Any) -> dict[str, Any]:
        """The query of this state with some fields changed; None, or what is usual, takes one out."""
        fields: dict[str, Any] = self.fields | {"overlay": ",".join(self.overlays)} | changes
        return {
            name: value for name, value in fields.items() if value not in (None, "") and str(value) != USUAL.get(name)
        }

    def link(self, endpoint: str, path: dict[str, Any] | None = None, **changes: Any) -> str:
        """The address of a page with this state, changed."""
        return url_for(f"dashboard.{endpoint}", **(path or {}), **self.query(**changes))


def read() -> State:
    """The state that the present request asks for."""
    known = (*PASSED, *lever_form.FIELDS, "component", "wanted", "ghost", "theme", "sort", "a", "b")
    given = {name: request.args[name].strip() for name in known if request.args.get(name, "").strip()}
    fields = {name: text for name, text in given.items() if text != USUAL.get(name)}
    listed = ",".join(request.args.getlist("overlay")).split(",")
    overlays = tuple(dict.fromkeys(name.strip() for name in listed if name.strip()))[:MAX_OVERLAYS]
    return State(fields, overlays)
