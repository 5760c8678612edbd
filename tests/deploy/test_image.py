"""The image, really built, and started from its own file system: read-only, as its own user, with its own command."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import IO, Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from benchmarks.speed.image_size import table
from benchmarks.speed.measure import pss_mb, workers_of
from models.dataset.countries import allies
from models.ensemble.members.registry import LOCAL
from tests.deploy.support.images import IMAGE, WITH_EXTRAS, Buildah
from tests.models.dataset.publishers import nato_book, saved
from tests.support.databases import fresh
from tests.support.service import Service, free_port

COMMAND = "/app/venv/bin/forecast-service"
JSON = {"Content-Type": "application/json"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
MOST_MB = 600
"""The whole image, as ``buildah images`` and ``docker images`` count it."""
CHARTS = (
    "/v1/countries/DEU/forecast.svg?scenario=border-war", "/v1/countries/DEU/forecast.png",
    "/v1/countries/DEU/sensitivity.svg", "/v1/countries/ESP/waterfall.svg?scenario=border-war",
    "/v1/alliance/ranking.svg", "/v1/alliance/heatmap.png", "/v1/alliance/count.svg",
    "/v1/track-record/reliability.svg",
)  # fmt: skip

# In mount namespace of its own: the image's root read-only, and what an engine would mount.
ENTER = """
set -eu
root=$1; shift
mount --bind "$root" "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o uid=10001,gid=10001,mode=0750 tmpfs "$root/app/state"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,ro,bind "$root"
exec chroot --userspec=10001:10001 "$root" "$@"
"""


@dataclass(frozen=True)
class Image:
    """A built image: its root in the file system and its configuration."""

    root: Path
    config: dict[str, Any]
    megabytes: float

    def start(self, output: int | IO[bytes], *command: str, **more: str) -> subprocess.Popen[bytes]:
        """Run a command in it as an engine would; the process is the command's own."""
        environment = dict(entry.split("=", 1) for entry in self.config["Env"]) | more
        return subprocess.Popen(
            ["unshare", "--mount", "/bin/sh", "-c", ENTER, "sh", str(self.root), *command],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def run(self, *command: str, **more: str) -> tuple[int, str]:
        """Exit code and output of a command in it."""
        process = self.start(subprocess.PIPE, *command, **more)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output.decode()

    @contextmanager
    def serving(self, **more: str) -> Iterator[Service]:
        """The image's own command, on a free port of this machine's loopback."""
        port = free_port()
        command = list(self.config["Cmd"])
        command[command.index("0.0.0.0")] = "127.0.0.1"  # noqa: S104  what it says; what is taken is loopback
        command[command.index("8000")] = str(port)
        with tempfile.TemporaryFile() as log:
            service = Service(self.start(log, *command, **{"WEB_CONCURRENCY": "2"} | more), port)
            try:
                yield service
            finally:
                service.stop()


@pytest.fixture(scope="module")
def image(built: None) -> Iterator[Image]:
    """Built from the Dockerfile as it is; the base is kept between runs."""
    with _mounted(IMAGE) as image:
        yield image


@pytest.fixture(scope="module")
def with_extras(built: None) -> Iterator[Image]:
    """Built with EXTRAS."""
    with _mounted(WITH_EXTRAS) as image:
        yield image


@contextmanager
def _mounted(name: str) -> Iterator[Image]:
    buildah = Buildah()
    with buildah.container(name) as container:
        root = Path(buildah("mount", container))
        inspected = json.loads(buildah("inspect", "--type", "image", name))
        yield Image(root, inspected["Docker"]["config"], _megabytes(buildah, name))
        buildah("umount", container)


def _megabytes(buildah: Buildah, name: str) -> float:
    (listed,) = json.loads(buildah("images", "--json", name))
    number, unit = listed["size"].split()
    return float(number) * {"KB": 1e-3, "MB": 1, "GB": 1e3}[unit]


def test_it_is_ready_in_seconds_answers_and_stops_cleanly(image: Image, tell: Callable[[str], None]) -> None:
    begun = time.monotonic()
    with image.serving() as service:
        service.wait_until_ready()
        ready_s = time.monotonic() - begun
        status, forecast = service.ask("GET", "/v1/countries/DEU/forecast")
        assert (status, forecast["draws"]) == (200, 10_000)
        for path in ("/v1/countries", "/v1/countries/POL/history", "/openapi.json"):
            assert service.ask("GET", path)[0] == 200
        created, kept = service.ask(
            "POST",
            "/v1/scenarios",
            json.dumps({"name": "kept", "levers": [{"type": "cap", "share_pct": 3.0}]}),
            JSON,
        )
        assert created == 201, kept
        pid = service.process.pid
        assert _status(pid)["Uid"].split() == ["10001"] * 4
        assert _status(pid)["Gid"].split() == ["10001"] * 4
        workers = workers_of(pid)
        assert len(workers) == 2
        memory = [pss_mb([worker]) for worker in workers]
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
    tell(
        f"image {image.megabytes:.0f} MB, ready in {ready_s:.1f} s, a worker {max(memory):.0f} MB (PSS)\n"
        + table(image.root)
    )
    assert ready_s < 30
    assert image.megabytes <= MOST_MB


def _bytes(service: Service, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_what_was_left_out_of_it_is_missed_by_nothing(image: Image) -> None:
    """Drawing, reading a workbook, fitting own series with every member, tables, pages, the contract."""
    with image.serving(FORECAST_FIT_TIMEOUT_S="300") as service:
        service.wait_until_ready()
        for path in CHARTS:
            status, drawn = _bytes(service, path)
            assert (status, drawn[:4] in {b"<svg", b"\x89PNG"}) == (200, True), path
        for path in ("/", "/docs", "/v1/countries/DEU/forecast.csv", "/v1/vintages"):
            assert _bytes(service, path)[0] == 200, path
        assert (
            _bytes(service, "/v1/countries/DEU/forecast", **{"Accept-Encoding": "zstd"})[1][:4] == b"\x28\xb5\x2f\xfd"
        )
        series = {str(year): 1 + year % 5 / 10 for year in range(2000, 2026)}
        status, answer = service.ask("POST", "/v1/forecasts", json.dumps({"history": series}), JSON)
        assert status == 200, answer
        assert len(answer["members"]) == len(LOCAL)
        assert {member["left_out"] for member in answer["members"]} == {None}
        status, answer = service.ask("POST", "/v1/vintages?source=nato", saved(nato_book()), XLSX)
        assert status in {201, 409}, answer


def test_its_commands_reach_postgresql_and_backtest(image: Image, tmp_path: Path) -> None:
    with fresh("postgresql", tmp_path) as url:
        assert image.run(COMMAND, "db", "upgrade", FORECAST_DATABASE_URL=url)[0] == 0
        code, said = image.run(COMMAND, "keys", "create", "--owner", "me", FORECAST_DATABASE_URL=url)
        assert code == 0, said
    code, said = image.run(COMMAND, "backtest", "--origins", "2024:2025", "--horizon", "2", "--processes", "1")
    assert code == 0, said
    assert image.run(COMMAND, "forecast", "DEU")[0] == 0


def test_it_reads_bearer_tokens(image: Image) -> None:
    key = ECKey.generate_key("P-256", {"kid": "k"})
    keys = image.root / "app/jwks.json"
    keys.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    claims = {"iss": "https://idp.example", "aud": "forecast", "sub": "alice", "exp": int(time.time()) + 600}
    token = jwt.encode({"alg": "ES256", "kid": "k"}, claims | {"scope": "read"}, key, algorithms=["ES256"])
    issuer = {"FORECAST_JWT_ISSUER": claims["iss"], "FORECAST_JWT_AUDIENCE": claims["aud"]}
    with image.serving(FORECAST_AUTH="jwt", FORECAST_JWT_JWKS="/app/jwks.json", **issuer) as service:
        service.wait_until_ready()
        assert _bytes(service, "/v1/countries", Authorization=f"Bearer {token}")[0] == 200
        assert _bytes(service, "/v1/countries", Authorization=f"Bearer {token[:-2]}")[0] == 401
    keys.unlink()


def test_it_lists_its_packages_as_cyclonedx(image: Image) -> None:
    """The build validates the list by its schema."""
    listed = json.loads((image.root / "app/sbom.cdx.json").read_text(encoding="utf-8"))
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    assert listed["metadata"]["component"]["name"] == "forecast-service"
    components = {(part["name"], part["version"]) for part in listed["components"]}
    (folder,) = (image.root / "app/venv/lib").glob("python3*/site-packages")
    installed = {(found.name, found.version) for found in distributions(path=[str(folder)])}
    assert components == {(name, version) for name, version in installed if name != "forecast-service"}
    assert all(part["purl"].startswith("pkg:pypi/") and part["licenses"] for part in listed["components"])
    owners = (image.root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    assert {"libc6", "libssl3"} <= set(re.findall(r"^Package: (.+)$", owners, re.MULTILINE))


def test_each_module_is_in_it_once(image: Image) -> None:
    """A package's module is bytecode if it is used, else source; ours are both, for tracebacks and migrations."""
    (folder,) = (image.root / "app/venv/lib").glob("python3*/site-packages")
    ours = {folder / "forecast_service", folder / "models"}
    for source in folder.rglob("*.py"):
        if not ours & set(source.parents):
            assert not source.with_suffix(".pyc").exists()
            assert not list(source.parent.glob(f"__pycache__/{source.stem}.*.pyc"))
    assert (folder / "numpy/__init__.pyc").exists(), "compiled: the root is read-only"


def test_extras_can_be_had(with_extras: Image) -> None:
    with with_extras.serving(FORECAST_TRACES="true") as service:
        service.wait_until_ready()
        assert _bytes(service, "/v1/countries/DEU/forecast.parquet")[1][:4] == b"PAR1"
    names = {part["name"] for part in json.loads((with_extras.root / "app/sbom.cdx.json").read_text())["components"]}
    assert {"pyarrow", "opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"} <= names


def _status(pid: int) -> dict[str, str]:
    return dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)


def test_it_does_not_open_to_everyone_by_itself(image: Image) -> None:
    code, said = image.run(*image.config["Cmd"])
    assert code != 0
    assert "FORECAST_AUTH" in said


def test_its_fits_are_whole_so_nothing_is_fitted_at_the_start(image: Image) -> None:
    code, said = image.run("/app/venv/bin/forecast-service", "fit", "--processes", "1")
    assert code == 0, said
    assert said.startswith("0 allies fitted") or f"{len(allies())} allies" not in said
    assert list((image.root / "app/fits").glob("DEU-*.json"))


def test_its_health_check_tells_a_running_service_from_none(image: Image) -> None:
    check = image.config["Healthcheck"]["Test"]
    assert check[0] == "CMD", "no shell"
    assert image.run(*check[1:])[0] != 0
    with image.serving() as service:
        service.wait_until_ready()
        ours = [part.replace(":8000/", f":{service.port}/") for part in check[1:]]
        assert image.run(*ours)[0] == 0


def test_it_says_what_it_is_and_who_runs_it(image: Image) -> None:
    config = image.config
    assert config["User"] == "10001:10001"
    assert config["Cmd"][0].startswith("/"), "exec form: no shell"
    assert set(config["Volumes"]) == {"/app/state"}
    labels = {name.removeprefix("org.opencontainers.image.") for name in config["Labels"]}
    assert {"title", "description", "licenses", "version", "revision"} <= labels
    data_licenses = config["Labels"]["forecast-service.data-licenses"]
    (named,) = re.findall(r"/\S+\.md", data_licenses)
    assert "| [SIPRI]" in (image.root / named.lstrip("/")).read_text(encoding="utf-8")
    assert "FORECAST_SIPRI=false" in data_licenses
    for entry in config["Env"]:
        assert not entry.startswith(("PIP_", "SSL_")), "nothing of whoever built it"


def test_it_carries_nothing_to_build_with(image: Image) -> None:
    commands = {file.name for file in image.root.glob("usr/**/bin/*")} | {f.name for f in image.root.glob("usr/sbin/*")}
    assert not {name for name in commands if not name.startswith("python")}, "no shell, compiler or package manager"
    packages = image.root / "app/venv/lib"
    assert not list(packages.rglob("site-packages/pip"))
    assert not list(packages.rglob("site-packages/setuptools"))
    assert not list(packages.rglob("tests/test_*.py"))
    assert not (image.root / "src").exists()


def test_nothing_in_it_can_be_written_but_its_state_and_tmp(image: Image) -> None:
    probe = (
        "import os, pathlib\n"
        "for folder in ('/', '/app', '/app/fits', '/app/venv', '/etc', '/usr', '/app/state', '/tmp'):\n"
        "    try:\n"
        "        pathlib.Path(folder, 'x').write_text('')\n"
        "        print(folder)\n"
        "    except OSError:\n"
        "        pass\n"
    )
    code, said = image.run("/app/venv/bin/python", "-c", probe)
    assert (code, said.split()) == (0, ["/app/state", "/tmp"])  # noqa: S108
    foreign = [file for file in (image.root / "app").rglob("*") if file.lstat().st_uid == 10001]
    assert foreign == [image.root / "app/state"], "what runs owns nothing of what it runs"
