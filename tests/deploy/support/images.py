"""Building and starting the image where no container engine runs: buildah without one, on a base of Debian's own.

The base that the Dockerfile names cannot be had here; debootstrap makes one of the same release, under the
same name. It is kept, since it takes a minute. What this cannot show is listed in docs/deployment.md.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.support.host import kept

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "Dockerfile"
IMAGE = "localhost/forecast-service:test"
WITH_EXTRAS = "localhost/forecast-service:test-extras"
PACKAGES = "localhost/forecast-service:packages"
EXTRAS = "otel parquet"
# As a build's user would write it: what the host has its certificates in, mounted for pip's sake.
CERTIFICATES = Path("/etc/ssl/certs")
INCLUDED = "python3,python3-venv,python3-pip,ca-certificates"


def base() -> str:
    """The name of the base that the Dockerfile takes; the stand-in cannot have its digest."""
    found = re.search(r"^ARG BASE=([^@\s]+)(@sha256:[0-9a-f]{64})?$", DOCKERFILE.read_text(), re.MULTILINE)
    assert found
    return found[1]


class Buildah:
    """buildah with a store of its own, without an engine and without namespaces."""

    def __init__(self) -> None:
        self.folder = kept("buildah")
        for name in ("storage", "run", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        self.policy = self.folder / "policy.json"
        self.policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
        configuration = self.folder / "storage.conf"
        configuration.write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{self.folder}/storage"\nrunroot = "{self.folder}/run"\n'
        )
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("FORECAST_")} | {
            "CONTAINERS_STORAGE_CONF": str(configuration),
            "BUILDAH_ISOLATION": "chroot",
            "TMPDIR": str(self.folder / "tmp"),
        }

    def __call__(self, *arguments: str | Path) -> str:
        """What the command prints."""
        done = subprocess.run(
            ["buildah", *map(str, arguments)], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"buildah {arguments[0]}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout.strip()

    def has(self, image: str) -> bool:
        """Whether the image is in the store."""
        command = ["buildah", "inspect", "--type", "image", image]
        return subprocess.run(command, env=self.environment, capture_output=True, check=False).returncode == 0

    @contextmanager
    def container(self, image: str) -> Iterator[str]:
        """A container made of the image, removed at the end."""
        name = self("from", "--pull=never", image)
        try:
            yield name
        finally:
            self("rm", name)

    def make_base(self) -> None:
        """Make the base unless the store has it."""
        if self.has(base()):
            return
        root = self.folder / "base"
        shutil.rmtree(root, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", "bookworm", str(root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"debootstrap: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        # What a slim base leaves out as well.
        for folder in ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(root / folder, ignore_errors=True)
        (root / "usr/bin/python").symlink_to("python3")
        with self.container("scratch") as name:
            target = Path(self("mount", name))
            shutil.copytree(root, target, symlinks=True, dirs_exist_ok=True, copy_function=shutil.move)
            self("umount", name)
            self("commit", "--quiet", "--signature-policy", self.policy, name, base())
        shutil.rmtree(root)

    def build(self) -> None:
        """Build the Dockerfile as it is, and with extras: from the same packages, and with the fits of the first."""
        self._build(PACKAGES, "--target", "packages")
        packages = ["--build-context", f"packages=container-image://{PACKAGES}"]
        self._build(IMAGE, *packages)
        fits = ["--build-context", f"fits=container-image://{IMAGE}"]
        self._build(WITH_EXTRAS, "--build-arg", f"EXTRAS={EXTRAS}", *packages, *fits)
        self("rmi", "--prune", "--force")

    def _build(self, name: str, *more: str) -> None:
        # Docker's format: OCI's has no place for the health check.
        options = [
            "--format=docker",
            "--pull=never",
            "--network=host",
            "--layers=false",
            "--signature-policy",
            str(self.policy),
        ]
        # pip's settings of this machine are the build's too, mounted, so that nothing of them is in the image.
        if CERTIFICATES.is_dir():
            options += ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
        options += ["--volume", f"{self._pip_settings()}:/etc/pip.conf:ro"]
        self("bud", *options, "--build-arg", f"BASE={base()}", *more, "--tag", name, ROOT)

    def _pip_settings(self) -> Path:
        names = {"PIP_CERT": "cert", "PIP_INDEX_URL": "index-url", "PIP_DEFAULT_TIMEOUT": "timeout"}
        lines = [f"{ours} = {os.environ[name]}" for name, ours in names.items() if name in os.environ]
        file = self.folder / "pip.conf"
        file.write_text("\n".join(["[global]", *lines, ""]))
        return file


class Beside:
    """The build of the image, beside other tests: they leave a core idle most of the time."""

    def __init__(self) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  it goes with this object
        command = ["nice", "-n", "19", sys.executable, "-m", "tests.deploy.support.images"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=self._said, stderr=subprocess.STDOUT, start_new_session=True
        )

    def wait(self) -> None:
        """Until the image is there."""
        code = self._process.wait(900)
        self._said.seek(0)
        assert code == 0, self._said.read().decode()

    def stop(self) -> None:
        """End it if nobody waits for it any more."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(60)
        self._said.close()


def build_once() -> Buildah:
    """Build the image, once in a run of the tests: each of its processes asks for it."""
    buildah = Buildah()
    run, done = os.environ.get("PYTEST_XDIST_TESTRUNUID", ""), buildah.folder / "built-by"
    with (buildah.folder / "lock").open("w") as lock:
        # Two at a time would write into each other's base.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not run or not done.exists() or done.read_text() != run:
            buildah.make_base()
            buildah.build()
            done.write_text(run)
    return buildah


if __name__ == "__main__":  # by hand: python -m tests.deploy.support.images
    buildah = build_once()
    sys.stdout.write(f"{IMAGE} is in {buildah.folder}\n")
