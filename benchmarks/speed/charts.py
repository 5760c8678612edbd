"""The cost of charts, drawn and cached: median times as multiples of those of the same answers as JSON.

``python -m benchmarks.speed.charts``. Times are wall time, because another process draws. The ratios hold on other
machines, the times do not.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.charts.renderer import drawer
from forecast_service.http.answers import EXTENSION
from forecast_service.settings import Settings

ROUNDS = 15
PICTURES = {
    "fan": ("/v1/countries/DEU/forecast", "/v1/countries/DEU/forecast"),
    "waterfall": ("/v1/countries/DEU/waterfall", "/v1/countries/DEU/forecast"),
    "tornado": ("/v1/countries/DEU/sensitivity", "/v1/countries/DEU/sensitivity"),
    "ranking": ("/v1/alliance/ranking", "/v1/alliance/forecast"),
    "heatmap": ("/v1/alliance/heatmap", "/v1/alliance/forecast"),
    "count": ("/v1/alliance/count", "/v1/alliance/forecast"),
    "reliability": ("/v1/track-record/reliability", "/v1/track-record"),
}
SCENARIO = {"waterfall": "recession-fixed-money"}


def p50(ask: Callable[[], object], before: Callable[[], None] = lambda: None) -> float:
    """Median seconds of ``ask``; ``before`` runs ahead of each call and is not measured."""
    taken = []
    for _ in range(ROUNDS):
        before()
        begun = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def get(client: FlaskClient, path: str) -> bytes:
    """The body of a successful answer."""
    response = client.get(path)
    assert response.status_code == 200, response.text  # noqa: S101
    return response.data


def resident_mib(process: int) -> float:
    """Memory of a process, MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(state_dir=Path(folder), log_level="error"))
        client = app.test_client()

        def forget() -> None:
            app.extensions[EXTENSION].answers.clear()

        begun = time.perf_counter()
        get(client, "/v1/track-record/reliability.svg")
        started = time.perf_counter() - begun
        print("picture      form         KB  drawn ms  cached ms  drawn/JSON  cached/JSON")
        for name, (picture, figures) in PICTURES.items():
            scenario = f"scenario={SCENARIO[name]}&" if name in SCENARIO else ""
            get(client, f"{figures}?{scenario}" if scenario else figures)  # fits are made once
            json = f"{figures}?{scenario}" if scenario else figures
            json_made, json_kept = p50(partial(get, client, json), forget), p50(partial(get, client, json))
            for form in ("svg", "png", "vl.json"):
                ask = partial(get, client, f"{picture}.{form}?{scenario}")
                made, kept, size = p50(ask, forget), p50(ask), len(ask()) / 1000
                print(
                    f"{name:12} {form:8} {size:6.0f} {made * 1e3:9.1f} {kept * 1e3:10.2f} {made / json_made:11.1f} "
                    f"{kept / json_kept:12.1f}"
                )
        print(f"the very first chart, which starts the drawing process: {started * 1e3:.0f} ms")
        if drawer.shared.process:
            print(f"memory of the drawing process: {resident_mib(drawer.shared.process.pid):.0f} MiB")


if __name__ == "__main__":
    main()
