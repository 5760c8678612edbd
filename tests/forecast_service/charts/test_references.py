"""Every chart in SVG and PNG, light and dark, as it was when somebody looked at it.

``PICTURES_WRITE=1 pytest tests/forecast_service/charts/test_references.py`` draws the references anew: look at them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from forecast_service.charts.process import DRAW, draw
from tests.forecast_service.charts.images import chunks, pixels
from tests.support.vega_lite import check_specification

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
REFERENCES = HERE / "references"
ORDERS: dict[str, dict[str, Any]] = json.loads((HERE / "orders.json").read_text(encoding="utf-8"))
FAN = ORDERS["fan"]["documents"]
ORDERS["card"] = {"picture": "card", "documents": {name: FAN[name] for name in ("forecast", "component", "history")}}
ORDERS["alliance-card"] = {"picture": "alliance-card", "documents": ORDERS["count"]["documents"]}
CARDS = ("card", "alliance-card")
"""They have one size."""
IMPRINT = {"published": "2026-07-10", "address": "api.example/countries/DEU?scenario=border-war", "sipri": True}
WIDTHS = {"svg": 720, "png": 320}
# Of 255: text may be smoothed otherwise where a processor adds in another order.
FAR, MAY_BE_FAR = 32, 0.002

each_picture = pytest.mark.parametrize("name", ORDERS)
each_of_any_width = pytest.mark.parametrize("name", [name for name in ORDERS if name not in CARDS])
each_theme = pytest.mark.parametrize("theme", ["light", "dark"])


def drawn(name: str, theme: str, form: str, width: int | None = None) -> tuple[bytes, str]:
    how = {"theme": theme, "form": form, "width": width or WIDTHS.get(form, 720), "imprint": IMPRINT}
    return draw(ORDERS[name] | how)


def reference(name: str, theme: str, form: str, body: bytes) -> bytes:
    path = REFERENCES / f"{name}-{theme}.{form}"
    if os.environ.get("PICTURES_WRITE"):
        path.write_bytes(body)
    return path.read_bytes()


def test_every_picture_has_a_reference() -> None:
    assert {order["picture"] for order in ORDERS.values()} == set(DRAW)


@each_picture
@each_theme
def test_the_svg_is_the_reference(name: str, theme: str) -> None:
    body, _ = drawn(name, theme, "svg")
    assert body.decode() == reference(name, theme, "svg", body).decode(), "see the top of this file"


@each_picture
@each_theme
def test_the_png_is_the_reference(name: str, theme: str) -> None:
    body, finding = drawn(name, theme, "png")
    now, before = pixels(body), pixels(reference(name, theme, "png", body))
    assert now.shape == before.shape == ((630, 1200, 4) if name in CARDS else (now.shape[0], 640, 4))
    assert np.mean(np.abs(now - before).max(axis=2) > FAR) <= MAY_BE_FAR, "see the top of this file"
    assert (b"iTXt", b"Description\0\0\0en\0\0" + finding.encode()) in chunks(body)


def test_a_changed_picture_is_noticed() -> None:
    one, other = (pixels(drawn("fan", theme, "png")[0]) for theme in ("light", "dark"))
    assert np.mean(np.abs(one - other).max(axis=2) > FAR) > 0.5


@each_of_any_width
@pytest.mark.parametrize("width", [280, 1600])
def test_the_specification_is_valid_and_holds_its_data(name: str, width: int) -> None:
    body, finding = drawn(name, "light", "vl.json", width)
    specification = json.loads(body)
    check_specification(specification)
    assert specification["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")
    assert specification["description"] == finding
    assert specification["width"] + specification["padding"]["left"] + specification["padding"]["right"] == width
    assert '"url"' not in body.decode()
    assert "NaN" not in body.decode()


@each_of_any_width
@pytest.mark.parametrize("width", [280, 1600])
def test_an_svg_is_as_wide_as_asked_and_one_image_with_its_alt_text(name: str, width: int) -> None:
    body, finding = drawn(name, "dark", "svg", width)
    root = ElementTree.fromstring(body)  # noqa: S314  our own
    assert (root.get("width"), root.get("role"), root.get("aria-label")) == (str(width), "img", finding)
    assert root[0].tag.endswith("title")
    assert root[0].text == finding
    assert not [child for child in root.iter() if child is not root and (child.get("role") or child.get("aria-label"))]
    # So that a strict Content-Security-Policy does no harm.
    assert not [child for child in root.iter() if child.get("style") or child.tag.endswith(("style", "script"))]
    written = "".join(root.itertext())
    document = next(iter(ORDERS[name]["documents"].values()))
    assert document["vintage"] in written
    plain = " ".join(" ".join(root.itertext()).replace("\N{NO-BREAK SPACE}", " ").split())
    assert f"model {document['model_version']}" in plain
    # So that a picture that is passed on can be credited, dated and found again.
    assert "Source: NATO and SIPRI" in plain
    assert "published 2026-07-10" in plain
    assert "not to be sold or used in advertising." in plain
    assert "api.example" in plain
