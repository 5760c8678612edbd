"""How long a reader waits for number and chart while a slider moves.

``python -m benchmarks.speed.sliders [--changes 60] [--film FOLDER]``: the service under gunicorn on 127.0.0.1 and
Chromium. One change a second of a slider of an ally's page, from the input to the frame that shows the new number and
chart; median and 95th percentile in ms. Then ten key presses without a pause. Exit code 1 if the median needs more than
:data:`MOST_MS` or a press is lost. ``--film`` keeps a picture every 100 ms of a slider being dragged.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.speed.hosts import ROOT, service

ALLY = "/countries/ESP"
MOST_MS = 100
FRAMES, FRAME_MS = 20, 100
CHROMIUM = "/usr/bin/chromium-headless-shell"
CHANGE = """async (value) => {
  const slider = document.getElementById("slider-gdp");
  const shown = new Promise((resolve, reject) => {
    const drawn = () => requestAnimationFrame(() => resolve(performance.now()));
    document.addEventListener("page:drawn", drawn, { once: true });
    setTimeout(() => reject(new Error("nothing was drawn")), 10000);
  });
  slider.value = value;
  const begun = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  return (await shown) - begun;
}"""


def changes(page: Page, count: int) -> list[float]:
    """Milliseconds from input to the frame that shows the answer, for ``count`` changes, one a second."""
    taken = []
    for number in range(count):
        taken.append(page.evaluate(CHANGE, f"{-6 + number % 24 * 0.5:.1f}"))
        page.wait_for_timeout(max(0, 1000 - taken[-1]))
    return sorted(taken)


def presses(page: Page, count: int) -> float:
    """How many of ``count`` key presses without a pause the slider has counted."""
    page.goto(page.url.split("?")[0])
    page.locator("#slider-gdp").focus()
    for _ in range(count):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(1500)
    return -2 * float(page.locator("#lever-gdp").input_value())


def film(page: Page, folder: Path) -> None:
    """Drag the slider from its middle to its left end; keep the window every :data:`FRAME_MS`."""
    folder.mkdir(parents=True, exist_ok=True)
    page.goto(page.url.split("?")[0])
    box = page.locator("#slider-gdp").bounding_box()
    assert box is not None  # noqa: S101
    y, middle = box["y"] + box["height"] / 2, box["x"] + box["width"] / 2
    page.mouse.move(middle, y)
    page.mouse.down()
    for frame in range(FRAMES):
        page.mouse.move(middle - frame * box["width"] / 2 / FRAMES, y)
        page.wait_for_timeout(FRAME_MS)
        page.screenshot(path=folder / f"{frame:02}.png")
    page.mouse.up()


def main(arguments: list[str]) -> int:
    """Print the figures; 1 if they miss the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--film", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "fits").symlink_to(ROOT / "var" / "fits")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with service(Path(folder)) as host:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"http://127.0.0.1:{host.port}{ALLY}")
            changes(page, 3)
            taken = changes(page, options.changes)
            median, late = statistics.median(taken), taken[int(0.95 * len(taken))]
            counted = presses(page, 10)
            if options.film:
                film(page, options.film)
        browser.close()
    print(f"{options.changes} changes, one a second: median {median:.0f} ms, 95th percentile {late:.0f} ms")
    print(f"ten key presses without a pause: {counted:.0f} counted")
    return int(median > MOST_MS or counted != 10)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
