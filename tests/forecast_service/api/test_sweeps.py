"""Sweeps over HTTP, on both databases: asked, computed, read in three forms, cancelled, refused."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from forecast_service.cli.main import main
from forecast_service.store.database import EXTENSION
from forecast_service.store.sweeps import Sweeps
from forecast_service.store.tables import SweepRow
from forecast_service.sweeps import document
from forecast_service.sweeps.formats import NoParquet
from forecast_service.sweeps.task import compute
from forecast_service.sweeps.worker import Worker
from models.analysis.sweep import OUTCOMES, Columns
from models.forecast import MODEL_VERSION
from tests.support.executors import InProcess
from tests.support.service import DRAWS

PLEDGE = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": {"from": 0, "to": 1, "steps": 5}}
UNIT = {"low": 0, "high": 1}
HYPERCUBE = {"kind": "latin-hypercube", "points": 2, "seed": 1}


def asked(*levers: Any, **more: Any) -> dict[str, Any]:
    return {"countries": ["DEU", "IS"], "scenario": {"name": "half kept", "levers": list(levers) or [PLEDGE]}} | more


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two points a chunk, so that a few points make several."""
    monkeypatch.setattr(document, "CHUNK_POINTS", 2)


@pytest.fixture
def work(keeping_app: Flask, state_dir: Path) -> Worker:
    """Computes what was posted, in this process."""
    sweeps = Sweeps(keeping_app.extensions[EXTENSION])
    # What other tests left behind is not ours to compute.
    while left := sweeps.page("local", None, "queued", 50) + sweeps.page("local", None, "running", 50):
        for row in left:
            sweeps.cancel("local", row.id)
    return Worker(sweeps, InProcess(), state_dir / "fits")


def test_a_sweep_from_the_post_to_its_rows(keeping: FlaskClient, work: Worker) -> None:
    posted = keeping.post("/v1/sweeps", json=asked())
    assert posted.status_code == 202
    assert posted.headers["Retry-After"] == "2"
    assert posted.json["status"] == "queued"
    assert (posted.json["evaluations"], posted.json["progress"]) == (10, 0)
    assert posted.json["axes"] == ["levers/0/credibility"]
    where = posted.headers["Location"]
    assert where == posted.json["links"]["self"]
    assert keeping.get(where + "/results").json["items"] == []
    work.run(once=True)
    done = keeping.get(where)
    assert "Retry-After" not in done.headers
    assert (done.json["status"], done.json["progress"], done.json["evaluations_done"]) == ("done", 1, 10)
    assert done.json["created_at"] <= done.json["started_at"] <= done.json["finished_at"]
    rows = keeping.get(where + "/results").json
    assert (rows["next"], rows["status"]) == (None, "done")
    assert [(r["country"], r["point"]) for r in rows["items"]] == [(c, p) for c in ("DEU", "ISL") for p in range(5)]
    assert [r["values"]["levers/0/credibility"] for r in rows["items"][:5]] == [0, 0.25, 0.5, 0.75, 1]
    scenario = {"name": "x", "levers": [PLEDGE | {"credibility": 0.75}]}
    single = keeping.post("/v1/forecasts", json={"country": "DEU", "scenario": scenario}).json
    for target in single["targets"]:
        ways = {way: target["probability"][way] for way in ("at_deadline", "by_deadline", "held")}
        assert rows["items"][3][target["component"]] == ways
    assert rows["items"][3]["core_median_pct"] == single["paths"]["core"]["quantiles"]["0.5"][-1]
    assert rows["items"][5]["core"] is None


def test_rows_come_in_pages_and_as_far_as_all_before_are_done(
    keeping: FlaskClient, work: Worker, state_dir: Path
) -> None:
    where = keeping.post("/v1/sweeps", json=asked()).headers["Location"]
    document = work.sweeps.read("local", where.rsplit("/", 1)[1]).document
    results = [compute(document, number, str(state_dir / "fits")) for number in range(6)]

    def complete(*numbers: int) -> None:
        for number in numbers:
            assert work.sweeps.complete((where.rsplit("/", 1)[1], number), results[number])

    complete(0, 2)
    page = keeping.get(where + "/results?limit=3").json
    assert [r["point"] for r in page["items"]] == [0, 1]
    assert keeping.get(page["next"]).json["items"] == []
    complete(1)
    second = keeping.get(page["next"]).json
    assert [r["point"] for r in second["items"]] == [2, 3, 4]
    complete(3, 4, 5)
    third = keeping.get(second["next"]).json
    assert [(r["country"], r["point"]) for r in third["items"]] == [("ISL", 0), ("ISL", 1), ("ISL", 2)]
    fourth = keeping.get(third["next"]).json
    assert [r["point"] for r in fourth["items"]] == [3, 4]
    assert fourth["next"] is None
    assert keeping.get(where + "/results?limit=5").json["next"]
    assert not work.sweeps.complete((where.rsplit("/", 1)[1], 0), b"other")


def test_csv_and_parquet_hold_the_same_rows(keeping: FlaskClient, work: Worker) -> None:
    freeze = {"type": "freeze", "what": {"grid": ["share", "real"]}, "from": {"grid": [2028, 2030]}}
    where = keeping.post("/v1/sweeps", json=asked(freeze)).headers["Location"] + "/results"
    work.run(once=True)
    items = keeping.get(where).json["items"]
    text = keeping.get(where, headers={"Accept": "text/csv"})
    assert text.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(text.text)))
    assert text.data == keeping.get(where + "?format=csv").data
    binary = keeping.get(where, headers={"Accept": "application/vnd.apache.parquet"})
    assert binary.content_type == "application/vnd.apache.parquet"
    table = pyarrow.parquet.read_table(io.BytesIO(binary.data))
    assert table.column_names == list(rows[0])
    assert json.loads(table.schema.metadata[b"document"])["scenario"]["levers"] == [freeze]
    assert len(items) == len(rows) == table.num_rows == 8
    for item, row, cells in zip(items, rows, table.to_pylist(), strict=True):
        assert (cells["levers/0/what"], cells["levers/0/from"]) == tuple(item["values"].values())
        assert cells["core_held"] == (item["core"]["held"] if item["core"] else None)
        assert {name: "" if value is None else str(value) for name, value in cells.items()} == row


def test_a_latin_hypercube_of_an_older_release_is_read_and_not_computed(keeping: FlaskClient, work: Worker) -> None:
    done, open_ = (keeping.post("/v1/sweeps", json=asked(countries=["ISL"])).json["id"] for _ in range(2))
    axes = {"year": {"low": 2030, "high": 2033, "whole": True}, "credibility": UNIT}
    with work.sweeps.database.writing() as session:
        for row in (session.get_one(SweepRow, done), session.get_one(SweepRow, open_)):
            scenario = {"name": "half kept", "levers": [PLEDGE | axes]}
            row.document = json.dumps(json.loads(row.document) | {"sampling": HYPERCUBE, "scenario": scenario})
    places = np.array([[2033.0, 2030.0], [0.25, 0.75]])
    packed = Columns(places, np.full((len(OUTCOMES), 2), 0.5), {}).pack()
    leased = work.sweeps.lease("older", 1, 60, MODEL_VERSION)
    assert [one.key for one in leased] == [(done, 0)]
    assert work.sweeps.complete((done, 0), packed)
    sweep = keeping.get(f"/v1/sweeps/{done}").json
    assert (sweep["request"]["sampling"], sweep["axes"]) == (HYPERCUBE, ["levers/0/year", "levers/0/credibility"])
    assert done in [item["id"] for item in keeping.get("/v1/sweeps").json["items"]]
    where = f"/v1/sweeps/{done}/results"
    rows = [tuple(row["values"].values()) for row in keeping.get(where).json["items"]]
    assert rows == [(2033, 0.25), (2030, 0.75)]
    text = csv.DictReader(io.StringIO(keeping.get(where + "?format=csv").text))
    assert [row["levers/0/year"] for row in text] == ["2033", "2030"]
    table = pyarrow.parquet.read_table(io.BytesIO(keeping.get(where + "?format=parquet").data))
    assert table.column("levers/0/credibility").to_pylist() == [0.25, 0.75]
    work.run(once=True)
    assert keeping.get(f"/v1/sweeps/{open_}").json["status"] == "failed"


def test_a_lever_that_ends_goes_on_and_one_of_an_older_release_resumes(keeping: FlaskClient, work: Worker) -> None:
    freeze = {"type": "freeze", "what": "real", "to": {"grid": [2030, 2034]}}
    now, old = (keeping.post("/v1/sweeps", json=asked(freeze, countries=["SVK"])).json["id"] for _ in range(2))
    with work.sweeps.database.writing() as session:
        row = session.get_one(SweepRow, old)
        row.document = json.dumps(json.loads(row.document) | {"scenario": {"name": "x", "levers": [freeze]}})
    work.run(once=True)
    medians = {}
    for identifier, after in ((now, "continue"), (old, "resume")):
        assert keeping.get(f"/v1/sweeps/{identifier}").json["request"]["scenario"]["levers"][0]["after"] == after
        rows = keeping.get(f"/v1/sweeps/{identifier}/results").json["items"]
        medians[after] = [row["core_median_pct"] for row in rows]
    baseline = keeping.get("/v1/countries/SVK/forecast").json["paths"]["core"]["median"][-1]
    assert medians["resume"] == [baseline, baseline]
    assert all(value < baseline for value in medians["continue"])


def test_a_sweep_of_statistics_that_are_gone_is_given_up(keeping: FlaskClient, work: Worker) -> None:
    ours, theirs = (keeping.post("/v1/sweeps", json=asked()).json["id"] for _ in range(2))
    with work.sweeps.database.writing() as session:
        session.get_one(SweepRow, theirs).model_version = "0"
    work.sweeps.give_up(MODEL_VERSION, timedelta(days=1))
    assert keeping.get(f"/v1/sweeps/{theirs}").json["status"] == "queued"
    work.sweeps.give_up(MODEL_VERSION, timedelta(0))
    assert keeping.get(f"/v1/sweeps/{theirs}").json["status"] == "failed"
    assert keeping.get(f"/v1/sweeps/{ours}").json["status"] == "queued"


def test_without_pyarrow_parquet_is_refused(
    keeping: FlaskClient, work: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise NoParquet

    where = keeping.post("/v1/sweeps", json=asked()).headers["Location"]
    monkeypatch.setattr("forecast_service.sweeps.formats.write_parquet", missing)
    refused = keeping.get(where + "/results?format=parquet")
    assert (refused.status_code, refused.json["errors"][0]["parameter"]) == (422, "format")


def test_a_cancelled_sweep_keeps_what_is_done(keeping: FlaskClient, work: Worker, state_dir: Path) -> None:
    where = keeping.post("/v1/sweeps", json=asked()).headers["Location"]
    identifier = where.rsplit("/", 1)[1]
    first, *_ = work.sweeps.lease("someone", 1, 60, MODEL_VERSION)
    work.sweeps.complete(first.key, compute(first.document, 0, str(state_dir / "fits")))
    second, *_ = work.sweeps.lease("someone", 1, 60, MODEL_VERSION)
    cancelled = keeping.post(where + "/cancel")
    assert (cancelled.status_code, cancelled.json["status"], cancelled.json["evaluations_done"]) == (
        200,
        "cancelled",
        2,
    )
    assert work.sweeps.renew("someone", 60) == set()
    assert not work.sweeps.complete(second.key, b"late")
    work.run(once=True)
    page = keeping.get(where + "/results").json
    assert ([r["point"] for r in page["items"]], page["next"], page["status"]) == ([0, 1], None, "cancelled")
    assert keeping.post(where + "/cancel").json == cancelled.json
    assert keeping.delete(where).status_code == 204
    assert keeping.get(where).status_code == keeping.delete(where).status_code == 404
    assert work.sweeps.results(identifier, 0, 5) == []


def test_sweeps_are_their_owners_alone(keeping: FlaskClient, work: Worker) -> None:
    hers, his = {"X-Test-Caller": "ann"}, {"X-Test-Caller": "bob"}
    made = [keeping.post("/v1/sweeps", json=asked(), headers=hers).json["id"] for _ in range(3)]
    first = keeping.get("/v1/sweeps?limit=2&status=queued", headers=hers).json
    assert "request" not in first["items"][0]
    assert [item["id"] for item in first["items"]] == made[:0:-1]
    second = keeping.get(first["next"], headers=hers).json
    assert second["items"][0]["id"] == made[0]
    assert keeping.get("/v1/sweeps", headers=his).json == {"items": [], "next": None}
    for method, path in (("get", ""), ("get", "/results"), ("post", "/cancel"), ("delete", "")):
        answer = getattr(keeping, method)(f"/v1/sweeps/{made[0]}{path}", headers=his)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    for identifier in made:
        assert keeping.delete(f"/v1/sweeps/{identifier}", headers=hers).status_code == 204


def test_a_small_sweep_does_not_wait_for_a_large_one(keeping: FlaskClient, work: Worker) -> None:
    large = keeping.post("/v1/sweeps", json=asked(PLEDGE | {"credibility": {"from": 0, "to": 1, "steps": 50}}))
    assert [one.number for one in work.sweeps.lease("a", 3, 60, MODEL_VERSION)] == [0, 1, 2]
    small = keeping.post("/v1/sweeps", json=asked())
    leased = work.sweeps.lease("a", 3, 60, MODEL_VERSION)
    assert {one.sweep_id for one in leased} == {small.json["id"]}
    for one in (large, small):
        keeping.delete(one.json["links"]["self"])


def test_a_lease_runs_out_and_a_hopeless_chunk_fails_the_sweep(keeping: FlaskClient, work: Worker) -> None:
    where = keeping.post("/v1/sweeps", json=asked()).headers["Location"]
    assert work.sweeps.lease("a", 1, 60, "another model") == []
    for _ in range(5):
        (taken,) = work.sweeps.lease("dies", 1, -1, MODEL_VERSION)
        assert taken.number == 0
    assert keeping.get(where).json["status"] == "running"
    work.sweeps.lease("a", 1, 60, MODEL_VERSION)
    failed = keeping.get(where).json
    assert failed["status"] == "failed"
    assert failed["failure"]
    assert failed["finished_at"]


def test_what_the_task_raises_fails_the_sweep_without_its_text(
    keeping: FlaskClient, work: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("secret")

    where = keeping.post("/v1/sweeps", json=asked()).headers["Location"]
    monkeypatch.setattr("forecast_service.sweeps.worker.compute", broken)
    work.run(once=True)
    failed = keeping.get(where).json
    assert failed["status"] == "failed"
    assert "secret" not in json.dumps(failed)


GRID = {"grid": [0, 0.5]}
MILLION = PLEDGE | {"credibility": {"from": 0, "to": 1, "steps": 10_000}, "share_pct": {"grid": [3, 3.5, 4, 5]}}
REFUSED = [
    (asked(countries=[]), "/countries"),
    (asked(countries="some"), "/countries"),
    (asked(countries=["DEU", "ZZZ"]), "/countries/1"),
    (asked(countries=["DEU", 1]), "/countries/1"),
    (asked(scenario="baseline"), "/scenario"),
    (asked(scenario={"levers": 5}), "/scenario/levers"),
    (asked(scenario={}), "/scenario"),
    (asked(5), "/scenario/levers/0"),
    (asked(PLEDGE | {"credibility": {"grid": []}}), "/scenario/levers/0/credibility/grid"),
    (asked(PLEDGE | {"credibility": {"grid": [True]}}), "/scenario/levers/0/credibility/grid/0"),
    (asked(PLEDGE | {"credibility": {"grid": [0, 2]}}), "/scenario/levers/0/credibility"),
    (asked(PLEDGE | {"credibility": {"from": 0, "steps": 3}}), "/scenario/levers/0/credibility"),
    (asked(PLEDGE | {"credibility": {"from": 0, "to": 1, "steps": 1}}), "/scenario/levers/0/credibility/steps"),
    (asked(PLEDGE | {"credibility": {"from": 0, "to": 1, "steps": 10**9}}), "/scenario/levers/0/credibility/steps"),
    (asked(PLEDGE | {"credibility": {"from": 0, "to": 1.5, "steps": 3}}), "/scenario/levers/0/credibility"),
    (asked(PLEDGE | {"credibility": UNIT}), "/scenario/levers/0/credibility"),
    (asked(PLEDGE | {"magic": GRID}), "/scenario/levers/0/magic"),
    (asked(PLEDGE | {"share_pct": [[[[[[[[[[1]]]]]]]]]]}), "/scenario"),
    (
        asked({"type": "cap", "share_pct": GRID | {"grid": [1, 2]}}, {"type": "floor", "share_pct": 3}),
        "/scenario/levers/1",
    ),
    (asked(*[{"type": "cap", "share_pct": {"grid": [5, 6]}, "from": 2030, "to": 2030}] * 11), "/scenario/levers"),
    (asked(sampling={"kind": "sobol"}), "/sampling/kind"),
    (asked(sampling={"kind": "grid", "points": 5}), "/sampling/points"),
    (asked(MILLION, countries="all"), "/scenario/levers"),
    (asked(targets=[]), "/targets"),
    (asked(targets=[{"deadline": 2035}, {"deadline": 2026}]), "/targets/1/deadline"),
    (asked(targets=[{"core": 0}]), "/targets/0/core"),
    (asked(origin=1990), "/origin"),
    (asked(extra=1), "/extra"),
]


@pytest.mark.parametrize(("body", "pointer"), REFUSED)
def test_what_cannot_be_swept_is_refused_by_name(client: FlaskClient, body: Any, pointer: str) -> None:
    answer = client.post("/v1/sweeps", json=body)
    assert answer.status_code == 422, answer.json
    assert pointer in {error["pointer"] for error in answer.json["errors"]}, answer.json


@pytest.mark.parametrize("path", ["", "/results?cursor=x", "/results?cursor=7.0", "/results?cursor=0.2"])
def test_a_cursor_that_nobody_gave_is_refused(keeping: FlaskClient, work: Worker, path: str) -> None:
    where = keeping.post("/v1/sweeps", json=asked()).headers["Location"]
    answer = keeping.get(where + path if path else "/v1/sweeps?cursor=x")
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (422, "cursor")


def test_the_command_writes_what_the_service_answers(
    keeping: FlaskClient, work: Worker, state_dir: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "sweep.json", tmp_path / "rows.parquet"
    file.write_text(json.dumps(asked()), encoding="utf-8")
    settings = {"FORECAST_STATE_DIR": str(state_dir), "FORECAST_DRAWS": str(DRAWS), "FORECAST_SWEEP_PROCESSES": "1"}
    where = keeping.post("/v1/sweeps", json=asked()).headers["Location"]
    work.run(once=True)
    runner = CliRunner(env=settings)
    assert runner.invoke(main, ["sweep", str(file)]).stdout_bytes == keeping.get(where + "/results?format=csv").data
    assert runner.invoke(main, ["sweep", str(file), "--out", str(out)]).exit_code == 0
    assert pyarrow.parquet.read_table(out).num_rows == 10
    file.write_text(json.dumps(asked(countries=["ZZZ"])), encoding="utf-8")
    refused = runner.invoke(main, ["sweep", str(file)])
    assert refused.exit_code == 2
    assert "no ally goes by 'ZZZ'" in refused.output


def test_a_latin_hypercube_is_refused_with_what_a_sweep_is(client: FlaskClient) -> None:
    answer = client.post("/v1/sweeps", json=asked(PLEDGE | {"credibility": UNIT}, sampling=HYPERCUBE))
    assert answer.status_code == 422
    told = {error["pointer"]: error["detail"] for error in answer.json["errors"]}
    assert told["/sampling/kind"] == "must be grid: a sweep is every combination of its axes' values"
    assert told["/scenario/levers/0/credibility"] == "give 'grid'; or 'from', 'to' and 'steps'"
