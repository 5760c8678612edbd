"""Copy what Python and the installed packages need of the base: ``root.py TARGET VENV``.

That is the interpreter, the standard library without its tests and tools, the shared libraries that the linker names
for all of these, certificates, and Debian's list of the packages that own them, by which scanners know their versions.
No shell and no package manager.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

LEFT_OUT = shutil.ignore_patterns(
    "_ctypes_test*", "_dbm.*", "_pydecimal.py", "_pyio.py", "_test*", "_tkinter*", "_xx*", "config-*", "dist-packages",
    "distutils", "doctest.py", "ensurepip", "idlelib", "imaplib.py", "lib2to3", "mailbox.py", "nis.*", "nntplib.py",
    "pickletools.py", "pydoc.py", "pydoc_data", "site-packages", "smtpd.py", "test", "tests", "tkinter", "turtle.py",
    "turtledemo", "venv", "xmlrpc", "xxlimited*",
)  # fmt: skip
"""Names, also of modules that nothing in the image imports. One that is imported is bytecode by now: ``*.pyc``."""
FILES = (
    "/etc/debian_version", "/etc/group", "/etc/ld.so.cache", "/etc/nsswitch.conf", "/etc/os-release", "/etc/passwd",
)  # fmt: skip
FOLDERS = ("/etc/ssl/certs",)
ON_DEMAND = "libgcc_s.so.1"
"""Opened by the C library when a thread is cancelled, so no file names it."""
MOUNTED = {"dev": 0o755, "proc": 0o755, "run": 0o755, "sys": 0o755, "tmp": 0o1777, "var/tmp": 0o1777}


class Root:
    """The new root file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: set[Path] = set()
        for name in ("bin", "lib", "lib64", "sbin"):  # links to the same below usr
            if Path("/", name).is_symlink():
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).symlink_to(Path("/", name).readlink())

    def take(self, path: Path) -> None:
        """Copy a file, and the file that it links to."""
        path = path.parent.resolve() / path.name
        if path in self.taken:
            return
        self.taken.add(path)
        target = self.folder / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)
        if path.is_symlink():
            self.take(path.parent / path.readlink())

    def take_folder(self, path: Path) -> None:
        target = self.folder / path.relative_to("/")
        shutil.copytree(path, target, ignore=LEFT_OUT, ignore_dangling_symlinks=True, dirs_exist_ok=True)
        self.taken |= {path / file.relative_to(target) for file in target.rglob("*") if file.is_file()}

    def list_packages(self) -> None:
        """Write Debian's list of the packages that own what was taken, with their licences."""
        names = [f"{prefix}{file}" for file in self.taken for prefix in ("", "/usr")]
        names += [str(file).removeprefix("/usr") for file in self.taken]
        owned = subprocess.run(["dpkg-query", "--search", *names], capture_output=True, text=True, check=False).stdout
        packages = sorted({line.split(":")[0] for line in owned.splitlines() if not line.startswith("diversion")})
        status = subprocess.run(
            ["dpkg-query", "--status", *packages], capture_output=True, text=True, check=True
        ).stdout
        file = self.folder / "var/lib/dpkg/status"
        file.parent.mkdir(parents=True)
        file.write_text(status, encoding="utf-8")
        for package in packages:
            licence = Path("/usr/share/doc", package, "copyright")
            if licence.exists():
                self.take(licence)


def libraries(files: Sequence[Path]) -> list[Path]:
    """The shared libraries that the linker finds for ``files``.

    Raises SystemExit if one is missing that is not among ``files`` itself, as the packages' own are.
    """
    said = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False).stdout
    missing = set(re.findall(r"^\t(\S+) => not found", said, re.MULTILINE)) - {file.name for file in files}
    if missing:
        raise SystemExit(f"root.py: not in the base: {', '.join(sorted(missing))}")
    return [Path(name) for name in sorted(set(re.findall(r"^\t(?:\S+ => )?(/\S+) \(0x", said, re.MULTILINE)))]


def main(target: Path, venv: Path) -> None:
    root, stdlib = Root(target), Path(sysconfig.get_path("stdlib"))
    root.take_folder(stdlib)
    interpreter = venv / "bin/python3"
    while interpreter.is_symlink():
        interpreter = interpreter.parent / interpreter.readlink()
        root.take(interpreter)
    binaries = [interpreter, *(target / stdlib.relative_to("/")).rglob("*.so"), *venv.rglob("*.so*")]
    for library in libraries(binaries):
        if not library.is_relative_to(venv):
            root.take(library)
    root.take(next(Path("/usr/lib").rglob(ON_DEMAND)))
    for name in FILES:
        root.take(Path(name))
    for name in FOLDERS:
        root.take_folder(Path(name))
    root.list_packages()
    for name, mode in MOUNTED.items():
        (target / name).mkdir(parents=True, exist_ok=True)
        os.chmod(target / name, mode)  # noqa: PTH101  whatever the umask is


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
