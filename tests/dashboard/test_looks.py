"""How the page looks and weighs: at three widths, light and dark, for everyone, on paper; kept as pictures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.dashboard.conftest import SHOTS, Opening, settled, shot

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
    "track-record": "/track-record",
    "method": "/method",
    "sources": "/sources",
    "not-found": "/countries/XYZ",
}
WIDTHS = {"wide": 1280, "tablet": 820, "phone": 390}
# Everything that is in one of the three; pictures are slow to draw, so each view is not taken in all six.
LOOKS = [("wide", "light"), ("wide", "dark"), ("phone", "light"), ("phone", "dark"), ("tablet", "light")]
MOST_BYTES = 1_000_000


def violations(page: Any) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{it['id']}: {it['help']}: {[node['html'][:120] for node in it['nodes'][:3]]}" for it in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    opened: Opening, site: str, name: str, scheme: str
) -> None:
    page = opened(site + VIEWS[name], scheme=scheme)
    for details in page.locator("details").all():
        details.evaluate("it => { it.open = true; }")
    assert violations(page) == []
    for width in WIDTHS.values():
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
    assert violations(page) == [], "at the narrowest too"


@pytest.mark.parametrize(("width", "scheme"), LOOKS, ids=["-".join(look) for look in LOOKS])
def test_every_view_is_taken(opened: Opening, site: str, width: str, scheme: str) -> None:
    page = opened(site, width=WIDTHS[width], scheme=scheme)
    for name, address in VIEWS.items():
        page.goto(site + address)
        settled(page)
        assert shot(page, f"{name}-{width}-{scheme}").stat().st_size > 20_000
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) < 150) == (scheme == "dark")


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
  new PerformanceObserver((list) => {}).observe({ type: "layout-shift", buffered: true });
  const shifts = performance.getEntriesByType("layout-shift");
  const entries = [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")];
  resolve({
    first_paint_ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    requests: entries.length,
    bytes: entries.reduce((sum, it) => sum + (it.encodedBodySize || it.decodedBodySize), 0),
    pictures_ms: entries.filter((it) => it.name.includes(".svg?")).map((it) => it.responseEnd),
    origins: [...new Set(entries.map((it) => new URL(it.name).origin))],
    shift: shifts.reduce((sum, it) => sum + it.value, 0),
  });
})"""


@pytest.mark.parametrize("name", ["alliance", "country", "compare", "track-record"])
def test_it_is_light_and_paints_before_its_pictures(opened: Opening, site: str, name: str) -> None:
    page = opened(site + VIEWS[name])
    settled(page)
    figures = page.evaluate(MEASURE)
    SHOTS.mkdir(parents=True, exist_ok=True)
    (SHOTS / f"figures-{name}.json").write_text(json.dumps(figures, indent=1))
    assert figures["bytes"] < MOST_BYTES
    assert figures["requests"] <= 16
    assert figures["origins"] == [site]
    assert figures["first_paint_ms"] < min(figures["pictures_ms"]), "it waited for a picture"
    assert figures["shift"] < 0.1, "what is read moved"
