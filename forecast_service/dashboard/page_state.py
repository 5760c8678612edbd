"""The state of a page: read from the query of its address and written into every link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from forecast_service.dashboard import lever_form
from models.dataset.countries import COMPONENTS
from models.scenarios.targets import HAGUE_DEADLINE

PASSED = ("scenario", "deadline", "core", "related", "rule", "origin", "vintage")
"""Fields passed to the API unchanged; the API validates them."""

MAX_OVERLAYS = 3
MAX_ALLIES = 4
USUAL = {"scenario": "baseline", "deadline": str(HAGUE_DEADLINE), "component": "core", "wanted": "0.8", "ghost": "1"}
THEMES = ("light", "dark")


@dataclass(frozen=True)
class State:
    """The query of a page, without fields that are empty or have their default.

    Parameters
    ----------
    fields : text by name, without ``overlay`` and ``allies``.
    overlays : names or ids of scenarios in the chart.
    allies : names or codes of the allies that are compared.
    """

    fields: dict[str, str]
    overlays: tuple[str, ...]
    allies: tuple[str, ...] = ()

    def get(self, name: str) -> str:
        """The text of a field, or its default."""
        return self.fields.get(name, USUAL.get(name, ""))

    @property
    def passed(self) -> dict[str, str]:
        """The fields for the API's query."""
        return {name: self.fields[name] for name in PASSED if name in self.fields}

    @property
    def plain(self) -> dict[str, str]:
        """The fields for the API's query, of the same question in the baseline."""
        return {name: text for name, text in self.passed.items() if name != "scenario"}

    @property
    def shared(self) -> dict[str, str]:
        """The fields that stay when the reader chooses another ally."""
        return {name: self.fields[name] for name in (*PASSED, "component", "theme") if name in self.fields}

    @property
    def deadline(self) -> int:
        """The deadline's year; the default if the text is no year, which the API refuses."""
        text = self.get("deadline")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else HAGUE_DEADLINE

    @property
    def component(self) -> str:
        """The selected tab."""
        asked = self.get("component")
        return asked if asked in COMPONENTS else "core"

    @property
    def theme(self) -> str | None:
        """The theme in the address; None if there is none."""
        asked = self.fields.get("theme")
        return asked if asked in THEMES else None

    @property
    def levers(self) -> list[tuple[str, dict[str, Any]]]:
        """The reader's own levers, each with the name of its field."""
        return lever_form.levers(self.fields, self.deadline)

    def without_levers(self) -> State:
        """This state without the reader's own levers."""
        fields = {name: text for name, text in self.fields.items() if name not in lever_form.FIELDS}
        return State(fields, self.overlays, self.allies)

    def query(self, **changes: Any) -> dict[str, Any]:
        """The query of this state with changed fields; without those that are None or the default."""
        listed = {"overlay": ",".join(self.overlays), "allies": ",".join(self.allies)}
        fields: dict[str, Any] = self.fields | listed | changes
        return {
            name: value for name, value in fields.items() if value not in (None, "") and str(value) != USUAL.get(name)
        }

    def link(self, endpoint: str, path: dict[str, Any] | None = None, **changes: Any) -> str:
        """The address of a page with this state and some changed fields."""
        return url_for(f"dashboard.{endpoint}", **(path or {}), **self.query(**changes))


def read() -> State:
    """The state in the current request's query."""
    known = (*PASSED, *lever_form.FIELDS, "component", "wanted", "ghost", "theme", "sort", "a", "b")
    given = {name: request.args[name].strip() for name in known if request.args.get(name, "").strip()}
    fields = {name: text for name, text in given.items() if text != USUAL.get(name)}
    return State(fields, _listed("overlay")[:MAX_OVERLAYS], _listed("allies")[:MAX_ALLIES])


def _listed(field: str) -> tuple[str, ...]:
    """The names that a field lists, each once: separated by commas, or as several fields of a form."""
    names = ",".join(request.args.getlist(field)).split(",")
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
