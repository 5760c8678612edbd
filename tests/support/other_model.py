"""``forecast-service`` as a release with another version of the statistics: ``python -m tests.support.other_model``.

The numbers are the same; the version in answers, in the names of fits and in sweeps is :data:`VERSION`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import models.analysis.freeze
import models.analysis.requirements
import models.analysis.sensitivity
import models.forecast

VERSION = "next"
OLD = models.forecast.MODEL_VERSION


def adopt(fits: Path, folder: Path) -> None:
    """Link the fits of the real version into ``folder``, as fits of this one."""
    folder.mkdir(parents=True)
    for file in fits.iterdir():
        if f"-m{OLD}-" in file.name:
            (folder / file.name.replace(f"-m{OLD}-", f"-m{VERSION}-")).symlink_to(file.resolve())


def main() -> None:
    for module in list(sys.modules.values()):
        if getattr(module, "MODEL_VERSION", None) == OLD:
            module.MODEL_VERSION = VERSION  # type: ignore[attr-defined]
    # Imported now: what it imports takes the version from models.forecast.
    from forecast_service.cli.main import main

    main()


if __name__ == "__main__":
    main()
