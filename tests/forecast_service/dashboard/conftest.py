"""The page in a real browser: Debian's Chromium, driven by Playwright, before the application in a thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from tests.deploy.support.host import need
from tests.support.callers import key, keyed
from tests.support.service import DRAWS, FIT_TIMEOUT_S

PREFIX = "/forecasting"
SHOTS = Path(os.environ.get("SCREENSHOTS") or Path(__file__).parents[3] / "var" / "screenshots")
PATIENCE_MS = 30_000


class Quiet(WSGIRequestHandler):
    """Keeps werkzeug's own line of each request out of the tests' output."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the application has a log of its own."""


class Gateway:
    """What a gateway does before the service: strips the prefix, and says so in headers that only it may set."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if not path.startswith(f"{PREFIX}/"):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"not under the prefix"]
        environ["PATH_INFO"] = path.removeprefix(PREFIX)
        environ |= {"HTTP_X_FORWARDED_PREFIX": PREFIX, "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
        environ |= {"HTTP_X_FORWARDED_HOST": environ["HTTP_HOST"], "HTTP_X_FORWARDED_PROTO": "http"}
        return self.app(environ, start_response)


def whole(app: Any) -> Any:
    """``app`` with answers that hold no file open: werkzeug's server closes none if the browser resets at its end."""

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        pieces = app(environ, start_response)
        try:
            return [b"".join(pieces)]
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    return answer


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The address of ``app`` on a free port, until the block is left."""
    server = make_server("127.0.0.1", 0, whole(app), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _moved(before: float, after: float, **parts: float) -> dict[str, Any]:
    every = dict.fromkeys(("figures", "growth", "plans", "model"), 0.001) | parts
    return {"before": before, "after": after, "standard_error": 0.005, "parts": every}


CHANGES = [
    {"code": "BEL", "change": _moved(0.3, 0.26, figures=-0.04), "reason": None},
    {"code": "DEU", "change": _moved(0.1, 0.47, plans=0.21, figures=0.16), "reason": None},
    {"code": "ISL", "change": None, "reason": "Iceland has no armed forces"},
]
"""Why forecasts moved from nato-2025 to nato-2026, as if it were computed: that takes minutes."""


@pytest.fixture(scope="package", autouse=True)
def changes() -> Iterator[None]:
    """No page starts to compute why forecasts moved, and of two vintages it is known."""
    name = "forecast_service.forecasting.vintage_change_task"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{name}.start", lambda *_: None)
        patch.setattr(f"{name}.saved", lambda _, a, b: CHANGES if (a, b) == ("nato-2025", "nato-2026") else None)
        yield


@pytest.fixture(scope="package")
def open_app(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application that lets everyone in, with a database of its own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('page')}/page.sqlite"
    app = create_app(
        Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, database_url=url, log_level="warning")
    )
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture(scope="package")
def site(open_app: Flask) -> Iterator[str]:
    """Its address. What is fitted and imported once is, so that what tests measure is the page."""
    open_app.test_client().get("/")
    with listening(open_app) as address:
        yield address


@dataclass(frozen=True)
class Guarded:
    """The application behind a gateway's prefix, asking for keys."""

    address: str
    reader: str
    writer: str


@pytest.fixture(scope="package")
def guarded(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The same behind a gateway's prefix, with keys of one who may read and one who may save."""
    app = keyed(state_dir, tmp_path_factory.mktemp("guarded"), trusted_proxies=1, log_level="warning")
    keys = [key(app, "alice", *scopes)["X-API-Key"] for scopes in (["read"], ["read", "write"])]
    with listening(Gateway(app)) as address:
        yield Guarded(address + PREFIX, *keys)
    app.extensions[EXTENSION].close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here; ended with them, since its event loop must not outlive them in this thread."""
    need("chromium-headless-shell", packages=("chromium-headless-shell", "fonts-liberation"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Seen:
    """What a page did behind its reader's back."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if _is_complaint(line) else None)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("response", lambda response: self.failed.append(response.status) if response.status >= 400 else None)


def _is_complaint(line: Any) -> bool:
    # That an answer was an error is a line of its own; tests that cause one look at what the page then says.
    return line.type in {"error", "warning"} and "Failed to load resource" not in line.text


Opening = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opening]:
    """Opens pages in contexts of their own; afterwards none may have complained, or asked anyone else."""
    contexts: list[tuple[BrowserContext, Seen, str]] = []

    def open_one(address: str, *, width: int = 1280, scheme: Any = "light", **more: Any) -> Page:
        viewport: Any = {"width": width, "height": 900}
        context = chromium.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce", **more)
        context.set_default_timeout(PATIENCE_MS)
        page, seen = context.new_page(), Seen()
        seen.watch(page)
        contexts.append((context, seen, address))
        page.seen = seen  # type: ignore[attr-defined]
        page.goto(address)
        return page

    yield open_one
    for context, seen, address in contexts:
        context.close()
        origin = "/".join(address.split("/")[:3])
        assert seen.errors == []
        assert [url for url in seen.requests if not url.startswith((origin, "data:", "blob:"))] == []


def settled(page: Page) -> None:
    """Wait until every picture is there: each is asked for once it comes near the window."""
    end = time.monotonic() + PATIENCE_MS / 1000
    for image in page.locator(".picture img").all():
        image.scroll_into_view_if_needed()
        # Not wait_for_function: it evaluates text, which the page's policy forbids.
        while not image.evaluate("image => image.complete && image.naturalWidth > 1 && !image.dataset.pending"):
            assert time.monotonic() < end, "a picture did not come"
            page.wait_for_timeout(50)
    page.evaluate("scrollTo(0, 0)")


def shot(page: Page, name: str) -> Path:
    """A picture of the whole page, kept where CI takes it from."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    file = SHOTS / f"{name}.png"
    page.screenshot(path=str(file), full_page=True)
    return file
