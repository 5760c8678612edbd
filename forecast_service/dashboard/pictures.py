"""Where the server draws the pictures of a page. Every address is the public API's, or the page's own bridge to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import url_for

from forecast_service.dashboard.state import THEMES, State

WIDE, NARROW = 760, 380
"""Pixels that a picture is drawn for; a narrow one for phones, with fewer labels rather than smaller ones."""


@dataclass(frozen=True)
class Picture:
    """A picture in every variant the page asks for.

    Parameters
    ----------
    name : what it is, for scripts and tests.
    address, query : of the SVG, without theme and width.
    ratio : width over height, so that its place is kept while it loads: wide and narrow.
    """

    name: str
    address: str
    query: dict[str, Any]

    def at(self, theme: str, width: int = WIDE) -> str:
        """The address of one variant."""
        return f"{self.address}?{urlencode(self.query | {'theme': theme, 'width': width})}"

    @property
    def variants(self) -> dict[str, dict[str, str]]:
        """Theme to the addresses of the wide and the narrow one."""
        return {theme: {"wide": self.at(theme), "narrow": self.at(theme, NARROW)} for theme in THEMES}


def _api(name: str, path: str, query: dict[str, Any]) -> Picture:
    return Picture(name, f"{url_for('docs.page').removesuffix('/docs')}/v1/{path}.svg", query)


def fan(state: State, code: str, *, extra: bool = True) -> Picture:
    """The fan of one ally: with the baseline as a ghost, and the overlays that were chosen."""
    query: dict[str, Any] = {"component": state.component}
    bent = bool(state.levers) or state.get("scenario") != "baseline"
    if extra and bent and state.get("ghost") == "1":
        query["ghost"] = "baseline"
    if extra and state.overlays:
        query["overlay"] = ",".join(state.overlays)
    if state.levers and extra:
        fields = {name: text for name, text in state.query().items() if name not in {"theme", "overlay", "ghost"}}
        return Picture("fan", url_for("dashboard.own_forecast", code=code, form="svg"), fields | query)
    return _api("fan", f"countries/{code}/forecast", state.passed | query)


def waterfall(state: State, code: str) -> Picture:
    """From the baseline to the scenario."""
    return _api("waterfall", f"countries/{code}/waterfall", state.passed | {"component": state.component})


def tornado(state: State, code: str) -> Picture:
    """What moves the probability most."""
    return _api("sensitivity", f"countries/{code}/sensitivity", state.passed | {"component": state.component})


def alliance(state: State, kind: str) -> Picture:
    """``ranking``, ``heatmap`` or ``count`` of all allies."""
    return _api(kind, f"alliance/{kind}", state.passed | {"component": state.component})


def reliability() -> Picture:
    """What was said, and how often it happened."""
    return _api("reliability", "track-record/reliability", {})
