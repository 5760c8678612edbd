"""The static site behind a server of plain files, in a browser: numbers, pictures, and nothing that fails."""

from __future__ import annotations

import functools
import http.client
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import expect

from forecast_service.cli.site_addresses import Scope
from forecast_service.cli.site_crawl import crawl
from tests.forecast_service.dashboard.conftest import Opening, settled, shot
from tests.forecast_service.dashboard.test_looks import violations

ALLIES = frozenset({"DEU", "POL"})
SCENARIOS = frozenset({"baseline", "stall"})


class Files(SimpleHTTPRequestHandler):
    """Sends files, and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """No line for a request."""


@pytest.fixture(scope="module")
def files(open_app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site on a server that knows nothing of it, below a folder as on many hosts."""
    root = tmp_path_factory.mktemp("host")
    (root / "nato").mkdir()
    open_app.config["STATIC_SITE"] = True
    try:
        at = "https://example.org/nato/"
        written = crawl(open_app, Scope(SCENARIOS, ALLIES), root / "nato", at, 2, lambda *_: None)
    finally:
        del open_app.config["STATIC_SITE"]
    assert written.broken == {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=root))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/nato/"
    server.shutdown()
    thread.join()
    server.server_close()


class Links(HTMLParser):
    """Collects what a page links to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.names: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and (name in {"href", "src", "srcset"} or re.fullmatch("data-(light|dark)-[a-z]+", name)):
                self.found.add(value)
            if value and name == "id":
                self.names.add(value)


def test_every_link_is_answered(files: str) -> None:
    host = urlsplit(files)
    connection = http.client.HTTPConnection(host.hostname or "", host.port or 0)
    seen, waiting, fragments = {files}, [files], set()
    names: dict[str, set[str]] = {}
    while waiting:
        address = waiting.pop()
        connection.request("GET", urlsplit(address).path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, address
        if "html" in answer.headers["Content-Type"]:
            page = Links(body.decode())
            names[address] = page.names
            for link in page.found:
                target, _, fragment = urljoin(address, link).partition("#")
                if fragment:
                    fragments.add((target, fragment))
                if target.startswith(files) and target not in seen:
                    seen.add(target)
                    waiting.append(target)
                assert target.startswith((files, "https://")), (address, link)
    connection.close()
    kinds = {address.rsplit(".", 1)[-1] for address in seen}
    assert {"html", "svg", "png", "json", "csv", "css", "js"} <= kinds
    assert len([address for address in seen if address.endswith(".html")]) > 20
    assert [(target, name) for target, name in fragments if target in names and name not in names[target]] == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_reader_goes_from_the_alliance_to_an_ally_and_a_scenario(
    opened: Opening, files: str, width: int, scheme: str
) -> None:
    page = opened(files, width=width, scheme=scheme)
    settled(page)
    assert violations(page) == []
    shot(page, f"static-alliance-{scheme}")
    page.locator("table.allies").get_by_role("link", name="Germany").click()
    expect(page.locator("h1")).to_have_text("Germany")
    assert page.url == f"{files}countries/DEU/index.html"
    before = page.locator(".number").first.inner_text()
    assert re.fullmatch(r"\d+\s%", before)
    assert page.locator("form, [data-slider]").count() == 0
    card = page.locator("meta[property='og:image']").get_attribute("content") or ""
    assert page.request.get(card.replace("https://example.org/nato/", files)).ok, card
    settled(page)
    assert violations(page) == []
    shot(page, f"static-country-{scheme}")
    page.goto(f"{files}countries/DEU/stall/index.html")
    assert page.locator(".number").first.inner_text() != before
    page.go_back()
    expect(page.locator(".number").first).to_have_text(before)
    assert page.seen.failed == []  # type: ignore[attr-defined]


def test_the_theme_is_chosen_and_its_pictures_are_there(opened: Opening, files: str) -> None:
    page = opened(files)
    toggle = page.locator("[data-theme-toggle]")
    toggle.click()
    toggle.click()
    settled(page)
    assert any(url.endswith("ranking-core-dark-760.svg") for url in page.seen.requests)  # type: ignore[attr-defined]
    page.get_by_role("link", name="Method").first.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.seen.failed == []  # type: ignore[attr-defined]
