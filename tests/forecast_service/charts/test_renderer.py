"""The drawing process: beside the workers, and one for all threads."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from forecast_service.charts import renderer
from forecast_service.charts.renderer import Drawer, DrawerBusy, DrawingFailed

pytestmark = pytest.mark.slow

ORDERS = json.loads((Path(__file__).parent / "orders.json").read_text(encoding="utf-8"))
ORDER = ORDERS["count"] | {"theme": "light", "width": 320, "form": "svg"}


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    """A drawer of its own."""
    drawer = Drawer()
    yield drawer
    drawer.shared.close()


def test_threads_share_the_process_and_get_their_own_charts(drawer: Drawer) -> None:
    widths = [280, 300, 320, 340, 360, 380, 400, 420]
    found: dict[int, bytes] = {}

    def ask(width: int) -> None:
        found[width] = drawer.draw(ORDER | {"width": width}).body

    threads = [threading.Thread(target=ask, args=(width,)) for width in widths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [f'width="{width}"' in found[width].decode() for width in widths] == [True] * len(widths)


def test_two_processes_draw_the_same_bytes(drawer: Drawer) -> None:
    first = drawer.draw(ORDER)
    drawer.shared.close()
    assert drawer.draw(ORDER) == first


def test_a_chart_that_cannot_be_drawn_fails_alone(drawer: Drawer) -> None:
    with pytest.raises(DrawingFailed, match="KeyError"):
        drawer.draw(ORDER | {"picture": "nonsense"})
    assert drawer.draw(ORDER).body


def test_a_drawing_process_that_hangs_is_ended_and_the_client_told(
    client: FlaskClient, drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "DRAW_S", 0.01)
    with pytest.raises(DrawerBusy):
        drawer.draw(ORDER)
    monkeypatch.setattr("forecast_service.services.charts.drawer", drawer)
    refused = client.get("/v1/track-record/reliability.svg?width=333")
    assert (refused.status_code, refused.json["type"].rsplit(":", 1)[1]) == (503, "drawing-busy")
    assert refused.headers["Retry-After"]


def test_a_request_that_waits_too_long_is_told(drawer: Drawer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "WAIT_S", 0.01)  # the process takes longer to start
    with pytest.raises(DrawerBusy):
        drawer.draw(ORDER)


def test_the_service_imports_no_drawing_library() -> None:
    code = (
        "import sys, forecast_service as f; from forecast_service.settings import Settings; f.create_app(Settings());"
        "import forecast_service.server.worker;"
        "print(*sorted({m.split('.')[0] for m in sys.modules} & {'altair', 'vl_convert'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""


def test_an_address_in_a_specification_is_not_fetched() -> None:
    from forecast_service.charts.render import render

    specification = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": "x",
        "data": {"url": "http://127.0.0.1:9/rows.json"},
        "mark": "point",
        "encoding": {"x": {"field": "a", "type": "quantitative"}},
    }
    with pytest.raises(ValueError, match="allowed"):
        render(specification, "svg")
