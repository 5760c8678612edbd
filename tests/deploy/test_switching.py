"""Switching between vintages of the figures under load: each answer is wholly of one, and all change at once.

The replicas share a database and no folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.deploy.support.cable import Cable
from tests.deploy.support.gateway import Gateway, gateway, replicas, start
from tests.deploy.support.watch import PAUSE_S, Ask, Question, Sent, Truths, Watch, direct, learn, truths
from tests.forecast_service.cli.test_data import newer
from tests.support.databases import fresh
from tests.support.service import DRAWS, Service, environment, free_port

OLD, NEW = "nato-2026", "nato-2025"
"""Names of the roles: the switch goes from the first to the second, and back."""

NEXT = "nato-2027"
"""What NATO's next workbook, made up here, becomes."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AHEAD_S = "3"
"""The least that the service takes."""
CURRENT, USE = "/v1/vintages/current", json.dumps({"vintage": NEXT})
JSON = {"Content-Type": "application/json"}

TOGETHER_S = 0.25
"""Within this of the moment that was written, everyone has changed over and nobody earlier: the machine is busy."""


def command(state_dir: Path, *arguments: str, **more: str) -> str:
    """What ``forecast-service`` says; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "forecast_service.cli", *arguments],
        env=environment(state_dir, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_gateway(ask: Ask) -> Ask:
    """With what the gateway would say of who asks, since the replicas let nobody else in."""
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forecast-Caller": "watcher"}
    return lambda question, sent: ask(question, headers | sent)


def through(front: Gateway) -> Ask:
    """Asks through the gateway."""

    def ask(question: Question, headers: dict[str, str]) -> Sent:
        method = "GET" if question.body is None else "POST"
        answer = front.ask(f"/forecasting{question.path}", method, question.json, headers)
        return Sent(answer.status, answer.headers["ETag"], answer.body)

    return ask


@contextmanager
def watching(watch: Watch, asks: list[tuple[Ask, Truths]], replicas: list[Service]) -> Iterator[list[Any]]:
    """Every question on a thread, the plain ones also conditionally; and whatever /readyz says but 200."""
    unready: list[Any] = []

    def probe(service: Service) -> None:
        while not watch.stopping.is_set():
            status, body = service.ask("GET", "/readyz")
            if status != 200:
                unready.append(body)
            time.sleep(0.05)

    threads = [threading.Thread(target=probe, args=(service,)) for service in replicas]
    for number, (ask, known) in enumerate(asks):
        for question, allowed in list(known.items())[number :: len(asks)]:
            threads.append(threading.Thread(target=watch.run, args=(ask, question, allowed, False)))
            if question.body is None and not question.pinned:
                threads.append(threading.Thread(target=watch.run, args=(ask, question, allowed, True)))
    for thread in threads:
        thread.start()
    try:
        yield unready
    finally:
        watch.stopping.set()
        for thread in threads:
            thread.join(60)


@contextmanager
def shared_database(folder: Path, **settings: str) -> Iterator[dict[str, str]]:
    """The settings of replicas that share a PostgreSQL, which is up to date."""
    with fresh("postgresql", folder) as url:
        settings["FORECAST_DATABASE_URL"] = url
        command(folder_of(folder, "commands"), "db", "upgrade", **settings)
        yield settings


def folder_of(folder: Path, name: str) -> Path:
    """A state folder."""
    (folder / name).mkdir(exist_ok=True)
    return folder / name


def moment(service: Service) -> float:
    """When the switch that was written last takes effect (time.time)."""
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forecast-Caller": "watcher"}
    status, body = service.ask("GET", "/v1/vintages/current", headers=headers)
    assert status == 200
    return datetime.fromisoformat(body["switches"][0]["effective_at"]).timestamp()


def until(at: float, watch: Watch) -> None:
    """Go on for a second beyond the moment."""
    while time.time() < at + 1:
        time.sleep(0.02)
    watch.wait_for(50)


@pytest.fixture(scope="module")
def both_fitted(saved_fits: str, state_dir: Path) -> str:
    """A folder with the fits of both vintages."""
    command(state_dir, "fit", "--quiet", "--vintage", NEW)
    return saved_fits


def test_switch_and_rollback_under_load(
    nginx: None, both_fitted: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    own = folder_of(tmp_path, "commands")
    with (
        shared_database(tmp_path, FORECAST_FITS_DIR=both_fitted, FORECAST_SWITCH_AHEAD=AHEAD_S) as settings,
        replicas(folder_of(tmp_path, "one"), folder_of(tmp_path, "two"), **settings) as running,
        gateway(tmp_path, (running[0].port, running[1].port)) as front,
    ):
        asks = [as_gateway(direct(service)) for service in running] + [through(front)]
        known = [truths(ask, (OLD, NEW)) for ask in asks]
        assert known[0] == known[1], "the replicas agree"
        watch = Watch()
        with watching(watch, list(zip(asks, known, strict=True)), running) as unready:
            begun = time.time()
            watch.wait_for(100)
            said = command(own, "data", "use", NEW, **settings)
            assert "current from" in said
            there = moment(running[0])
            until(there, watch)
            command(own, "data", "rollback", **settings)
            back = moment(running[1])
            until(back, watch)
        assert watch.wrong == []
        assert unready == [], "readiness never drops"
        early, late = watch.deviations([(begun, OLD), (there, NEW), (back, OLD)])
        tell(
            f"switch and rollback under load: {len(watch.seen)} answers and {watch.pinned} to old links "
            f"({dict(watch.kinds)}), none failed or mixed; first of the next vintage {early * 1000:.0f} ms early, "
            f"last of the one before {late * 1000:.0f} ms late"
        )
        assert {name for _, _, name in watch.seen} == {OLD, NEW}
        assert watch.kinds["304"] > 20
        assert max(early, late) < TOGETHER_S
        assert '"cache":"HIT"' in (tmp_path / "nginx.log").read_text(), "the gateway's cache took part"


@contextmanager
def one_replica(state_dir: Path, **more: str) -> Iterator[Service]:
    """A replica with two workers, ready."""
    service = start(state_dir, free_port(), **more)
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.stop()


def test_without_the_database_the_last_known_holds_and_a_switch_that_was_written_comes(
    both_fitted: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    with fresh("postgresql", tmp_path) as url:
        address = make_url(url)
        cable = Cable(str(address.host), int(address.port or 5432))
        through_cable = address.set(host="127.0.0.1", port=cable.port).render_as_string(hide_password=False)
        settings = {
            "FORECAST_DATABASE_URL": through_cable,
            "FORECAST_FITS_DIR": both_fitted,
            "FORECAST_SWITCH_AHEAD": "6",
        }
        own = tmp_path / "state"
        own.mkdir()
        command(own, "db", "upgrade", **settings)
        with one_replica(own, **settings) as service:
            watch, ask = Watch(), direct(service)
            with watching(watch, [(ask, truths(ask, (OLD, NEW)))], [service]) as unready:
                begun = time.time()
                watch.wait_for(50)
                command(own, "data", "use", NEW, **settings)
                there = moment(service)
                while time.time() < there - 3:  # everyone has looked
                    time.sleep(0.05)
                cable.pull()
                until(there, watch)
                assert service.ask("GET", "/readyz")[1]["database"] == "not reachable"
            assert watch.wrong == []
            assert unready == []
            early, late = watch.deviations([(begun, OLD), (there, NEW)])
            assert max(early, late) < TOGETHER_S
        with one_replica(own, **settings) as service:  # started anew without its database, it knows what it knew
            assert service.ask("GET", "/version")[1]["vintage"] == NEW
            cable.plug()
            command(own, "data", "rollback", **settings)
            deadline = time.time() + 30
            while service.ask("GET", "/version")[1]["vintage"] != OLD:
                assert time.time() < deadline
                time.sleep(0.1)
        cable.pull()
        tell(f"switch without the database: {len(watch.seen)} answers, none failed; {late * 1000:.0f} ms late at most")


def kept(service: Service) -> int:
    """Of how many allies a replica has the fits on the next vintage."""
    return int(service.ask("GET", f"/v1/vintages/{NEXT}")[1]["fits"]["kept"])


def test_import_refit_and_switch_under_load_on_replicas_with_folders_of_their_own(
    saved_fits: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    # As ones that run on this machine alone, so that everyone may do what needs the scope admin.
    ahead = {"FORECAST_FITS_DIR": saved_fits, "FORECAST_DRAWS": str(DRAWS), "FORECAST_SWITCH_AHEAD": AHEAD_S}
    with (
        shared_database(tmp_path, **ahead) as settings,
        one_replica(folder_of(tmp_path, "one"), **settings) as first,
        one_replica(folder_of(tmp_path, "two"), **settings) as second,
    ):
        asks = [direct(first), direct(second)]
        known = [truths(ask, (OLD,)) for ask in asks]
        watch = Watch()
        with watching(watch, list(zip(asks, known, strict=True)), [first, second]) as unready:
            begun = time.time()
            watch.wait_for(50)
            headers = {"Content-Type": XLSX}
            status, made = first.ask("POST", "/v1/vintages?source=nato", newer(DEU_2026=2.5), headers)
            assert (status, made["name"], made["base"]) == (201, NEXT, OLD), made
            assert second.ask("GET", f"/v1/vintages/{NEXT}")[1]["sha256"] == made["sha256"], "the other has it at once"
            assert not made["current"]
            patience, refused, every = time.time() + 900, 0, made["fits"]["of"]
            while min(kept(first), kept(second)) < every:  # each makes its own, beside, under load
                if kept(second) < every:
                    refused += second.ask("PUT", CURRENT, USE, JSON)[0] == 409
                assert time.time() < patience, (kept(first), kept(second))
                time.sleep(1)
            for ask, mine in zip(asks, known, strict=True):
                learn(ask, mine, NEXT)
            assert known[0] == known[1], "the replicas agree"
            status, written = second.ask("PUT", CURRENT, USE, JSON)
            assert status == 202, written
            at = datetime.fromisoformat(written["effective_at"]).timestamp()
            until(at, watch)
        assert watch.wrong == []
        assert unready == [], "readiness never drops"
        early, late = watch.deviations([(begun, OLD), (at, NEXT)])
        tell(
            f"import, refit and switch under load: {len(watch.seen)} answers and {watch.pinned} to old links "
            f"({dict(watch.kinds)}), none failed or mixed; refused {refused} times while fits were missing; "
            f"{early * 1000:.0f} ms early, {late * 1000:.0f} ms late at most"
        )
        assert refused > 0
        assert {name for _, _, name in watch.seen} == {OLD, NEXT}
        assert max(early, late) < TOGETHER_S
        forecast = first.ask("GET", "/v1/countries/DEU/forecast")[1]
        assert (forecast["vintage"], forecast["origin"]) == (NEXT, 2027)
        _heals(first, tmp_path, known[0], settings)


def _heals(first: Service, tmp_path: Path, known: Truths, settings: dict[str, str]) -> None:
    """A replica that starts with an empty folder, and one that loses its folder under load, answer as the first."""
    ahead = folder_of(tmp_path, "ahead")
    for file in (tmp_path / "one" / "fits").iterdir():  # all but the fits of one ally, which are to be made
        if file.suffix in {".json", ".npy"} and not file.name.startswith(f"EST-{NEXT}"):
            (ahead / file.name).symlink_to(file.resolve())
    with one_replica(folder_of(tmp_path, "three"), **settings | {"FORECAST_FITS_DIR": str(ahead)}) as third:
        ask = direct(third)
        for question, allowed in known.items():
            truth = next(iter(allowed.values())) if question.pinned else allowed[NEXT]
            assert ask(question, {}) == truth
        lost = "/v1/countries/EST/forecast"
        assert third.ask("GET", lost) == first.ask("GET", lost), "made from the copy of the vintage in the database"
        state, statuses, stop = tmp_path / "three", set(), threading.Event()

        def load() -> None:
            paths = [f"/v1/countries/{code}/forecast?vintage={NEXT}" for code in ("ALB", "BGR", "EST", "HUN", "PRT")]
            while not stop.is_set():
                for path in paths:
                    statuses.add(third.ask("GET", path)[0])
                    time.sleep(PAUSE_S)

        asking = [threading.Thread(target=load) for _ in range(2)]
        for thread in asking:
            thread.start()
        for _ in range(2):
            for name in ("vintages", "fits"):
                (state / name).rename(state / f"lost-{time.monotonic_ns()}")
            time.sleep(1)
            third.wait_until_ready()
        stop.set()
        for thread in asking:
            thread.join(60)
        assert statuses <= {200, 503}, statuses
        assert 200 in statuses
        assert (state / "vintages" / NEXT / "manifest.json").is_file()
        assert third.ask("GET", lost) == first.ask("GET", lost)
        for question, allowed in known.items():
            assert ask(question, {}) in allowed.values()
