"""What a reader on a slow connection waits for: bytes on the wire and the first contentful paint of two pages.

``python -m benchmarks.speed.first_paint [PATH ...]``: the service under gunicorn on 127.0.0.1, Chromium with an empty
cache and the network of slow 3G. Ends with exit code 1 if a page needs more than the bounds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.speed.hosts import ROOT, service

PAGES = ("/", "/countries/ESP")
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
"""Latency in ms, rates in bytes a second."""
REPEATS = 5
MOST_KB, MOST_S = 100, 2.5
CHROMIUM = "/usr/bin/chromium-headless-shell"
VIEWPORT = {"width": 390, "height": 844}


def visit(browser: Browser, address: str) -> tuple[float, float, int]:
    """Kilobytes on the wire with headers, seconds to the first contentful paint, and the number of requests."""
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW_3G)
        sizes: list[float] = []
        session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto(address, wait_until="networkidle", timeout=120_000)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        return sum(sizes) / 1000, paint / 1000, len(sizes)
    finally:
        context.close()


def main(paths: list[str]) -> int:
    """Print a line for each page; 1 if one needs more than the bounds."""
    above = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "fits").symlink_to(ROOT / "var" / "fits")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with service(Path(folder)) as host:
            for path in paths or PAGES:
                for _ in range(4):  # both workers have computed it
                    host.get(path)
                seen = [visit(browser, f"http://127.0.0.1:{host.port}{path}") for _ in range(REPEATS)]
                size, paint, requests = (statistics.median(column) for column in zip(*seen, strict=True))
                above += size > MOST_KB or paint > MOST_S
                print(f"{path}: {size:.0f} KB in {requests:.0f} requests, first contentful paint {paint:.2f} s")
        browser.close()
    print(f"bounds: {MOST_KB} KB, {MOST_S} s; slow 3G, cold cache, median of {REPEATS}")
    return min(above, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
