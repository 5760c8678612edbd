"""Imports a publisher's file in a separate process with limits on time and memory, not in one that answers requests.

``python -m forecast_service.forecasting.vintage_import_task STATE_DIR SOURCE BASE NAME|- FILENAME`` reads the file from
standard input and prints the outcome as JSON. It saves the vintage in the database that FORECAST_DATABASE_URL names.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forecast_service.forecasting.shared_vintages import SharedVintages, VintageUnavailable
from forecast_service.settings.database import DatabaseSettings, database_url
from forecast_service.store.database import UNREACHABLE, Database, DatabaseUnavailable
from forecast_service.store.vintages import Vintages

_log = logging.getLogger(__name__)
TIME_S, MEMORY_BYTES = 60, 1_500_000_000


class TookTooLong(Exception):
    """Reading the file took more time or memory than a publisher's file needs."""


def take_in(
    settings: DatabaseSettings, data: bytes, source: str, base: str, name: str | None, filename: str
) -> dict[str, Any]:
    """Read and check a file in a separate process, and save the vintage of ``base`` with its figures.

    Returns
    -------
    ``name`` of the new vintage and its ``findings``; or why none was saved: ``findings`` that include errors, ``bad``
    (where and problem) if the file cannot be read, ``exists``, ``bad_name`` or ``nothing_new``.

    Raises
    ------
    TookTooLong, DatabaseUnavailable
    """
    command = [
        sys.executable,
        "-m",
        "forecast_service.forecasting.vintage_import_task",
        str(settings.state_dir.resolve()),
        source,
        base,
        name or "-",
        filename,
    ]
    try:
        done = subprocess.run(  # noqa: S603  no shell
            command,
            env=os.environ | {"FORECAST_DATABASE_URL": settings.database_url},
            input=data,
            capture_output=True,
            timeout=TIME_S,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        said = (error.stderr or b"").decode(errors="replace")[-2000:]
        _log.error("the import of a file failed: %s: %s", type(error).__name__, said)
        raise TookTooLong from None
    outcome: dict[str, Any] = json.loads(done.stdout)
    if "no_database" in outcome:
        raise DatabaseUnavailable(outcome["no_database"])
    return outcome


def _import(
    vintages: SharedVintages, data: bytes, source: str, base: str, name: str | None, filename: str
) -> dict[str, Any]:
    from models.dataset.importers import BadFile, Content
    from models.dataset.imports import prepare
    from models.dataset.vintages import BadName, VintageExists

    try:
        prepared = prepare(vintages, source, Content(data, filename), base, name)
        findings = {"findings": [asdict(finding) for finding in prepared.draft.findings]}
        if prepared.refused:
            return findings
        if prepared.holds_nothing_new:
            return {"nothing_new": base}
        return {"name": vintages.add(prepared.draft).name} | findings
    except BadFile as error:
        return {"bad": {"where": error.where, "problem": error.problem}}
    except BadName as error:
        return {"bad_name": str(error)}
    except VintageExists as error:
        return {"exists": str(error)}
    except DatabaseUnavailable as error:
        return {"no_database": error.cause}
    except VintageUnavailable:  # its base
        return {"no_database": UNREACHABLE}


def main() -> None:
    """Run the separate process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    folder, source, base, name, filename = sys.argv[1:]
    data = sys.stdin.buffer.read()
    settings = DatabaseSettings(state_dir=Path(folder), database_url=os.environ["FORECAST_DATABASE_URL"])
    vintages = SharedVintages(settings.state.vintages, Vintages(Database(database_url(settings))))
    outcome = _import(vintages, data, source, base, None if name == "-" else name, filename)
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main()
