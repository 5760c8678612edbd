"""Delete what ``left_out.txt`` names from the installed packages: ``leave_out.py SITE_PACKAGES``.

Of the libraries that both numpy and scipy bundle, one stays, with a link in the place of the other.
"""

from __future__ import annotations

import filecmp
import shutil
import sys
from pathlib import Path

LIST = Path(__file__).with_name("left_out.txt")


def leave_out(folder: Path) -> None:
    """Raises SystemExit if a line of the list matches nothing."""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        found = list(folder.glob(line))
        if not found:
            raise SystemExit(f"{LIST.name}: {line} matches nothing in {folder}")
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def link_equal(kept: Path, other: Path) -> None:
    """Replace the files of ``other`` that are equal to those of ``kept``, a folder beside it, by links."""
    for library in kept.iterdir():
        twin = other / library.name
        if twin.exists() and filecmp.cmp(library, twin, shallow=False):
            twin.unlink()
            twin.symlink_to(Path("..", kept.name, library.name))


if __name__ == "__main__":
    packages = Path(sys.argv[1])
    leave_out(packages)
    link_equal(packages / "numpy.libs", packages / "scipy.libs")
