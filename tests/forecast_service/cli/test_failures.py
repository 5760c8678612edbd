"""Every command that cannot write ends with one line, a documented exit code and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from forecast_service.cli.main import main
from forecast_service.observability import log_lines
from forecast_service.settings import Settings
from forecast_service.sweeps import executors
from forecast_service.sweeps.kept_chunks import DAY_S
from models.analysis.sweep import OUTCOMES, Columns, Sweep
from models.dataset.tables import DATA
from models.paths import Paths
from models.simulation.fitter import Fitter
from models.simulation.path_store import Fit, StoreUnavailable
from tests.support.limits import files_of_at_most
from tests.support.service import environment

pytestmark = pytest.mark.slow

SWEEP = {
    "countries": ["DEU"],
    "scenario": {
        "name": "half kept",
        "levers": [
            {"type": "pledge", "share_pct": {"from": 2, "to": 4, "steps": 50}, "year": 2035,
             "credibility": {"from": 0, "to": 1, "steps": 50}}
        ],
    },
}  # fmt: skip
CHUNKS = 10


@pytest.fixture
def sweep(tmp_path: Path) -> str:
    """A file with a sweep of ten chunks."""
    file = tmp_path / "sweep.json"
    file.write_text(json.dumps(SWEEP))
    return str(file)


@pytest.fixture
def panel(tmp_path: Path) -> str:
    """A file with a series for the backtest."""
    file = tmp_path / "panel.csv"
    file.write_text("series,year,value\n" + "".join(f"a,{2000 + t},{2 + t % 3}\n" for t in range(20)))
    return str(file)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command fits or evaluates: that it can write is the matter here."""
    share = np.full((200, 10), 2.0)
    paths = Paths(2026, {"core": share}, share, np.zeros(200, np.uint8))
    monkeypatch.setattr(Fitter, "fit", lambda *_, **__: Fit(paths, ("theta",), {"theta": 1.0}, {}, 0.0))
    monkeypatch.setattr("forecast_service.observability.logs.set_up_process", lambda *_: None)  # it would stay
    monkeypatch.setattr("signal.signal", lambda *_: None)


class Immediate:
    """An executor that computes nothing: each chunk is its number, and ``stop_at`` is interrupted."""

    slots = 1
    stop_at: tuple[int, BaseException] | None = None
    asked: list[int]

    def __init__(self) -> None:
        self.asked = []

    def submit(self, _function: object, document: str, number: int, *_more: object) -> Future[bytes]:
        future: Future[bytes] = Future()
        self.asked.append(number)
        if self.stop_at and self.stop_at[0] == number:
            future.set_exception(self.stop_at[1])
        else:
            sweep = Sweep(json.loads(document))
            span = sweep.span(number)
            outcomes = np.random.default_rng(number).uniform(size=(len(OUTCOMES), len(span.points)))
            places = np.ascontiguousarray(sweep.places(span.start, span.stop).T)
            future.set_result(Columns(places, outcomes, {}).pack())
        return future

    def shutdown(self, **_: object) -> None:
        """Nothing runs."""


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Immediate:
    made = Immediate()
    monkeypatch.setattr(executors, "make_executor", lambda *_: made)
    return made


def run(state: Path, *arguments: str, **more: str) -> Result:
    return CliRunner(env=environment(state, FORECAST_DRAWS="200", **more)).invoke(main, arguments)


def check_one_line(result: Result, *words: str, code: int = 1) -> None:
    """One line, which is the error; usage has click's lines before it."""
    assert result.exit_code == code, (result.output, result.exception)
    lines = result.stderr.splitlines()
    assert (lines[0] if code == 2 else lines[-1]).startswith("Usage: " if code == 2 else "Error: ")
    assert code == 2 or len(lines) == 1, result.stderr
    assert not [word for word in words if word not in lines[-1]], result.stderr


OUTPUTS = {
    "sweep": (("sweep", "{sweep}", "--out", "{out}"), ".csv"),
    "sweep as Parquet": (("sweep", "{sweep}", "--out", "{out}"), ".parquet"),
    "openapi": (("openapi", "--output", "{out}"), ".json"),
    "backtest": (
        ("backtest", "--processes", "1", "--panel", "{panel}", "--origins", "2015:2015", "--quantiles", "{out}"),
        ".csv",
    ),
}
PLACES = {
    # where: (exit code, words), before any work is done
    "missing/out": (1, "No such file or directory"),
    "sweep.json/out": (1, "Not a directory"),
    "/proc/out": (1, "No such file or directory"),
    "folder": (2, "is a folder"),
    "out.foo": (2, "must end in"),
    "-": (2, "must end in"),
    "out": (1, "File too large"),
}


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("command", OUTPUTS)
def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    command: str, where: str, tmp_path: Path, sweep: str, panel: str, executor: Immediate
) -> None:
    arguments, suffix = OUTPUTS[command]
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    code, words = PLACES[where]
    out = where if where == "-" else str(tmp_path / (where if where == "out.foo" else where + suffix))
    before = sorted(tmp_path.rglob("*"))
    with files_of_at_most(1000):
        result = run(tmp_path / "state", *(word.format(sweep=sweep, panel=panel, out=out) for word in arguments))
    check_one_line(result, words, "" if where == "-" else out, code=code)
    assert executor.asked == []
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", ["sweep", "openapi", "backtest"])
@pytest.mark.usefixtures("executor")
def test_a_device_that_is_full_is_told(command: str, tmp_path: Path, sweep: str, panel: str) -> None:
    arguments, _ = OUTPUTS[command]
    said = (word.format(sweep=sweep, panel=panel, out="/dev/full") for word in arguments)
    check_one_line(run(tmp_path / "state", *said), "/dev/full: No space left on device")
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("command", OUTPUTS)
def test_an_output_is_replaced_as_a_whole(
    command: str, tmp_path: Path, sweep: str, panel: str, executor: Immediate
) -> None:
    arguments, suffix = OUTPUTS[command]
    out, link = tmp_path / f"out{suffix}", tmp_path / f"link{suffix}"
    out.write_text("old")
    out.chmod(0o640)
    link.symlink_to(out)
    said = [word.format(sweep=sweep, panel=panel, out=link) for word in arguments]
    result = run(tmp_path / "state", *said)
    assert result.exit_code == 0, result.output
    assert link.is_symlink()
    assert (out.stat().st_size > 100, out.stat().st_mode & 0o777) == (True, 0o640)
    assert list(tmp_path.rglob("*.part")) == []


STATE = {
    "forecast DEU": "fits cannot be saved in {state}/fits: ",
    "fit --processes 1": "{state}",
    "data use nato-2025": "{state}",
    "data why nato-2025 nato-2026 DEU": "fits cannot be saved in {state}/fits: ",
    "data pledges remove 3": "{state}",
    "data pledges add --country BEL --stance law --stated-on 2026-01-01 --summary x --title x --publisher x": "{state}",
    "data rollback": "database: not reachable (",
    "keys create --owner me": "database: not reachable (",
    "keys list": "database: not reachable (",
    "keys revoke abc": "database: not reachable (",
    "db upgrade": "database: not reachable (",
    "db current": "database: not reachable",
    "work --once": "database: not reachable (",
    "sweep {folder}/sweep.json --out /dev/null": "{state}",
    "freeze": "fits cannot be saved in {state}/fits: ",
}
"""What each command that writes into the state folder says if it cannot be made or is full."""


@pytest.mark.parametrize("state", ["sweep.json", "sweep.json/state", "/proc/state", "full"])
@pytest.mark.parametrize("command", STATE)
@pytest.mark.usefixtures("sweep", "executor", "_in_this_process")
def test_a_state_folder_that_takes_nothing_is_told(command: str, state: str, tmp_path: Path) -> None:
    before = {file for file in tmp_path.rglob("*") if file.is_file()}
    where = tmp_path / state
    with files_of_at_most(1000) if state == "full" else nullcontext():
        result = run(where, *command.format(folder=tmp_path).split())
    full = state == "full" and command.startswith("data pledges")  # the vintage is saved in the database
    check_one_line(result, "database: not reachable (" if full else STATE[command].format(state=where))
    left = {file for file in tmp_path.rglob("*") if file.is_file()} - before
    # SQLite makes its file first, and a lock has one; both are empty and used by the next command.
    assert not [file for file in left if file.name != "forecast.sqlite" and not file.name.startswith(".fitting-")]
    assert sum(file.stat().st_size for file in left) == 0


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits are made in this process, where they are quick."""

    class Pool:
        def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
            done: Future[Any] = Future()
            try:
                done.set_result(function(*arguments))
            except Exception as error:  # noqa: BLE001  as a pool does
                done.set_exception(error)
            return done

    @contextmanager
    def computing(_processes: int, start: Callable[..., object], *arguments: Any) -> Iterator[Pool]:
        start(*arguments)
        yield Pool()

    monkeypatch.setattr("models.forecast.fit_all.computing", computing)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "Stopped; "),
        (KeyboardInterrupt(signal.SIGTERM), 143, "Stopped; "),
        (BrokenProcessPool(), 1, "Error: a process that computes was ended"),
        (StoreUnavailable("No space left on device"), 1, "/fits: No space left on device; "),
    ],
    ids=["Ctrl-C", "SIGTERM", "a lost process", "a full disk"],
)
def test_a_sweep_that_ends_early_goes_on_where_it_was(
    fault: BaseException, code: int, words: str, suffix: str, tmp_path: Path, sweep: str, executor: Immediate
) -> None:
    state, out, whole = tmp_path / "state", tmp_path / f"rows{suffix}", tmp_path / f"whole{suffix}"
    out.write_text("old")
    executor.stop_at = (6, fault)
    stopped = run(state, "sweep", sweep, "--out", str(out))
    (kept,) = (state / "sweeps").iterdir()
    assert stopped.exit_code == code, stopped.output
    assert words in stopped.stderr
    (line,) = stopped.stderr.splitlines()
    assert line.endswith(f"; 6 of {CHUNKS} chunks are kept in {kept}, and the same command goes on from there")
    assert (out.read_text(), sorted(tmp_path.rglob("*.part"))) == ("old", [])

    (kept / "2.chunk").write_bytes(b"damaged")
    executor.stop_at, executor.asked = None, []
    again = run(state, "sweep", sweep, "--out", str(out))
    assert (again.exit_code, again.stderr) == (0, f"6 of {CHUNKS} chunks are there from before\n")
    assert executor.asked == [2, 6, 7, 8, 9]
    assert list((state / "sweeps").iterdir()) == []
    assert run(state, "sweep", sweep, "--out", str(whole)).exit_code == 0
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("helper", ["fit --quiet", "work --once"])
@pytest.mark.parametrize(("stopped", "code"), [((), 130), ((signal.SIGTERM,), 143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_helper_that_is_told_to_end_as_it_starts_logs_nothing(
    helper: str, stopped: tuple[int, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> Settings:
        raise KeyboardInterrupt(*stopped)

    monkeypatch.setattr(Settings, "from_environment", interrupted)
    monkeypatch.setattr(log_lines, "set_up", lambda _: None)  # it would stay
    result = run(tmp_path / "state", *helper.split())
    assert (result.exit_code, result.output) == (code, "")


def test_chunks_of_sweeps_that_nobody_ended_are_deleted_after_their_days(
    tmp_path: Path, sweep: str, executor: Immediate
) -> None:
    sweeps = tmp_path / "state" / "sweeps"
    for name, days in (("old", 3), ("new", 1)):
        (sweeps / name).mkdir(parents=True)
        os.utime(sweeps / name, (time.time() - days * DAY_S,) * 2)
    out = str(tmp_path / "rows.csv")
    assert run(tmp_path / "state", "sweep", sweep, "--out", out, FORECAST_SWEEP_DAYS="2").exit_code == 0
    assert [folder.name for folder in sweeps.iterdir()] == ["new"]
    assert executor.asked == list(range(CHUNKS))


def test_publishing_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with files_of_at_most(1000):
        check_one_line(run(tmp_path, "backtest", "--publish"), f"{DATA}: File too large")


def test_a_bad_request_is_refused_in_the_words_of_the_api(
    tmp_path: Path, client: FlaskClient, executor: Immediate
) -> None:
    file = tmp_path / "asked.json"
    for change in (
        {"extra": 1},
        {"countries": ["ZZZ"]},
        {"targets": [{"deadline": 1990}]},
        {"targets": [{"core": 0}, {"deadline": "soon"}]},
        {"scenario": {"levers": [{"type": "cap", "share_pct": {"grid": [1, -1]}}]}},
        {"scenario": {"levers": [{"type": "cap", "share_pct": 1}, {"type": "floor", "share_pct": 2}]}},
        {"origin": 1800},
    ):
        asked = SWEEP | change
        file.write_text(json.dumps(asked))
        result = run(tmp_path / "state", "sweep", str(file))
        errors = client.post("/v1/sweeps", json=asked).json["errors"]
        said = "; ".join(f"{error['pointer']}: {error['detail']}" for error in errors)
        assert result.exit_code == 2
        assert result.stderr.splitlines()[-1] == f"Error: Invalid value for FILE: {file}: {said}"
