"""Imports a publisher's file in a separate process with limits on time and memory, not in one that answers requests.

``python -m forecast_service.forecasting.vintage_import_task STATE_DIR SOURCE BASE NAME|- FILENAME`` reads the file from
standard input and prints the outcome as JSON.
"""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forecast_service.state_dir import StateDir

_log = logging.getLogger(__name__)
TIME_S, MEMORY_BYTES = 60, 1_500_000_000


class TookTooLong(Exception):
    """Reading the file took more time or memory than a publisher's file needs."""


def take_in(state_dir: Path, data: bytes, source: str, base: str, name: str | None, filename: str) -> dict[str, Any]:
    """Read and check a file in a separate process, and save the vintage of ``base`` with its figures.

    Returns
    -------
    ``name`` of the new vintage and its ``findings``; or why none was saved: ``findings`` that include errors, ``bad``
    (where and problem) if the file cannot be read, ``exists``, ``bad_name`` or ``nothing_new``.

    Raises
    ------
    TookTooLong
    """
    command = [
        sys.executable,
        "-m",
        "forecast_service.forecasting.vintage_import_task",
        str(state_dir.resolve()),
        source,
        base,
        name or "-",
        filename,
    ]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=TIME_S, check=True)  # noqa: S603  no shell
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        said = (error.stderr or b"").decode(errors="replace")[-2000:]
        _log.error("the import of a file failed: %s: %s", type(error).__name__, said)
        raise TookTooLong from None
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def _import(state_dir: Path, data: bytes, source: str, base: str, name: str | None, filename: str) -> dict[str, Any]:
    from models.dataset.importers import BadFile, Content
    from models.dataset.imports import prepare
    from models.dataset.vintages import BadName, VintageExists, VintageStore

    vintages = VintageStore(StateDir(state_dir).vintages)
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


def main() -> None:
    """Run the separate process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    folder, source, base, name, filename = sys.argv[1:]
    data = sys.stdin.buffer.read()
    outcome = _import(Path(folder), data, source, base, None if name == "-" else name, filename)
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main()
