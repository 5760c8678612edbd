"""What the image consists of, in MB (10^6 bytes): ``python -m benchmarks.speed.image_size ROOT``.

ROOT is the image's file system: what ``buildah mount`` of a container prints, or an unpacked ``docker export``.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

MB = 1e6
BASE, FITS, REST = "base (Python, C libraries, certificates)", "fits", "rest of /app"
LARGEST = 12


def parts(root: Path) -> Counter[str]:
    """The size of each part; those of the installed packages are named by what their files are."""
    found: Counter[str] = Counter()
    for file in _files(root):
        found[_part(file.relative_to(root))] += file.lstat().st_size / MB
    return found


def packages(root: Path) -> Counter[str]:
    """The size of each folder of site-packages."""
    found: Counter[str] = Counter()
    for folder in root.glob("app/venv/lib/python3*/site-packages"):
        for file in _files(folder):
            found[file.relative_to(folder).parts[0]] += file.lstat().st_size / MB
    return found


def table(root: Path) -> str:
    """Both as text."""
    made, by_package = parts(root), packages(root)
    lines = [f"{size:7.1f} {part}" for part, size in made.most_common()]
    lines += [f"{made.total():7.1f} in all", "", "the largest packages"]
    return "\n".join([*lines, *(f"{size:7.1f} {name}" for name, size in by_package.most_common(LARGEST))])


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_symlink() or file.is_file()]


def _part(file: Path) -> str:
    if file.parts[0] != "app":
        return BASE
    if file.parts[1] == "fits":
        return FITS
    if file.parts[1] != "venv":
        return REST
    if ".so" in file.suffixes:
        return "packages: shared libraries"
    return f"packages: { {'.pyc': 'bytecode', '.py': 'sources'}.get(file.suffix, 'other files') }"


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
