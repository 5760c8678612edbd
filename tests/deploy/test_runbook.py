"""The runbook: every command of the page is run as it stands there, and does what the page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from forecast_service.settings import Settings
from forecast_service.store.database import Database
from models.forecast import MODEL_VERSION
from tests.deploy.support.gateway import BEHIND, Gateway, gateway
from tests.deploy.support.host import need
from tests.deploy.support.load import load
from tests.support import other_model
from tests.support.callers import SCENARIO
from tests.support.databases import fresh
from tests.support.processes import within
from tests.support.service import FIT_TIMEOUT_S, Service, environment, free_port, serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
SWEEP = {
    "countries": ["DEU"],
    "scenario": {"name": "s", "levers": [{"type": "cap", "share_pct": {"from": 1, "to": 5, "steps": 5}}]},
}
_done: set[str] = set()
"""The sections whose commands a test has run."""


def _blocks(section: str, kind: str = "sh") -> list[str]:
    """The blocks of a kind in the section under a heading."""
    (found,) = re.findall(rf"^##+ {re.escape(section)}\n(.*?)(?=^##+ |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in re.findall(rf"^ *```{kind}\n(.*?)^ *```$", found, re.M | re.S)]


def _commands(section: str) -> list[str]:
    """The commands of a section, each on one line of the page."""
    return [line for block in _blocks(section) for line in block.splitlines()]


SECTIONS = [heading for heading in re.findall(r"^##+ (.+)$", TEXT, re.MULTILINE) if _commands(heading)]


class Operator:
    """Somebody at a shell, with the service's settings, who types what the page says."""

    def __init__(self, folder: Path, settings: dict[str, str], **more: str) -> None:
        self.folder = folder
        programs = folder / "programs"
        programs.mkdir(exist_ok=True)
        for name in ("forecast-service", "python"):
            (programs / name).unlink(missing_ok=True)
            (programs / name).symlink_to(Path(sys.executable).with_name(name))
        self.variables = settings | more | {"PATH": f"{programs}:{os.environ['PATH']}"}

    def types(self, section: str, *, expected: dict[int, int] | None = None) -> list[str]:
        """Run the commands of a section, one by one; what each wrote. ``expected`` are exit codes other than 0."""
        said = []
        for place, command in enumerate(_commands(section)):
            run = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.variables,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert run.returncode == (expected or {}).get(place, 0), (command, run.stdout, run.stderr)
            said.append(run.stdout + run.stderr)
        _done.add(section)
        return said


def _command(settings: dict[str, str], *arguments: str) -> str:
    """What a command of the service writes."""
    command = [sys.executable, "-m", "forecast_service.cli", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout.strip()


def _key(settings: dict[str, str]) -> str:
    return _command(settings, "keys", "create", "--owner", "alice", "--scopes", "read,write")


def _rows(url: str) -> dict[str, list[Any]]:
    """All rows of all tables."""
    from forecast_service.settings.database import database_url
    from forecast_service.store.tables import Base

    database = Database(database_url(Settings(database_url=url)))
    with database.engine.connect() as connection:
        rows = {t.name: connection.execute(t.select()).all() for t in Base.metadata.sorted_tables}
    database.close()
    return {name: sorted(map(str, found)) for name, found in rows.items()}


@pytest.fixture
def settings(tmp_path: Path, saved_fits: str) -> dict[str, str]:
    """The settings of a service with a state folder and keys of its own; a start links the fits, as in the image."""
    (tmp_path / "state").mkdir()
    more = {"FORECAST_AUTH": "api-key", "FORECAST_FITS_DIR": saved_fits}
    return environment(tmp_path / "state", **more)


@contextmanager
def _served(settings: dict[str, str], **more: str) -> Iterator[Service]:
    names = ("FORECAST_AUTH", "FORECAST_FITS_DIR", "FORECAST_DATABASE_URL")
    kept = {name: settings[name] for name in names if name in settings}
    with serving(Path(settings["FORECAST_STATE_DIR"]), **(kept | more)) as service:
        service.wait_until_ready()
        yield service


def _post(service: Service, key: str, path: str, body: Any) -> Any:
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    status, answer = service.ask("POST", path, json.dumps(body), headers)
    assert status in {201, 202}, answer
    return answer


def test_postgresql_is_backed_up_restored_and_downgraded(tmp_path: Path, settings: dict[str, str]) -> None:
    need("pg_dump", "pg_restore", "psql", packages=("postgresql-client",))
    with fresh("postgresql", tmp_path) as driven:
        url = driven.replace("+psycopg", "")
        settings |= {"FORECAST_DATABASE_URL": url}
        _command(settings, "db", "upgrade")
        key = _key(settings)
        restored = url.rpartition("/")[0] + "/forecast_restored"
        operator = Operator(tmp_path, settings, RESTORED_URL=restored)
        with _served(settings) as service:
            saved = _post(service, key, "/v1/scenarios", SCENARIO)
            operator.variables |= {"URL": service.url}
            ready, version, current = operator.types("Look first")
            assert (json.loads(ready)["database"], current) == ("ok", "the database is up to date\n")
            assert json.loads(version)["model"] == MODEL_VERSION
            operator.types("Back up PostgreSQL")
        try:
            said = operator.types("Restore PostgreSQL")
            assert "valid read,write 'alice'" in said[-1]
            assert _rows(restored) == _rows(url)
            with _served(settings | {"FORECAST_DATABASE_URL": restored}) as service:
                status, found = service.ask("GET", f"/v1/scenarios/{saved['id']}", headers={"X-API-Key": key})
                assert (status, found["name"]) == (200, SCENARIO["name"])
        finally:
            drop = ["psql", url, "--quiet", "--command", "DROP DATABASE IF EXISTS forecast_restored WITH (FORCE)"]
            subprocess.run(drop, check=True)
        before, _after = operator.types("Downgrade the database", expected={0: 1})
        assert "0006 undone; lost for good: Nothing" in before
        assert "nothing was changed" in before
        with pytest.raises(subprocess.CalledProcessError):
            _command(settings, "db", "current")


def test_sqlite_is_backed_up_while_it_is_written_and_restored(tmp_path: Path, settings: dict[str, str]) -> None:
    key, state = _key(settings), tmp_path / "state"
    operator = Operator(tmp_path, settings)
    with _served(settings) as service:
        saved = _post(service, key, "/v1/scenarios", SCENARIO)
        assert (state / "forecast.sqlite-wal").stat().st_size, "what was written last is there, and not in the file"
        operator.types("Back up SQLite")
        later = _post(service, key, "/v1/scenarios", SCENARIO | {"name": "later"})
    (state / "forecast.sqlite").write_bytes(b"damaged")
    operator.types("Restore SQLite")
    with sqlite3.connect(state / "forecast.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with _served(settings) as service:
        for identifier, status in ((saved["id"], 200), (later["id"], 404)):
            assert service.ask("GET", f"/v1/scenarios/{identifier}", headers={"X-API-Key": key})[0] == status


def test_a_lost_state_folder_and_a_full_disk_heal(tmp_path: Path, settings: dict[str, str]) -> None:
    need("mount", packages=("mount",), root=True)  # a small disk
    state = tmp_path / "state"
    with fresh("postgresql", tmp_path) as url, ExitStack() as stack:
        settings |= {"FORECAST_DATABASE_URL": url.replace("+psycopg", "")}
        _command(settings, "db", "upgrade")
        key = _key(settings)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(state)], check=True)
        stack.callback(subprocess.run, ["umount", "--lazy", str(state)], check=True)
        with _served(settings) as service:
            operator = Operator(tmp_path, settings, URL=service.url)
            asked: dict[str, Any] = {"headers": {"X-API-Key": key}, "timeout": FIT_TIMEOUT_S}
            assert service.ask("GET", "/v1/countries/DEU/forecast", **asked)[0] == 200

            shutil.rmtree(state / "fits")
            status, ready = service.ask("GET", "/readyz")
            assert (status, len(ready["missing"]) > 20) == (503, True)
            assert service.ask("GET", "/v1/countries/DEU/forecast", **asked)[0] == 200, "what is open is answered"
            assert json.loads(operator.types("Lost state folder")[-1])["status"] == "ready"

            filled = ["dd", "if=/dev/zero", f"of={state}/fits/DEU-of-a-past-origin.npy", "bs=64K"]
            assert b"No space left" in subprocess.run(filled, capture_output=True, check=False).stderr
            status, ready = service.ask("GET", "/readyz")
            assert (status, ready["state"]) == (200, "No space left on device")
            assert service.ask("GET", "/v1/countries/FRA/forecast", **asked)[0] == 200, "its fit is saved"
            status, refused = service.ask("GET", "/v1/countries/DEU/forecast?origin=2020&deadline=2030", **asked)
            assert (status, refused["type"]) == (503, "urn:forecast-service:problem:state-unavailable")
            assert json.loads(operator.types("Full disk")[-1])["state"] == "ok"
            assert service.ask("GET", "/v1/countries/DEU/forecast?origin=2020&deadline=2030", **asked)[0] == 200


def _worker_of(service: Service) -> int:
    """The sweep worker beside a service."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"work" in words and b"--beside" in words and str(service.process.pid).encode() in words:
            return int(entry.parent.name)
    raise AssertionError("no worker")


def test_a_stuck_sweep_is_computed_elsewhere_or_cancelled(tmp_path: Path, settings: dict[str, str]) -> None:
    key = _key(settings)
    settings |= {"FORECAST_SWEEP_PROCESSES": "1"}
    with _served(settings) as service:
        worker = _worker_of(service)
        os.kill(worker, signal.SIGSTOP)
        try:
            sweep = _post(service, key, "/v1/sweeps", SWEEP)
            operator = Operator(tmp_path, settings, URL=service.url, KEY=key, SWEEP=sweep["id"])
            waiting, _running, _worked, cancelled = operator.types("Stuck sweep")
            assert [one["id"] for one in json.loads(waiting)["items"]] == [sweep["id"]]
            # It was computed before it could be cancelled; another one was not.
            assert (json.loads(cancelled)["status"], json.loads(cancelled)["progress"]) == ("done", 1)
            second = _post(service, key, "/v1/sweeps", SWEEP)
            cancel = [command for command in _commands("Stuck sweep") if "/cancel" in command]
            operator.variables["SWEEP"] = second["id"]
            run = subprocess.run(["bash", "-c", *cancel], env=operator.variables, capture_output=True, check=True)
            assert json.loads(run.stdout)["status"] == "cancelled"
        finally:
            os.kill(worker, signal.SIGCONT)


def test_keys_are_rotated_and_writing_stops(tmp_path: Path, settings: dict[str, str]) -> None:
    key = _key(settings)
    operator = Operator(tmp_path, settings, KEY_ID=key.split("_")[1], KEY=key)
    listed, rotated, _revoked = operator.types("Rotate a key")
    assert f"{operator.variables['KEY_ID']} valid" in listed
    (new,) = re.findall(r"^fs_\w+$", rotated, re.MULTILINE)
    with _served(settings, FORECAST_READ_ONLY="true") as service:
        operator.variables["URL"] = service.url
        assert service.ask("GET", "/v1/countries", headers={"X-API-Key": key})[0] == 401
        assert service.ask("GET", "/v1/countries/DEU/forecast", headers={"X-API-Key": new})[0] == 200
        assert json.loads(operator.types("Stop all writing")[0])["read_only"] is True
        sent = {"X-API-Key": new, "Content-Type": "application/json"}
        status, refused = service.ask("POST", "/v1/scenarios", json.dumps(SCENARIO), sent)
        assert (status, refused["type"]) == (503, "urn:forecast-service:problem:read-only")


def _replica(state: Path, program: str, **more: str) -> Service:
    """One replica of a release; whoever calls this ends it."""
    port = free_port()
    settings = environment(state, **BEHIND, **more)
    with (state / f"serve-{port}.log").open("wb") as log:
        command = [sys.executable, "-m", program, "serve", "--port", str(port)]
        return Service(subprocess.Popen(command, env=settings, stdout=log, stderr=log, cwd=ROOT), port)


def _model(site: Gateway) -> str:
    answer = site.ask("/forecasting/v1/countries/DEU/forecast")
    assert answer.status == 200, answer.body
    return str(answer.json["model_version"])


def test_a_new_model_version_answers_from_one_moment_on(
    tmp_path: Path, saved_fits: str, settings: dict[str, str]
) -> None:
    need("nginx", packages=("nginx-light",))
    old_state, new_state = tmp_path / "old", tmp_path / "new"
    for state in (old_state, new_state):
        state.mkdir()
    other_model.adopt(Path(saved_fits), new_state / "fits")
    with fresh("postgresql", tmp_path) as driven, ExitStack() as stack:
        shared = {"FORECAST_DATABASE_URL": driven.replace("+psycopg", ""), "FORECAST_FITS_DIR": saved_fits}
        settings |= shared
        _command(settings, "db", "upgrade")
        old = [_replica(old_state, "forecast_service.cli", **shared) for _ in range(2)]
        new = [_replica(new_state, "tests.support.other_model", **shared) for _ in range(2)]
        for service in (*old, *new):
            stack.callback(service.stop)
        for service in old:
            service.wait_until_ready()
        site = stack.enter_context(gateway(tmp_path / "gateway", (old[0].port, old[1].port)))
        programs = {f"OLD_{n}": f"127.0.0.1:{s.port}" for n, s in enumerate(old, 1)}
        programs |= {f"NEW_{n}": f"127.0.0.1:{s.port}" for n, s in enumerate(new, 1)}
        operator = Operator(tmp_path, settings, GATEWAY_CONF=str(site.folder / "forecast.conf"), **programs)
        nginx = tmp_path / "programs" / "nginx"
        nginx.write_text(
            f"#!/bin/sh\nexec {shutil.which('nginx')} -p {site.folder} -e {site.folder}/error.log "
            f'-c {site.folder}/nginx.conf "$@"\n'
        )
        nginx.chmod(0o755)
        seen: list[tuple[float, float, str]] = []

        def ask() -> int:
            begun = time.monotonic()
            model = _model(site)
            seen.append((begun, time.monotonic(), model))
            return 200

        with load(ask, clients=3) as running:
            running.wait_for(20, patience=120)
            operator.types("Upgrade to a new model version")
            switched = time.monotonic()
            assert within(60, lambda: _model(site) == other_model.VERSION)
            running.wait_for(40, patience=120)
        assert running.failures == {}, running.answers
        first_new = min(ended for _, ended, model in seen if model == other_model.VERSION)
        late = [begun - first_new for begun, _, model in seen if model == MODEL_VERSION and begun > first_new]
        # nginx's old processes take no connection once the new ones are there.
        assert max(late, default=0.0) < 1.0, (first_new, switched)
        assert {model for begun, _, model in seen if begun > first_new + 1} == {other_model.VERSION}


def test_on_kubernetes_the_service_of_the_first_release_chooses_one(tmp_path: Path) -> None:
    need("kubectl", packages=("kubernetes-client",))
    base = tmp_path / "deploy" / "kustomize"
    shutil.copytree(ROOT / "deploy" / "kustomize", base)
    overlay = base / "overlays" / "NAME-2"
    overlay.mkdir(parents=True)
    (overlay / "kustomization.yaml").write_text(*_blocks("On Kubernetes", "yaml"))

    def rendered(folder: Path) -> list[dict[str, Any]]:
        run = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True)
        return [one for one in yaml.safe_load_all(run.stdout) if one]

    first, second = rendered(base / "base"), rendered(overlay)
    names = [{(one["kind"], one["metadata"]["name"]) for one in each} for each in (first, second)]
    assert names[0] & names[1] == {("Namespace", "forecast-service")}
    assert "HTTPRoute" not in {one["kind"] for one in second}
    pods = [
        next(one for one in each if one["kind"] == "Deployment" and one["metadata"]["name"] == name)["spec"]["template"]
        for each, name in ((first, "forecast-service"), (second, "forecast-service-2"))
    ]
    labels = [pod["metadata"]["labels"] for pod in pods]
    assert pods[1]["spec"]["containers"][0]["image"].endswith(":2.0.0")
    (service,) = [one for one in first if one["kind"] == "Service" and one["metadata"]["name"] == "forecast-service"]
    file = tmp_path / "service.yaml"
    file.write_text(yaml.safe_dump(service))

    def chosen(selector: dict[str, str]) -> list[bool]:
        return [selector.items() <= each.items() for each in labels]

    assert chosen(service["spec"]["selector"]) == [True, False]
    (patch,) = re.findall(r"^kubectl patch service forecast-service --patch '(.+)'$", TEXT, re.MULTILINE)
    command = ["kubectl", "patch", "--local", "--filename", str(file), "--patch", patch, "--output", "yaml"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert chosen(yaml.safe_load(run.stdout)["spec"]["selector"]) == [False, True]


def test_every_command_was_run(request: pytest.FixtureRequest) -> None:
    """The last test of this file; run alone, it can only say that sections have tests."""
    ran = {item.name for item in request.session.items if item.path == Path(__file__)}
    if len(ran) == len([name for name in globals() if name.startswith("test_")]):
        assert set(SECTIONS) == _done
    source = Path(__file__).read_text(encoding="utf-8")
    assert [section for section in SECTIONS if f'types("{section}"' not in source] == []
