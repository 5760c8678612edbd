"""Extreme input that the contract allows, for every route, chart, table and page: never a 5xx, and numbers that can be.

``EXTREMES=200 pytest tests/forecast_service/test_extremes.py`` draws that many examples of each, other ones each time.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pyarrow.ipc
import pyarrow.parquet
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from werkzeug.test import TestResponse

from benchmarks.robustness.extremes import PAGES, Extremes, Known, Request, page
from forecast_service import create_app
from forecast_service.forecasting.registry import EXTENSION as REGISTRY
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from forecast_service.store.migrate import upgrade
from forecast_service.store.sweeps import Sweeps
from forecast_service.sweeps.worker import Worker
from models.analysis.sensitivity import MOST_LEVERS
from tests.support.contract import CheckedClient, contract_of
from tests.support.executors import InProcess
from tests.support.service import DRAWS, FIT_TIMEOUT_S

pytestmark = pytest.mark.slow

BY_HAND = int(os.environ.get("EXTREMES", "0"))
OTHERS = {"/docs", "/assets/", "/openapi.json", "/metrics"}
"""What takes no input beside the name of a file."""
FEWER = {
    "postVintage": 3,
    "postBatch": 3,
    "getCountChart": 5,
    "getHeatmapChart": 5,
    "getRankingChart": 5,
    "getAlliancePaths": 5,
    "getAlliancePathsTable": 5,
}
"""Operations of which fewer are drawn, since they take longer."""
MOST_EVALUATIONS = 200

PROBABILITIES = {
    "at_deadline", "by_deadline", "held", "on_track", "at_threshold", "across_members", "by_year", "asked", "reached",
    "at_low", "at_high", "distribution", "at_least",
}  # fmt: skip
CHANGES = {"difference", "change", "parts"}


def limited(examples: int) -> Any:
    """The settings of one property."""
    return settings(
        max_examples=BY_HAND or examples,
        derandomize=not BY_HAND,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def extreme_app(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application whose state is its own, and which starts nothing in the background."""
    folder = tmp_path_factory.mktemp("extremes")
    (folder / "fits").symlink_to((state_dir / "fits").resolve())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("forecast_service.forecasting.fit_missing.fit_in_background", lambda *_: None)
        patched.setattr("forecast_service.forecasting.vintage_change_task.start", lambda *_: None)
        app = create_app(Settings(state_dir=folder, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, open_sweeps=10_000))
        upgrade(app.extensions[EXTENSION].engine)
        yield app
        app.extensions[EXTENSION].close()


@pytest.fixture(scope="module")
def asking(extreme_app: Flask) -> CheckedClient:
    return CheckedClient(extreme_app, extreme_app.response_class)


@pytest.fixture(scope="module")
def work(extreme_app: Flask) -> Worker:
    """Computes sweeps in this process."""
    fits = extreme_app.extensions[REGISTRY].settings.state.fits
    return Worker(Sweeps(extreme_app.extensions[EXTENSION]), InProcess(), fits)


@pytest.fixture(scope="module")
def extremes(asking: CheckedClient, work: Worker) -> Extremes:
    """Strategies that know of a saved scenario with many levers, and of a sweep that is done."""
    levers = [{"type": "shock", "spread_factor": 5, "tails": 2}] * 50
    text = "\U0001f642" * 2000
    draft = {"name": text[:100], "description": text, "public": True}
    saved = [asking.post("/v1/scenarios", json=draft | {"levers": some}).json["id"] for some in (levers, [])]
    sweep = {"countries": ["DEU", "ISL"], "scenario": {"levers": levers[:1]}}
    swept = [asking.post("/v1/sweeps", json=sweep).json["id"] for _ in range(2)]
    work.run(once=True)
    lists = ("/v1/scenarios", "/v1/sweeps", f"/v1/sweeps/{swept[0]}/results")
    pages = [asking.get(path, query_string={"limit": 1}).json["next"] for path in lists]
    cursors = [parse_qs(urlsplit(page).query)["cursor"][0] for page in pages]
    return Extremes(contract_of(asking.application).document, Known(tuple(saved), tuple(swept), tuple(cursors)))


def send(client: CheckedClient, request: Request) -> TestResponse:
    how = {"json": request.body} if request.body is not None else {"data": request.content}
    return client.open(
        request.path, method=request.method, query_string=list(request.query), headers=dict(request.headers), **how
    )


def test_every_route_is_drawn(extreme_app: Flask, extremes: Extremes) -> None:
    drawn = {path for path, _ in extremes.operations.values()} | PAGES.keys()
    rules = {re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule) for rule in extreme_app.url_map.iter_rules()}
    own = {rule for rule in rules if rule.startswith("/countries/{code}/own")}
    others = {rule for rule in rules if any(rule.startswith(other) for other in OTHERS)}
    assert own == {"/countries/{code}/own.{format}", "/countries/{code}/own-card.{format}"}
    assert rules - own - others == {path for path in drawn if "/own" not in path}


def operations() -> list[str]:
    document = json.loads(Path(__file__).parents[2].joinpath("openapi/openapi.json").read_text(encoding="utf-8"))
    of = Extremes(document).operations
    return sorted(of, key=lambda name: (of[name][1] == "delete", name))  # others ask for what these delete


@pytest.mark.parametrize("operation", operations())
def test_an_operation(asking: CheckedClient, extremes: Extremes, operation: str) -> None:
    path, method = extremes.operations[operation]
    body = ("paths", path, method, "requestBody", "content", "application/json", "schema")

    @limited(FEWER.get(operation, 12))
    @given(extremes.request(operation))
    def ask(request: Request) -> None:
        if request.body is not None:
            contract_of(asking.application).check_value(request.body, "what was drawn", *body)
        check(send(asking, request))

    ask()


def test_what_can_be_forecast_has_a_sensitivity(asking: CheckedClient, extremes: Extremes) -> None:
    @limited(20)
    @given(extremes.request("postSensitivity"))
    def ask(request: Request) -> None:
        moved = send(asking, replace(request, query=()))
        question = {name: value for name, value in request.body.items() if name != "component"}
        if asking.post("/v1/forecasts", json=question).status_code == 200 and request.body["country"] != "ISL":
            assert moved.status_code == 200 or f"at most {MOST_LEVERS}; " in moved.text, moved.text

    ask()


def test_a_sweep_is_computed_and_read_in_every_form(asking: CheckedClient, extremes: Extremes, work: Worker) -> None:
    for left in asking.get("/v1/sweeps?status=queued&limit=200").json["items"]:  # of other tests
        asking.post(left["links"]["cancel"])

    @limited(5)
    @given(extremes.request("postSweep"))
    def ask(request: Request) -> None:
        posted = send(asking, request)
        if posted.status_code != 202:
            return
        if posted.json["evaluations"] > MOST_EVALUATIONS:
            asking.post(posted.json["links"]["cancel"])
            return
        work.run(once=True)
        where = posted.headers["Location"]
        assert asking.get(where).json["status"] in {"done", "cancelled"}
        for form in ("json", "csv", "parquet"):
            check(asking.get(f"{where}/results?format={form}"))

    ask()


@pytest.mark.parametrize("path", PAGES)
def test_a_page(asking: CheckedClient, path: str) -> None:
    @limited(12)
    @given(page(path))
    def ask(request: Request) -> None:
        check(send(asking, request))

    ask()


def check(response: TestResponse) -> None:
    """Fail if ``response`` is a failure of the service, or says what cannot be."""
    status, kind = response.status_code, response.mimetype
    # Fits are made on demand here: no answer waits for them but that of /readyz.
    assert status < 500 or response.request.path == "/readyz", response.text
    if "json" in kind and response.data:
        body = json.loads(response.data, parse_constant=_refuse)
        reasonable(body)
        if status == 422:
            assert body["errors"], body
            assert all(("pointer" in e or "parameter" in e) and e["detail"] for e in body["errors"]), body
    elif kind == "text/csv" and response.data:
        separator = next(mark for mark in ";\t," if mark in response.text.splitlines()[0])
        rows = list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff")), delimiter=separator))
        assert len({len(row) for row in rows}) == 1
        assert not {"nan", "inf", "-inf", "None"} & {cell for row in rows for cell in row}
    elif "parquet" in kind:
        table(pyarrow.parquet.read_table(io.BytesIO(response.data)))
    elif "arrow" in kind:
        table(pyarrow.ipc.open_file(io.BytesIO(response.data)).read_all())
    elif kind == "image/svg+xml":
        ElementTree.fromstring(response.data)  # noqa: S314
        assert not re.search(r"NaN|Infinity|undefined", response.text)
    elif kind == "image/png":
        assert response.data.startswith(b"\x89PNG")
    elif kind == "text/html" and status != 303:
        words = Words()
        words.feed(response.text)
        assert not re.search(r"\b(nan|NaN|inf|Infinity|undefined|None)\b", words.text), words.text


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no number of JSON")


def table(found: Any) -> None:
    for name in found.column_names:
        for value in found[name].to_pylist():
            assert not isinstance(value, float) or math.isfinite(value), name


class Words(HTMLParser):
    """The words of a page."""

    text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


def reasonable(value: Any, name: str = "") -> None:
    """Numbers are finite, probabilities inside (0, 1), quantiles in order."""
    if isinstance(value, float):
        assert math.isfinite(value), name
    if isinstance(value, float | int) and name in PROBABILITIES:
        assert 0 < value < 1, (name, value)
    if isinstance(value, list):
        for one in value:
            reasonable(one, name)
    if isinstance(value, dict):
        if name == "quantiles":
            inorder(value)
        for key, one in value.items():
            if key not in CHANGES:
                reasonable(one, name if name == "at_least" else key)


def inorder(quantiles: dict[str, list[float]]) -> None:
    levels = sorted(quantiles, key=float)
    for low, high in pairwise(levels):
        assert all(a <= b for a, b in zip(quantiles[low], quantiles[high], strict=True)), (low, high)
