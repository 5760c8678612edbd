"""Delete what ``left_out.txt`` names from the installed packages: ``leave_out.py FOLDER...``, each of site-packages."""

from __future__ import annotations

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


if __name__ == "__main__":
    leave_out(Path(sys.argv[1]))
