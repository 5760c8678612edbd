"""The work of sweeps: equal wherever it is done, and nothing is lost with a process that is killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from benchmarks.speed.sweeps import cluster, run
from forecast_service.cli.main import main
from forecast_service.forecasting.shared_vintages import SharedVintages
from forecast_service.observability import tracing
from forecast_service.settings import BadSetting, Settings
from forecast_service.settings.database import database_url
from forecast_service.store.database import EXTENSION, Database
from forecast_service.store.migrate import upgrade
from forecast_service.store.sweeps import Sweeps
from forecast_service.store.vintages import Vintages
from forecast_service.sweeps.executors import DaskExecutor, ExecutorUnavailable, LocalExecutor, make_executor
from forecast_service.sweeps.task import OtherModel, compute
from forecast_service.sweeps.worker import Worker
from models import load_figures
from models.analysis.sweep import Sweep, read_document
from models.dataset.observations import UnknownVintage
from models.forecast import MODEL_VERSION
from tests.models.dataset.test_vintages import draft
from tests.support.databases import KINDS, fresh
from tests.support.executors import InProcess
from tests.support.service import DRAWS, environment, free_port

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "forecast_service.cli"]
PATIENCE_S = 120


def document(steps: int = 8, **more: Any) -> str:
    """A sweep of Germany and Iceland with ``steps`` chunks each, of a hundred points."""
    lever = {"type": "pledge", "share_pct": {"from": 2, "to": 4, "steps": steps}, "year": 2035}
    lever["credibility"] = {"from": 0.1, "to": 1, "steps": 100}
    figures = load_figures()
    return json.dumps(
        {
            "countries": ["DEU", "ISL"],
            "scenario": {"name": "s", "levers": [lever]},
            "sampling": {"kind": "grid"},
            "targets": [{"deadline": 2035, "core": 3.5, "related": 1.5}],
            "origin": figures.origin,
            "vintage": figures.vintage,
            "sipri": True,
            "draws": DRAWS,
            "seed": 1,
            "model_version": MODEL_VERSION,
            "chunk_points": 100,
        }
        | more
    )


@pytest.fixture(scope="module")
def uninterrupted(state_dir: Path) -> list[bytes]:
    """The results as one process computes them, one after the other."""
    return run(InProcess(), document(), state_dir / "fits")


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Sweeps, str]]:
    """Sweeps on a database of their own, and its address."""
    with fresh(request.param, tmp_path) as url:
        database = Database(database_url(Settings(database_url=url)))
        upgrade(database.engine)
        yield Sweeps(database), url
        database.close()


def post(sweeps: Sweeps, asked: str) -> str:
    sweep = Sweep(json.loads(asked))
    sizes = [len(sweep.span(number).points) for number in range(sweep.chunks)]
    return sweeps.create("local", asked, MODEL_VERSION, sizes, None).id


def results(sweeps: Sweeps, identifier: str) -> list[bytes]:
    return [result for _, result in sweeps.results(identifier, 0, 1000)]


@contextmanager
def working(state_dir: Path, url: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """``forecast-service work`` in a process of its own, killed when the block is left."""
    settings = environment(state_dir, FORECAST_DATABASE_URL=url, FORECAST_SWEEP_PROCESSES="1")
    process = subprocess.Popen([*COMMAND, "work", "--lease", "1.5", *options], env=settings)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(sweeps: Sweeps, identifier: str, chunks: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_S
    while sweeps.read("local", identifier).chunks_done < chunks:
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < end, "nothing is computed"
        time.sleep(0.01)


def test_a_pool_gives_the_same_bytes_and_survives_the_loss_of_a_process(
    state_dir: Path, uninterrupted: list[bytes]
) -> None:
    executor = LocalExecutor(2)
    try:
        assert run(executor, document(), state_dir / "fits") == uninterrupted
        lost = executor.submit(os._exit, 9)
        assert isinstance(lost.exception(), executor.lost)
        assert executor.submit(compute, document(), 3, str(state_dir / "fits")).result() == uninterrupted[3]
        executor.rest()
        assert executor.submit(abs, -1).result() == 1
    finally:
        executor.shutdown()


def test_dask_gives_the_same_bytes_though_a_worker_is_killed(state_dir: Path, uninterrupted: list[bytes]) -> None:
    with cluster(state_dir, free_port()) as here:
        executor = DaskExecutor(here.address)
        assert executor.slots == 2
        assert run(executor, document(), None) == uninterrupted

        def kill(done: float) -> None:
            if done > 1 / 3:
                here.workers[0].kill()

        assert run(executor, document(), None, kill) == uninterrupted
        assert here.workers[0].wait() == -signal.SIGKILL
        assert executor.slots == 1
        executor.shutdown()


def test_a_killed_worker_loses_nothing_and_a_finished_chunk_is_never_computed_again(
    kept: tuple[Sweeps, str], state_dir: Path, uninterrupted: list[bytes]
) -> None:
    sweeps, url = kept
    identifier = post(sweeps, document())
    with working(state_dir, url) as process:
        wait_for(sweeps, identifier, 2, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = results(sweeps, identifier)
    assert 2 <= len(before) < len(uninterrupted)
    # Were one computed again, it would not be this.
    change(sweeps, "UPDATE sweep_chunks SET result = :mark WHERE number = 0", mark=b"marked")
    with working(state_dir, url, "--once") as process:
        assert process.wait(PATIENCE_S) == 0
    row = sweeps.read("local", identifier)
    assert (row.status, row.chunks_done, row.evaluations_done) == ("done", 16, 1600)
    assert results(sweeps, identifier) == [b"marked", *uninterrupted[1:]]


def change(sweeps: Sweeps, statement: str, **values: Any) -> None:
    with sweeps.database.writing() as session:
        session.execute(text(statement), values)


def test_sigterm_gives_the_leases_back(kept: tuple[Sweeps, str], state_dir: Path, uninterrupted: list[bytes]) -> None:
    sweeps, url = kept
    identifier = post(sweeps, document())
    with working(state_dir, url, "--lease", "60") as process:
        wait_for(sweeps, identifier, 1, process)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    left = len(uninterrupted) - sweeps.read("local", identifier).chunks_done
    free = sweeps.lease("another", 100, 60, MODEL_VERSION)
    assert len(free) == left > 0


def test_two_workers_share_the_work(kept: tuple[Sweeps, str], state_dir: Path, uninterrupted: list[bytes]) -> None:
    sweeps, url = kept
    identifier = post(sweeps, document())
    with working(state_dir, url, "--once") as one, working(state_dir, url, "--once") as other:
        assert (one.wait(PATIENCE_S), other.wait(PATIENCE_S)) == (0, 0)
    assert sweeps.read("local", identifier).status == "done"
    assert results(sweeps, identifier) == uninterrupted


def test_kill_9_of_the_whole_service_interrupts_a_sweep_and_no_more(
    tmp_path: Path, state_dir: Path, uninterrupted: list[bytes]
) -> None:
    (tmp_path / "fits").symlink_to(state_dir / "fits")
    sweeps = Sweeps(Database(database_url(Settings(state_dir=tmp_path))))
    identifier = post(sweeps, document())

    @contextmanager
    def service() -> Iterator[subprocess.Popen[bytes]]:
        command = [*COMMAND, "serve", "--port", str(free_port())]
        settings = environment(tmp_path, FORECAST_SWEEP_PROCESSES="1")
        with (tmp_path / "log").open("ab") as log:
            # A process group of its own, so that all of it can be killed at once.
            process = subprocess.Popen(command, env=settings, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    with service() as process:
        wait_for(sweeps, identifier, 2, process)
    with sqlite3.connect(tmp_path / "forecast.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert sweeps.read("local", identifier).status == "running"
    # The leases of the dead run out by themselves; here they are cut short.
    change(sweeps, "UPDATE sweep_chunks SET leased_until = NULL")
    with service() as process:
        wait_for(sweeps, identifier, len(uninterrupted), process)
    assert results(sweeps, identifier) == uninterrupted
    sweeps.database.close()


def test_work_beside_a_process_ends_with_it(kept: tuple[Sweeps, str], state_dir: Path) -> None:
    _, url = kept
    script = (
        "import os,subprocess,sys; p=subprocess.Popen([*sys.argv[1:], str(os.getpid())]);"
        "print(p.pid, flush=True); sys.stdin.read(1)"
    )
    settings = environment(state_dir, FORECAST_DATABASE_URL=url, FORECAST_SWEEP_PROCESSES="1")
    parent = subprocess.Popen(
        [sys.executable, "-c", script, *COMMAND, "work", "--beside"],
        env=settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.kill()  # before it has so much as imported anything
    parent.communicate()
    end = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < end, "it goes on without its parent"
        time.sleep(0.05)


def test_another_version_of_the_statistics_computes_nothing() -> None:
    with pytest.raises(OtherModel):
        compute(document(model_version="0"), 0, None)


def test_a_worker_with_a_folder_of_its_own_has_an_imported_vintage_from_the_database(tmp_path: Path) -> None:
    database = Database(database_url(Settings(state_dir=tmp_path)))
    vintages = SharedVintages(tmp_path / "one" / "vintages", Vintages(database))
    figures = vintages.add(draft(DEU_2026="2.99")) and vintages.figures("nato-2027")
    asked = document(steps=2, countries=["ISL"], vintage=figures.vintage, origin=figures.origin, draws=200)
    with pytest.raises(UnknownVintage):
        compute(asked, 0, str(tmp_path / "two" / "fits"))
    whole = Sweep(read_document(asked))
    sizes = [len(whole.span(number).points) for number in range(whole.chunks)]
    posted = Sweeps(database).create("me", asked, MODEL_VERSION, sizes, None)
    Worker(Sweeps(database), InProcess(), tmp_path / "two" / "fits").run(once=True)
    assert Sweeps(database).read("me", posted.id).status == "done"
    assert (tmp_path / "two" / "vintages" / "nato-2027" / "manifest.json").is_file()
    database.close()


def test_an_executor_that_is_not_there_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast_service.sweeps.executors.CONNECT_S", 0.5)
    assert isinstance(make_executor("local", 1), LocalExecutor)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(BadSetting, match=r"^FORECAST_SWEEP_EXECUTOR: "):
        Settings(sweep_executor="dask")
    with pytest.raises(ExecutorUnavailable, match="no scheduler answers"):
        _ = make_executor(Settings(sweep_executor=address).sweep_executor, 1).slots
    settings = {"FORECAST_SWEEP_EXECUTOR": address, "FORECAST_STATE_DIR": str(tmp_path)}
    refused = CliRunner(env=settings).invoke(main, ["work", "--once"])
    assert (refused.exit_code, "no scheduler answers" in refused.output) == (1, True)


def test_a_chunk_is_a_span_below_the_request_that_posted_it(keeping_app: Flask, state_dir: Path) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    spans = InMemorySpanExporter()
    tracer = tracing.make_tracer(Settings(traces=True), spans)
    client, headers = keeping_app.test_client(), {"traceparent": parent, "X-Test-Caller": "traced"}
    body = {"countries": ["DEU"], "scenario": {"name": "trace", "levers": [{"type": "cap", "share_pct": 3.0}]}}
    posted = client.post("/v1/sweeps", json=body, headers=headers)
    assert "traceparent" not in posted.json["request"], "it determines nothing"
    Worker(Sweeps(keeping_app.extensions[EXTENSION]), InProcess(), state_dir / "fits", tracer=tracer).run(once=True)
    (span,) = [s for s in spans.get_finished_spans() if (s.attributes or {})["forecast.sweep"] == posted.json["id"]]
    assert span.name == "sweep chunk"
    assert f"{span.context.trace_id:032x}" == parent.split("-")[1]
    assert span.parent
    assert f"{span.parent.span_id:016x}" == parent.split("-")[2]
    assert client.get(posted.headers["Location"], headers=headers).json["status"] == "done"
