"""How the page looks and weighs: at three widths, light and dark, for everyone, on paper; kept as pictures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from tests.forecast_service.dashboard.conftest import SHOTS, Opening, settled, shot

VIEWS = {
    "alliance": "/",
    "allies": "/countries",
    "country": "/countries/DEU",
    "scenario": "/countries/DEU?scenario=national-plan&component=total&overlay=stall,trend",
    "own-levers": "/countries/DEU?cap=3&gdp=-2&overlay=stall",
    "contradiction": "/countries/DEU?cap=2&floor=3",
    "no-forces": "/countries/ISL",
    "sensitivity": "/countries/DEU/sensitivity",
    "compare": "/compare?a=DEU&b=POL",
    "over-time": "/over-time",
    "track-record": "/track-record",
    "track-record-of-an-ally": "/track-record/DEU?origin=2015",
    "method": "/method",
    "sources": "/sources",
    "not-found": "/countries/XYZ",
}
IN_THE_DARK = ("alliance", "country", "own-levers", "compare", "track-record")
"""The views that are also looked at narrow and dark: between them they hold every part of the page."""
WIDTHS = {"wide": 1280, "tablet": 820, "phone": 390}
MOST_BYTES = 1_000_000


def violations(page: Any) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{it['id']}: {it['help']}: {[node['html'][:120] for node in it['nodes'][:3]]}" for it in found]


# Colours do not depend on the width: the widest window and the narrowest show both.
@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [(name, "wide", "light") for name in VIEWS] + [(name, "phone", "dark") for name in IN_THE_DARK],
)
def test_every_view_is_taken_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    opened: Opening, site: str, name: str, width: str, scheme: str
) -> None:
    page = opened(site + VIEWS[name], width=WIDTHS[width], scheme=scheme)
    settled(page)
    assert shot(page, f"{name}-{width}-{scheme}").stat().st_size > 20_000
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 150) == (scheme == "dark")
    for details in page.locator("details").all():
        details.evaluate("it => { it.open = true; }")
    assert violations(page) == []
    for pixels in WIDTHS.values():
        page.set_viewport_size({"width": pixels, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= pixels, pixels


def test_a_long_name_makes_no_view_wider_than_the_window(
    opened: Opening, site: str, request: pytest.FixtureRequest
) -> None:
    page = opened(f"{site}/method")
    long = {"name": "W" * 96, "description": "W" * 500, "levers": [{"type": "cap", "share_pct": 3}], "public": True}
    kept = page.request.post(f"{site}/v1/scenarios", data=long)
    assert kept.status == 201
    identifier = kept.json()["id"]
    request.addfinalizer(lambda: page.request.delete(f"{site}/v1/scenarios/{identifier}", headers={"If-Match": "*"}))
    for view in ("/", "/countries/DEU", "/countries/DEU/sensitivity", "/compare"):
        for query in (f"?scenario={identifier}", f"?scenario={identifier}&floor=1&overlay={identifier}"):
            page.goto(f"{site}{view}{query}")
            for width in WIDTHS.values():
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (view, query, width)


def test_colours_can_be_chosen_and_stay_chosen(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    toggle = page.locator("[data-theme-toggle]")
    toggle.click()
    toggle.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert toggle.get_attribute("aria-label") == "Colours: dark"
    settled(page)
    assert any("theme=dark" in url for url in page.seen.requests)  # type: ignore[attr-defined]
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    toggle.click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme ?? ''") == "", "the system's colours stay chosen"
    page.goto(f"{site}/countries/DEU?theme=light")
    assert page.evaluate("document.documentElement.dataset.theme") == "light", "the address says which"


def test_on_paper_there_are_figures_and_no_controls(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    settled(page)
    page.emulate_media(media="print")
    assert page.locator(".number").is_visible()
    for gone in (".nav", ".search", ".downloads", "[data-theme-toggle]"):
        assert not page.locator(gone).first.is_visible(), gone
    shot(page, "country-print")


MEASURE = """() => new Promise((resolve) => {
  const entries = [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")];
  const found = {
    first_contentful_paint_ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    requests: entries.length,
    bytes: entries.reduce((sum, it) => sum + (it.encodedBodySize || it.decodedBodySize), 0),
    origins: [...new Set(entries.map((it) => new URL(it.name).origin))],
    layout_shift: 0,
  };
  new PerformanceObserver((list) => {
    found.layout_shift += list.getEntries().reduce((sum, it) => sum + (it.hadRecentInput ? 0 : it.value), 0);
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(found), 200);
})"""


@pytest.mark.parametrize("name", ["alliance", "country", "compare", "track-record"])
def test_it_is_light_and_asks_nobody_else(opened: Opening, site: str, name: str) -> None:
    page = opened(site + VIEWS[name])
    settled(page)
    figures = page.evaluate(MEASURE)
    SHOTS.mkdir(parents=True, exist_ok=True)
    (SHOTS / f"figures-{name}.json").write_text(json.dumps(figures, indent=1))
    assert 10_000 < figures["bytes"] < MOST_BYTES
    assert figures["requests"] <= 16
    assert figures["origins"] == [site]
    assert figures["layout_shift"] < 0.1, "what is read moved"


def test_it_is_painted_before_any_picture_is_there(opened: Opening, site: str) -> None:
    page = opened(f"{site}/method")
    held: list[Route] = []
    free: list[bool] = []
    page.route("**/*.svg?*", lambda route: route.continue_() if free else held.append(route))
    page.goto(f"{site}/countries/DEU", wait_until="domcontentloaded")
    expect(page.locator(".number")).to_be_visible()
    page.wait_for_timeout(300)
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint').length") == 1
    assert held, "a picture was asked for, and is not there"
    free.append(True)
    for route in held:
        route.continue_()
    settled(page)
