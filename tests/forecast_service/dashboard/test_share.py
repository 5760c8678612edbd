"""What other sites show of a page: previews of links, and frames; and the gallery of scenarios."""

from __future__ import annotations

import html
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from playwright.sync_api import expect
from werkzeug.wrappers import Response

from forecast_service.store.database import EXTENSION
from models.scenarios.builtin import named_scenarios
from tests.forecast_service.dashboard.conftest import Guarded, Opening, listening, shot
from tests.support.callers import SCENARIO, key, keyed

pytestmark = pytest.mark.slow


Guarding = tuple[Flask, dict[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def guarding(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarding]:
    """A service that asks for keys, and the keys of two who may save."""
    app = keyed(state_dir, tmp_path_factory.mktemp("share"), log_level="error")
    yield app, key(app, "ann", "read", "write"), key(app, "ben", "read", "write")
    app.extensions[EXTENSION].close()


def preview(page: str) -> dict[str, str]:
    """The properties that previews of links are made of."""
    found = re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)">', page)
    return {name: html.unescape(content) for name, content in found}


@pytest.mark.parametrize("query", ["", "?scenario=stall&deadline=2030&component=total", "?scenario=stall&theme=dark"])
def test_the_preview_of_the_alliance_says_what_the_page_says(client: FlaskClient, query: str) -> None:
    page = client.get(f"/{query}").text
    found = preview(page)
    tally = client.get(f"/v1/alliance/forecast{query.replace('&theme=dark', '').replace('&component=total', '')}").json
    place = 2 if "total" in query else 0
    count = tally["targets"][place]["at_deadline"]
    assert found["og:title"] == f"{count['median']} of {count['allies']} allies"
    assert found["og:description"].startswith(found["og:title"])
    assert found["og:image:alt"] == found["og:description"]
    assert found["og:url"] == f"http://localhost/{query}"
    assert found["twitter:card"] == "summary_large_image"
    picture = urlsplit(found["og:image"])
    assert (picture.scheme, picture.netloc) == ("http", "localhost")
    drawn = client.get(f"{picture.path}?{picture.query}")
    size = struct.unpack(">II", drawn.data[16:24])
    assert size == (int(found["og:image:width"]), int(found["og:image:height"])) == (1200, 630)


def card_of(app: Flask, address: str) -> str:
    """The address of the picture for the preview of an ally's page."""
    from forecast_service.dashboard import charts, page_state

    with app.test_request_context(address):
        return charts.card(page_state.read(), "ESP")


def test_the_preview_of_own_levers_has_a_picture_of_them(app: Flask, client: FlaskClient) -> None:
    plain, own = (urlsplit(card_of(app, f"/countries/ESP?{query}")) for query in ("scenario=stall", "cap=1&theme=dark"))
    assert (plain.path, plain.query) == ("/v1/countries/ESP/card.png", "scenario=stall&component=core")
    drawn = client.get(f"{own.path}?{own.query}")
    assert struct.unpack(">II", drawn.data[16:24]) == (1200, 630)
    assert b"probability of < 1 %" in drawn.data
    assert b"under the scenario own levers" in drawn.data
    assert client.get("/countries/ESP/own-card.png?cap=x").status_code == 422


def test_the_code_to_copy_holds_the_address_as_html_writes_it(app: Flask) -> None:
    with app.test_request_context("/"):
        made = render_template_string(
            '{% from "dashboard/_share.html" import embed_code %}'
            '{{ embed_code("https://a.example/embed/ESP?cap=2&from=2028", "Spain, \\"stall\\"") }}'
        )
    shown = re.search("<code>(.*?)</code>", made, re.DOTALL)
    assert shown
    code = html.unescape(shown[1])
    assert code.startswith(
        '<iframe src="https://a.example/embed/ESP?cap=2&amp;from=2028" title="Spain, &#34;stall&#34;"'
    )
    assert code.endswith("</iframe>")


EMBEDS = ("/embed", "/embed?scenario=stall&component=total", "/embed/ESP", "/embed/esp?theme=dark&cap=2", "/embed/ISL")


@pytest.mark.parametrize("address", EMBEDS)
def test_the_small_view_may_be_framed_and_does_nothing_but_show(client: FlaskClient, address: str) -> None:
    found = client.get(address)
    assert found.status_code == 200
    assert "X-Frame-Options" not in found.headers
    policy = found.headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors *")
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert found.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not re.search("<(script|form|button|input)", found.text)
    assert re.search("(?i)<!doctype html>", found.text)
    links = re.findall("<a [^>]+>", found.text)
    assert links
    assert all('target="_blank" rel="noopener"' in link for link in links), (
        "a click must not load the page in the frame"
    )
    for picture in re.findall('(?:srcset|src)="([^"]+)"', found.text):
        assert client.get(html.unescape(picture)).mimetype == "image/svg+xml"


def test_the_small_view_says_what_the_full_page_says_and_links_to_it(client: FlaskClient) -> None:
    page = html.unescape(client.get("/embed/NOR?scenario=stall&deadline=2031").text).replace("\u00a0", " ")
    p = client.get("/v1/countries/NOR/forecast?scenario=stall&deadline=2031").json["targets"][0]["probability"]
    assert f"{100 * p['at_deadline']:.0f} %" in page
    assert "scenario: Stall" in page
    assert 'href="http://localhost/countries/NOR?' in page
    assert "deadline=2031" in page
    assert "own assumptions" in client.get("/embed/NOR?cap=2").text


def test_everything_else_refuses_to_be_framed(client: FlaskClient) -> None:
    for address in ("/", "/countries/ESP", "/scenarios", "/v1/countries", "/docs"):
        found = client.get(address)
        assert found.headers["X-Frame-Options"] == "DENY", address
        assert "frame-ancestors 'none'" in found.headers["Content-Security-Policy"], address


def test_a_frame_says_what_is_wrong(client: FlaskClient, guarding: Guarding) -> None:
    unknown = client.get("/embed/XXX")
    assert unknown.status_code == 404
    assert "frame-ancestors *" in unknown.headers["Content-Security-Policy"]
    wrong = client.get("/embed/ESP?cap=x")
    assert wrong.status_code == 422
    app, ann, _ = guarding
    locked = app.test_client().get("/embed/ESP")
    assert "A key is needed" in locked.text
    assert "%" not in locked.text
    assert "about" in app.test_client().get("/embed/ESP", headers=ann).text


def test_another_site_frames_the_small_view_alone(opened: Opening, site: str) -> None:
    shown = (("/embed/ESP?scenario=stall", 320), ("/embed", 600), ("/countries/ESP", 300))
    frames = "".join(f'<iframe src="{site}{path}" width="{width}" height="700"></iframe>' for path, width in shown)
    other = Response(f"<!doctype html><title>Another site</title><body>{frames}</body>", mimetype="text/html")
    with listening(other) as elsewhere:
        page = opened(elsewhere)
        page.wait_for_load_state("networkidle")
        ally, alliance, whole = page.frames[1:]
        assert "%" in ally.locator(".number").inner_text()
        assert "of 31 allies" in alliance.locator(".in-words").inner_text()
        for frame in (ally, alliance):
            assert frame.locator("img").evaluate("image => image.complete && image.naturalWidth > 1")
            assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert whole.url.startswith("chrome-error:")
        shot(page, "embedded")
        seen = page.seen  # type: ignore[attr-defined]
        assert ["frame-ancestors" in line for line in seen.errors] == [True]
        # That a page frames another site is what this test is about.
        seen.errors.clear()
        seen.requests.clear()


def test_the_gallery_has_every_shipped_scenario_with_what_it_does(client: FlaskClient) -> None:
    page = html.unescape(client.get("/scenarios?country=ESP").text)
    for name, scenario in named_scenarios().items():
        assert scenario.direction in page
        assert f"/countries/ESP?scenario={name}" in page or name == "baseline"
        assert f"/?scenario={name}" in page or name == "baseline"
    sections = dict(re.findall(r'<h2 id="h-kind-\d">([^<]+)</h2>(.*?)</section>', page, re.DOTALL))
    assert list(sections) == ["For any ally", "About Europe", "About a few allies"]
    titles = {label: re.findall("<h3>([^<]+)", part) for label, part in sections.items()}
    assert titles["About Europe"] == ["Border war", "Euro debt crisis", "US withdrawal"]
    assert titles["About a few allies"] == ["Reluctance", "Spain exemption"]
    few = client.get("/scenarios?q=border").text
    assert re.findall("<h3>([^<]+)", few) == ["Border war"]
    assert client.get("/scenarios?country=nowhere").status_code == 404


def test_a_caller_finds_its_own_and_the_public_ones_page_by_page(guarding: Guarding) -> None:
    app, ann, ben = guarding
    client = app.test_client()
    for number in range(14):
        made = client.post(
            "/v1/scenarios", headers=ann, json=SCENARIO | {"name": f"plan {number}", "public": number == 3}
        )
        assert made.status_code == 201
    assert "plan 3" not in client.get("/scenarios").text, "it needs a key"
    page = client.get("/scenarios", headers=ann).text
    mine = re.findall(r'<li class="card" data-scenario.*?<h3>([^<]+)', page, re.DOTALL)
    assert mine == [f"plan {number}" for number in range(13, 1, -1)]
    older = re.search('<a href="([^"]+mine=[^"]+)#h-mine">Older ones', page)
    assert older
    rest = client.get(html.unescape(older[1]), headers=ann).text
    assert re.findall(r'<li class="card" data-scenario.*?<h3>([^<]+)', rest, re.DOTALL) == ["plan 1", "plan 0"]
    others = client.get("/scenarios", headers=ben).text
    assert "data-rename" not in others
    assert re.findall("<h3>(plan[^<]+)", others) == ["plan 3"]
    assert "Only you can read it" in page
    assert client.get("/scenarios?mine=x", headers=ann).status_code == 422


def test_a_reader_renames_and_deletes_their_own(opened: Opening, guarded: Guarded) -> None:
    page = opened(f"{guarded.address}/countries/ESP")
    page.get_by_label("Key").fill(guarded.writer)
    page.get_by_role("button", name="Show the page").click()
    expect(page.locator("h1")).to_have_text("Spain")
    for name in ("first", "second"):
        made = page.evaluate(
            """([address, key, body]) => fetch(address, {method: "POST", body: JSON.stringify(body),
               headers: {"Content-Type": "application/json", "X-API-Key": key}}).then((answer) => answer.status)""",
            [f"{guarded.address}/v1/scenarios", guarded.writer, SCENARIO | {"name": name}],
        )
        assert made == 201
    page.goto(f"{guarded.address}/scenarios")
    # The ally that was looked at last is the one that scenarios are opened for.
    expect(page.get_by_label("Open them for")).to_have_value("ESP")
    told = page.locator("[data-gallery-told]")
    page.get_by_role("button", name="Rename first").click()
    field = page.get_by_label("New name").locator("visible=true")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Rename first")).to_be_focused()
    page.keyboard.press("Enter")
    field.fill("renamed")
    page.keyboard.press("Enter")
    expect(told).to_have_text("Renamed to “renamed”.")
    expect(page.get_by_role("button", name="Rename renamed")).to_be_focused()
    shot(page, "gallery")
    # Another window has changed it: nothing is deleted unseen.
    stale = page.locator("[data-scenario]", has_text="second")
    stale.evaluate("card => { card.dataset.version = '7'; }")
    stale.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(told).to_contain_text("changed in the meantime")
    page.reload()
    page.get_by_role("button", name="Delete second").click()
    expect(page.get_by_role("heading", name="Delete “second”?")).to_be_visible()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete second")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete it").click()
    expect(told).to_have_text("Deleted “second”.")
    expect(page.get_by_role("button", name="Delete renamed")).to_be_focused()
    expect(page.locator("[data-scenario]")).to_have_count(1)


def test_a_reader_who_may_not_write_is_told(opened: Opening, guarded: Guarded) -> None:
    page = opened(f"{guarded.address}/scenarios")
    page.get_by_label("Key").fill(guarded.reader)
    page.get_by_role("button", name="Show the page").click()
    expect(page.get_by_role("heading", name="Yours")).to_be_visible()
    if page.get_by_role("button", name="Delete").count():
        page.get_by_role("button", name="Delete").first.click()
        page.get_by_role("button", name="Delete it").click()
        expect(page.locator("[data-gallery-told]")).to_contain_text("may read but not change")


def test_a_download_with_a_key_has_the_name_that_the_service_gives(opened: Opening, guarded: Guarded) -> None:
    page = opened(f"{guarded.address}/countries/ESP?scenario=stall")
    page.get_by_label("Key").fill(guarded.reader)
    page.get_by_role("button", name="Show the page").click()
    expect(page.locator("h1")).to_have_text("Spain")
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert saved.value.suggested_filename == "spain-forecast-2035-stall-nato-2026.csv"
