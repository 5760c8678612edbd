"""Reading a publisher's file in a process of its own, bounded in time and memory: whoever answers requests does not.

``python -m forecast_service.forecasting.vintage_import_task STATE_DIR SOURCE BASE NAME|-`` takes the file on standard
input, and prints what came of it as JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forecast_service.state_dir import StateDir

TIME_S, MEMORY_BYTES = 60, 1_500_000_000


class TookTooLong(Exception):
    """Reading the file took more time or memory than a file of a publisher does."""


def take_in(state_dir: Path, data: bytes, source: str, base: str, name: str | None) -> dict[str, Any]:
    """Read and check a file, and keep the vintage that it makes of ``base``, in a process beside this one.

    Returns
    -------
    ``name`` of the new vintage and its ``findings``; or why nothing was kept: ``findings`` with errors among them,
    ``bad`` (where and problem) for what cannot be read, ``exists``, ``bad_name`` or ``nothing_new``.

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
    ]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=TIME_S, check=True)  # noqa: S603  no shell
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        sys.stderr.write((error.stderr or b"").decode(errors="replace")[-2000:])
        raise TookTooLong from None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _taken_in(state_dir: Path, data: bytes, source: str, base: str, name: str | None) -> dict[str, Any]:
    from models.dataset.importers import BadFile, Content
    from models.dataset.imports import prepare
    from models.dataset.vintages import BadName, VintageExists, VintageStore

    vintages = VintageStore(StateDir(state_dir).vintages)
    try:
        prepared = prepare(vintages, source, Content(data), base, name)
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
    """Be the process beside."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    folder, source, base, name = sys.argv[1:]
    found = _taken_in(Path(folder), sys.stdin.buffer.read(), source, base, None if name == "-" else name)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
