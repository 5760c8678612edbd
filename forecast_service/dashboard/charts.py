"""Addresses of a page's charts: the public API's, or the page's own route for forecasts with the reader's levers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, url_for

from forecast_service.dashboard.page_state import THEMES, State

WIDTHS = {"wide": 1120, "middle": 760, "narrow": 380}
"""Widths (pixels) of charts. Narrow charts have fewer labels, not smaller ones."""
STATIC = {"wide": 760, "middle": 760, "narrow": 760}
"""Widths on a static site, which has one file of each chart and theme."""
FEW = ("ranking",)
"""The charts that a static site has for every scenario."""
HALF = {"wide": 560, "middle": 760, "narrow": 380}
"""Widths of two charts side by side; on screens that are not wide, one is below the other."""


@dataclass(frozen=True)
class Chart:
    """A chart in all themes and widths.

    Parameters
    ----------
    name : for scripts, styles and tests.
    address, query : address of the SVG, without theme and width.
    half : whether it is beside another chart.
    """

    name: str
    address: str
    query: dict[str, Any]
    half: bool = False

    @property
    def left_out(self) -> bool:
        """Whether a static site leaves it out: it has few charts for scenarios other than the baseline, and tables."""
        return bool(current_app.config.get("STATIC_SITE")) and "scenario" in self.query and self.name not in FEW

    @property
    def variants(self) -> dict[str, dict[str, str]]:
        """Addresses by theme, then width (wide, middle, narrow)."""
        widths = STATIC if current_app.config.get("STATIC_SITE") else HALF if self.half else WIDTHS
        return {
            theme: {
                name: f"{self.address}?{urlencode(self.query | {'theme': theme, 'width': width})}"
                for name, width in widths.items()
            }
            for theme in THEMES
        }


def _api(name: str, path: str, query: dict[str, Any], *, half: bool = False) -> Chart:
    return Chart(name, f"{url_for('docs.page').removesuffix('/docs')}/v1/{path}.svg", query, half)


def fan(state: State, code: str) -> Chart:
    """The fan of one ally, with the baseline and the chosen overlays."""
    query: dict[str, Any] = {"component": state.component}
    changed = bool(state.levers) or state.get("scenario") != "baseline"
    if changed and state.get("ghost") == "1":
        query["ghost"] = "baseline"
    if state.overlays:
        query["overlay"] = ",".join(state.overlays)
    if state.levers:
        return Chart("fan", url_for("dashboard.own_forecast", code=code, format="svg"), _own(state) | query)
    return _api("fan", f"countries/{code}/forecast", state.passed | query)


def card(state: State, code: str | None = None) -> str:
    """Where other sites find the picture for a preview of a link: of one ally, or of all. With scheme and host.

    Empty on a static site for other scenarios than the baseline.
    """
    if current_app.config.get("STATIC_SITE") and "scenario" in state.fields:
        return ""
    query = state.passed | {"component": state.component}
    if code is None:
        return url_for("alliance.get_alliance_card", format="png", _external=True, **query)
    if not state.levers:
        return url_for("forecasts.get_card", code=code, format="png", _external=True, **query)
    return url_for("dashboard.own_card", code=code, format="png", _external=True, **_own(state) | query)


def _own(state: State) -> dict[str, Any]:
    """The query of a forecast with the reader's own levers."""
    return {name: text for name, text in state.query().items() if name not in {"theme", "overlay", "ghost"}}


def tornado(state: State, code: str) -> Chart:
    """Which assumption moves the probability most."""
    return _api("sensitivity", f"countries/{code}/sensitivity", state.passed | {"component": state.component})


def alliance(state: State, kind: str) -> Chart:
    """``ranking``, ``heatmap`` or ``count`` of all allies."""
    return _api(kind, f"alliance/{kind}", state.passed | {"component": state.component}, half=kind == "count")


def reliability() -> Chart:
    """The frequency of outcomes by forecast probability."""
    return _api("reliability", "track-record/reliability", {}, half=True)
