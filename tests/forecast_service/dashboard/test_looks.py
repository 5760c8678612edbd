"""How the page looks and weighs: at three widths, light and dark, for everyone, on paper; kept as pictures."""

from __future__ import annotations

import json
import re
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
    "compare": "/compare?allies=DEU,POL,ESP,EST",
    "scenarios": "/scenarios",
    "embed": "/embed/DEU",
    "over-time": "/over-time",
    "track-record": "/track-record",
    "track-record-of-an-ally": "/track-record/DEU?origin=2015",
    "method": "/method",
    "sources": "/sources",
    "not-found": "/countries/XYZ",
}
IN_THE_DARK = ("alliance", "country", "own-levers", "compare", "track-record")
"""The views that are also looked at narrow and dark: between them they hold every part of the page."""
WIDTHS = {"wide": 1440, "tablet": 768, "phone": 390, "small": 320}
MOST_BYTES = 1_000_000
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
"""All of WCAG 2.2 AA, with targets of at least 24 px, which axe leaves out by default."""
SHEETS = 2
"""Of A4 paper, that an ally takes at most."""


def violations(page: Any) -> list[str]:
    # Of what passes axe would list every element, which takes longer than to look at them.
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
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


def test_axe_finds_nothing_while_a_reader_changes_things(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU", width=WIDTHS["phone"])
    page.get_by_text("More assumptions").click()
    page.locator("#slider-gdp").fill("-2")
    page.wait_for_url("**gdp=-2")
    page.get_by_role("slider", name="Read the chart year by year").press("ArrowLeft")
    assert violations(page) == []
    held: list[Route] = []
    page.route("**/live?*", lambda route: held.append(route) if not held else route.fulfill(status=429, body="no"))
    page.locator("#slider-gdp").fill("-3")
    expect(page.locator("[data-region=when]")).to_have_class(re.compile("behind"))
    assert held
    held[0].abort()
    expect(page.get_by_role("alert").filter(has_text="did not answer")).to_be_visible()
    assert violations(page) == []


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
    expect(toggle).to_have_accessible_name("Colours: Dark")
    assert toggle.inner_text().replace("◐", "").strip().endswith("Dark"), "who speaks the visible text, hits it"
    settled(page)
    assert any("theme=dark" in url for url in page.seen.requests)  # type: ignore[attr-defined]
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    toggle.click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme ?? ''") == "", "the system's colours stay chosen"
    page.goto(f"{site}/countries/DEU?theme=light")
    assert page.evaluate("document.documentElement.dataset.theme") == "light", "the address says which"


def ground(page: Any) -> int:
    """The sum of the colours of the ground: 765 is white."""
    return sum(map(int, page.evaluate("getComputedStyle(document.body).backgroundColor")[4:-1].split(",")))


@pytest.mark.parametrize("path", ["/countries/DEU", "/countries/FRA?scenario=stall", "/countries/ISL"])
def test_an_ally_is_printed_light_with_open_tables_on_two_sheets(opened: Opening, site: str, path: str) -> None:
    page = opened(site + path, scheme="dark")
    for _ in range(2):
        page.locator("[data-theme-toggle]").click()
    settled(page)
    assert ground(page) < 150
    page.emulate_media(media="print")
    assert ground(page) == 765
    for gone in (".nav", ".search", ".downloads", ".what-if", ".live-bar", "[data-theme-toggle]"):
        assert all(not it.is_visible() for it in page.locator(gone).all()), gone
    for table in page.locator("details table").all():
        assert table.is_visible()
    for image in page.locator(".picture img").all():
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert "invert" in image.evaluate("it => getComputedStyle(it).filter"), "the picture is a dark one"
    pdf = page.pdf(format="A4", print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) <= SHEETS


def contrast(page: Any, selector: str) -> float:
    """The contrast of the text of an element with the page's ground."""

    def luminance(colour: str) -> float:
        parts = [int(it) / 255 for it in re.findall(r"\d+", colour)[:3]]
        r, g, b = (it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    text = page.locator(selector).first.evaluate("it => getComputedStyle(it).color")
    one, other = luminance(text), luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_prefers_more_contrast_gets_it(opened: Opening, site: str, scheme: str) -> None:
    page = opened(f"{site}/countries/DEU", scheme=scheme)
    quiet, link = contrast(page, ".eyebrow"), contrast(page, ".skip + .top ~ main p a")
    page.emulate_media(contrast="more")
    assert contrast(page, ".eyebrow") > max(10, 1.3 * quiet)
    assert contrast(page, ".skip + .top ~ main p a") > max(8, link)
    settled(page)
    assert violations(page) == []
    shot(page, f"country-contrast-{scheme}")


def test_with_forced_colours_shapes_follow_them(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU", forced_colors="active")
    system = {
        name: page.evaluate(
            """(name) => {
              const probe = document.createElement("i");
              probe.setAttribute("hidden", "");
              document.body.append(probe);
              probe.style.setProperty("color", name);
              const found = getComputedStyle(probe).color;
              probe.remove();
              return found;
            }""",
            name,
        )
        for name in ("CanvasText", "Canvas", "Highlight")
    }
    colour = "(it, name) => getComputedStyle(it)[name]"
    assert page.locator(".bar-fill").first.evaluate(colour, "fill") == system["Highlight"]
    assert page.locator(".bar-room").first.evaluate(colour, "stroke") == system["CanvasText"]
    assert page.locator(".primary").first.evaluate(colour, "color") == system["Canvas"]
    assert page.locator(".primary").first.evaluate(colour, "forcedColorAdjust") == "none", "no plate behind its text"
    page.locator(".brand").focus()
    assert page.locator(".brand").evaluate(colour, "outlineStyle") == "solid"
    settled(page)
    shot(page, "country-forced")


SMALL = """() => [...document.querySelectorAll("a:not(svg a), button, input, select, summary")].filter((it) => {
  const { width, height } = it.getBoundingClientRect(), around = it.closest("p, li, dd, td, th, label");
  const inline = around && getComputedStyle(it).display === "inline";
  const within = inline && around.textContent.trim() !== it.textContent.trim();
  return it.checkVisibility() && width && !within && !it.classList.contains("skip") && Math.min(width, height) < 23.9;
}).map((it) => it.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_documentation(opened: Opening, site: str, scheme: str) -> None:
    page = opened(f"{site}/docs", width=390 if scheme == "dark" else 1280, scheme=scheme)
    for pixels in WIDTHS.values():
        page.set_viewport_size({"width": pixels, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= pixels, pixels
    assert page.evaluate(SMALL) == []
    # All of the 190 parts are made by the same few lines of the template; axe would take a minute for them.
    page.evaluate("document.querySelectorAll('.operation').forEach((it, n) => { if (n % 9) it.remove(); })")
    assert page.locator(".operation").count() > 15
    page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    assert violations(page) == []
    shot(page, f"docs-{scheme}")


@pytest.mark.parametrize("name", list(VIEWS))
def test_targets_have_at_least_24_pixels(opened: Opening, site: str, name: str) -> None:
    page = opened(site + VIEWS[name], width=390)
    for details in page.locator("details").all():
        details.evaluate("it => { it.open = true; }")
    assert page.evaluate(SMALL) == [], "all but links within a sentence, and the map's, which a table has too"


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
