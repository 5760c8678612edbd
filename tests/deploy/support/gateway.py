"""Debian's nginx with ``deploy/nginx``, before replicas of the service, and clients that know its certificate."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from tests.support.service import Service, environment, free_port

TEMPLATE = Path(__file__).parents[3] / "deploy" / "nginx" / "forecast.conf.template"
KEY = "3f" * 32
CALLER = "analyst-1"
OTHER_KEY = "a1" * 32
OTHER_CALLER = "analyst-2"
ADMIN_KEY = "0b" * 32
ADMIN = "operator"
# As compose.yaml sets it for the replicas.
BEHIND = {
    "FORECAST_TRUSTED_PROXIES": "1",
    "FORECAST_IDENTITY_HEADER": "X-Forecast-Caller",
    "FORECAST_IDENTITY_ADMINS": ADMIN,
    "FORECAST_GATEWAY_CACHE": "true",
}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Gateway:
    """A running nginx."""

    folder: Path
    port: int
    plain_port: int
    context: ssl.SSLContext
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def workers(self) -> list[int]:
        """Ids of the processes that answer."""
        master = self.process.pid
        return [int(it) for it in Path(f"/proc/{master}/task/{master}/children").read_text().split()]

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: Any = None,
        headers: dict[str, str] | None = None,
        key: str | None = KEY,
    ) -> Answer:
        """One request on a connection of its own; ``path`` as a client writes it."""
        sent = {"X-API-Key": key} if key else {}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=30, context=self.context)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, sent | (headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def configure(
    folder: Path,
    replicas: tuple[int, int],
    rate: str,
    burst: int,
    auth: str = "none",
    admins_from: str = "127.0.0.0/8",
    processes: int = 1,
) -> tuple[int, int]:
    """Write everything that nginx reads into ``folder``; the TLS and the plain port."""
    certificate = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    files = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    command = ["openssl", "req", *certificate, "-addext", "subjectAltName=DNS:localhost", *files]
    subprocess.run(command, check=True, capture_output=True)
    keys = {KEY: CALLER, OTHER_KEY: OTHER_CALLER, ADMIN_KEY: ADMIN}
    (folder / "keys").write_text("".join(f'"{key}" "{caller}";\n' for key, caller in keys.items()))
    tls, plain = free_port(), free_port()
    text = Template(TEMPLATE.read_text()).safe_substitute(
        GATEWAY_HTTP=f"127.0.0.1:{plain}",
        GATEWAY_HTTPS=f"127.0.0.1:{tls}",
        GATEWAY_NAME="localhost",
        GATEWAY_TLS=str(folder),
        GATEWAY_AUTH=auth,
        GATEWAY_KEYS=str(folder / "keys"),
        GATEWAY_ADMINS_FROM=admins_from,
        GATEWAY_CACHE=str(folder / "cache"),
        GATEWAY_RATE=rate,
        GATEWAY_BURST=str(burst),
        REPLICA_1=f"127.0.0.1:{replicas[0]}",
        REPLICA_2=f"127.0.0.1:{replicas[1]}",
    )
    assert not re.search(r"\$\{[A-Z]", text)
    (folder / "forecast.conf").write_text(text)
    temporary = "".join(
        f"    {name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # nginx's own user may not enter pytest's folder, where the cache is.
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nworker_processes {processes};\n"
        "events { worker_connections 512; }\n"
        f"http {{\n{temporary}    access_log off;\n    include {folder}/forecast.conf;\n}}\n"
    )
    return tls, plain


def nginx_command(folder: Path) -> list[str]:
    """nginx on what :func:`configure` wrote."""
    return ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]


@contextmanager
def gateway(
    folder: Path, replicas: tuple[int, int], rate: str = "1000r/s", burst: int = 1000, **more: Any
) -> Iterator[Gateway]:
    """nginx before two replicas, ended when the block is left."""
    folder.mkdir(exist_ok=True)
    tls, plain = configure(folder, replicas, rate, burst, **more)
    context = ssl.create_default_context(cafile=str(folder / "tls.crt"))
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen(nginx_command(folder), stdout=log, stderr=log)
        running = Gateway(folder, tls, plain, context, process)
        try:
            _wait(running)
            yield running
        finally:
            process.terminate()
            process.wait(20)


def _wait(running: Gateway) -> None:
    for _ in range(200):
        assert running.process.poll() is None, (running.folder / "nginx.log").read_text()
        try:
            if running.ask("/").status == 404:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nginx does not answer")


def start(state_dir: Path, port: int, **more: str) -> Service:
    """One replica; whoever calls this ends it."""
    settings = environment(state_dir, WEB_CONCURRENCY="2") | more
    with (state_dir / f"serve-{port}.log").open("ab") as log:
        arguments = [sys.executable, "-m", "forecast_service.cli", "serve", "--port", str(port)]
        return Service(subprocess.Popen(arguments, env=settings, stdout=log, stderr=log), port)


@contextmanager
def replicas(*state_dirs: Path, **more: str) -> Iterator[list[Service]]:
    """Two replicas with two workers each that are ready, each on its own state folder if there are two."""
    running: list[Service] = []
    try:
        running += [start(folder, free_port(), **BEHIND, **more) for folder in (*state_dirs, state_dirs[0])[:2]]
        for service in running:
            service.wait_until_ready()
        yield running
    finally:
        for service in running:
            service.stop()
