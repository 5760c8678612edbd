"""Cards: legible at the size of a preview, whatever they say."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from forecast_service.charts import card
from forecast_service.charts import text as charts_text
from forecast_service.charts.process import draw
from forecast_service.charts.theme import Imprint
from tests.forecast_service.charts.test_references import IMPRINT, ORDERS
from tests.support.vega_lite import check_specification

pytestmark = pytest.mark.slow


def order(kind: str, p: float, name: str, component: str, country: str) -> dict[str, Any]:
    made = copy.deepcopy(ORDERS[kind])
    document = made["documents"]["forecast" if kind == "card" else "alliance"]
    made["documents"]["component"] = component
    document["scenario"]["name"] = name
    target = document["targets"][0]
    target["component"] = component
    if kind == "card":
        document["country"]["name"] = country
        target["probability"] = {"at_deadline": p}
        if component != "core":
            document["paths"][component] = document["paths"]["core"]
    return made | {"theme": "light", "width": 600, "form": "vl.json", "imprint": IMPRINT}


@pytest.mark.parametrize(("kind", "p"), [("alliance-card", 0), *(("card", p) for p in (0.0001, 0.03, 0.5, 0.9999))])
@pytest.mark.parametrize("name", ["baseline", "recession-fixed-money", "A long name of a scenario " * 3])
@pytest.mark.parametrize("component", ["core", "total"])
def test_no_text_leaves_the_card_or_runs_into_the_plot(kind: str, p: float, name: str, component: str) -> None:
    body, finding = draw(order(kind, p, name, component, "United Kingdom of Great Britain"))
    specification = json.loads(body)
    check_specification(specification)
    assert (specification["width"], specification["height"]) == (card.WIDTH, card.HEIGHT)
    assert finding == specification["description"]
    ends = []
    for layer in specification["layer"]:
        mark, place = layer["mark"], layer["encoding"]
        if mark["type"] != "text":
            continue
        lines = mark["text"] if isinstance(mark["text"], list) else [mark["text"]]
        for number, line in enumerate(lines):
            wide, x = charts_text.width(line, mark["fontSize"]), place["x"]["value"]
            y = place["y"]["value"] + number * mark.get("lineHeight", 0)
            left = {"left": x, "right": x - wide, "center": x - wide / 2}[mark["align"]]
            assert left > 0, line
            assert left + wide <= card.WIDTH - 5, line
            assert 10 < y < card.HEIGHT - 10, line
            ends.append((left, left + wide, y, mark["fontSize"], line))
    column = [
        (end, line) for left, end, y, _, line in ends if left == card.EDGE and card.PLOT_TOP < y < card.FOOT_AT - 16
    ]
    assert [line for end, line in column if end > card.PLOT_LEFT] == []
    for one in ends:
        for other in ends:
            if one is not other and one[0] < other[1] and other[0] < one[1]:
                assert abs(one[2] - other[2]) >= (one[3] + other[3]) * 0.45, (one[4], other[4])


def test_the_address_is_shortened_until_it_fits() -> None:
    imprint = Imprint(address="api.example/forecasting/countries/DEU?scenario=stall")
    found = [imprint.found_at(room, 10) for room in (400, 250, 100, 10)]
    assert found == [imprint.address, "api.example/forecasting/countries/DEU", "api.example", ""]
