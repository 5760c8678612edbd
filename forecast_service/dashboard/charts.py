"""Where the server draws the charts of a page. Every address is the public API's, or the page's own bridge to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import url_for

from forecast_service.dashboard.page_state import THEMES, State

WIDTHS = {"wide": 1120, "middle": 760, "narrow": 380}
"""Pixels that a chart is drawn for: narrow ones have fewer labels rather than smaller ones."""
HALF = {"wide": 560, "middle": 760, "narrow": 380}
"""The same where two stand side by side on a wide screen."""


@dataclass(frozen=True)
class Picture:
    """A chart in every variant the page asks for.

    Parameters
    ----------
    name : what it is, for scripts, styles and tests.
    address, query : of the SVG, without theme and width.
    half : whether it stands beside another.
    """

    name: str
    address: str
    query: dict[str, Any]
    half: bool = False

    @property
    def variants(self) -> dict[str, dict[str, str]]:
        """Theme to width (wide, middle, narrow) to address."""
        return {
            theme: {
                name: f"{self.address}?{urlencode(self.query | {'theme': theme, 'width': width})}"
                for name, width in (HALF if self.half else WIDTHS).items()
            }
            for theme in THEMES
        }


def _api(name: str, path: str, query: dict[str, Any], *, half: bool = False) -> Picture:
    return Picture(name, f"{url_for('docs.page').removesuffix('/docs')}/v1/{path}.svg", query, half)


def fan(state: State, code: str, *, extra: bool = True) -> Picture:
    """The fan of one ally: with the baseline as a ghost, and the overlays that were chosen; without ``extra`` a plain
    one that stands beside another."""
    query: dict[str, Any] = {"component": state.component}
    changed = bool(state.levers) or state.get("scenario") != "baseline"
    if extra and changed and state.get("ghost") == "1":
        query["ghost"] = "baseline"
    if extra and state.overlays:
        query["overlay"] = ",".join(state.overlays)
    if state.levers and extra:
        fields = {name: text for name, text in state.query().items() if name not in {"theme", "overlay", "ghost"}}
        return Picture("fan", url_for("dashboard.own_forecast", code=code, form="svg"), fields | query)
    return _api("fan", f"countries/{code}/forecast", state.passed | query, half=not extra)


def waterfall(state: State, code: str) -> Picture:
    """From the baseline to the scenario."""
    return _api("waterfall", f"countries/{code}/waterfall", state.passed | {"component": state.component})


def tornado(state: State, code: str) -> Picture:
    """What moves the probability most."""
    return _api("sensitivity", f"countries/{code}/sensitivity", state.passed | {"component": state.component})


def alliance(state: State, kind: str) -> Picture:
    """``ranking``, ``heatmap`` or ``count`` of all allies."""
    return _api(kind, f"alliance/{kind}", state.passed | {"component": state.component}, half=kind == "count")


def reliability() -> Picture:
    """What was said, and how often it happened."""
    return _api("reliability", "track-record/reliability", {}, half=True)
