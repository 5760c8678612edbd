"""Draws the images of the README, light and dark, and writes what they show beside them: ``make images``.

Charts come from the API, the page from Debian's Chromium. Fits are those of the state folder.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from urllib.parse import unquote

from flask import Flask
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from forecast_service import create_app

FOLDER = Path(__file__).parent
README = FOLDER.parents[1] / "README.md"
THEMES = ("light", "dark")
CHARTS = {"ranking": "/v1/alliance/ranking.svg", "fan": "/v1/countries/DEU/forecast.svg"}
PAGE = "The page: the alliance at a glance, and the allies with their probabilities"


def chart(app: Flask, path: str, theme: str) -> tuple[bytes, str]:
    """A chart as SVG, and its finding in a sentence."""
    answer = app.test_client().get(path, query_string={"theme": theme, "width": 720})
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status} {answer.text}")
    return answer.data, unquote(answer.headers["X-Alt-Text"])


def page(app: Flask, theme: str) -> bytes:
    """The upper part of the page as PNG."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 1200, "height": 760})
        window.goto(f"http://127.0.0.1:{server.port}/?theme={theme}", wait_until="networkidle")
        shot = window.screenshot()
        browser.close()
    server.shutdown()
    return shot


def element(name: str, suffix: str, alt: str) -> str:
    """An image of the README that follows the reader's theme."""
    at = f"docs/images/{name}"
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{at}-dark.{suffix}">'
        f'<img src="{at}-light.{suffix}" alt="{alt}"></picture>'
    )


def main() -> None:
    """Draw all images and name them in the README."""
    app, text = create_app(), README.read_text(encoding="utf-8")
    for name, path in CHARTS.items():
        for theme in THEMES:
            body, alt = chart(app, path, theme)
            (FOLDER / f"{name}-{theme}.svg").write_bytes(body)
        text = re.sub(rf"<picture>.*/{name}-.*</picture>", element(name, "svg", alt), text)
    for theme in THEMES:
        (FOLDER / f"page-{theme}.png").write_bytes(page(app, theme))
    README.write_text(re.sub(r"<picture>.*/page-.*</picture>", element("page", "png", PAGE), text), encoding="utf-8")


if __name__ == "__main__":
    main()
