"""A PostgreSQL and a Redis of a test's own, which it may stop; those that other tests share stay up."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.deploy.support.host import need
from tests.support.service import free_port


@dataclass
class PostgreSQL:
    """A cluster in a folder. PostgreSQL refuses to run as root: then it runs as its package's own user."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, command: str, *arguments: str) -> None:
        """One of PostgreSQL's commands on this cluster."""
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{command}"))
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        whole = [*user, str(found[-1]), "-D", str(self.folder / "data"), *arguments]
        # What it starts outlives it, and would hold a pipe open.
        with (self.folder / "commands.log").open("ab") as log:
            subprocess.run(whole, check=True, cwd=self.folder, stdout=log, stderr=log)

    def start(self) -> None:
        """Start, or start again; returns when it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self.run("pg_ctl", "-w", "-l", str(self.folder / "server.log"), "-o", options, "start")

    def stop(self) -> None:
        """End at once, as a crash would: no checkpoint, every connection cut."""
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A new cluster, running."""
    need("pg_ctlcluster", packages=("postgresql",))
    # Not in pytest's folder, which only the user of the test may enter.
    folder = Path(tempfile.mkdtemp(prefix="forecast-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = PostgreSQL(folder, free_port())
    try:
        server.run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)


@dataclass
class Redis:
    """A server that keeps nothing."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, or start again; returns when it answers."""
        with (self.folder / "redis.log").open("ab") as log:
            command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        for _ in range(200):
            try:
                self.keys()
                return
            except redis.ConnectionError:
                time.sleep(0.02)
        raise AssertionError((self.folder / "redis.log").read_text())

    def stop(self) -> None:
        """End at once."""
        assert self.process
        self.process.kill()
        self.process.wait(10)

    def keys(self) -> int:
        """How many keys it holds."""
        with redis.Redis(port=self.port) as client:
            return int(str(client.dbsize()))


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    """A new server, running."""
    need("redis-server", packages=("redis-server",))
    server = Redis(folder, free_port())
    server.start()
    try:
        yield server
    finally:
        if server.process and server.process.poll() is None:
            server.stop()
