"""Runs all measurements of speed: targets, growth of costs, and a profile of the hot path.

    python -m benchmarks.speed.bench [--quick] [--only PART ...]

Writes ``benchmarks/speed/results.json`` and the measured parts of ``docs/performance.md``. With ``--quick`` it measures
little and only prints. Results are ratios, because absolute times depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.speed import fits, gateway, growth, growth_processes, growth_store, hosts, page, profiling, serving
from benchmarks.speed.measure import REPEATS
from models import Forecaster, load_figures
from models.forecast.fit_all import fit_all
from models.simulation.path_store import PathStore

Measured = dict[str, Any]


def parts(state: Path, quick: bool) -> dict[str, Callable[[], Measured]]:
    """The measurements by name; each returns targets, growth or a profile."""
    return {
        "serving": lambda: {"targets": [row.facts() for row in serving.measure(state, quick=quick)]},
        "gateway": lambda: {"targets": [row.facts() for row in gateway.measure(state, quick=quick)]},
        "fits": lambda: {"targets": [row.facts() for row in fits.measure(state, quick=quick)]},
        "growth": lambda: {"growth": [g.facts() for g in growth.measure(state, quick=quick)]},
        "store": lambda: {"growth": [g.facts() for g in growth_store.measure(quick=quick)]},
        "processes": lambda: {"growth": [g.facts() for g in growth_processes.measure(state, quick=quick)]},
        "profile": lambda: {"profile": profiling.shares(state, quick=quick)},
    }


def run(state: Path, quick: bool, only: list[str] | None) -> Measured:
    """Measure; prints each part's results to standard error."""
    forecaster = Forecaster(load_figures(), PathStore(state / "fits"))
    fit_all(forecaster, os.cpu_count() or 1)
    results: Measured = {"machine": _machine(), "repeats": REPEATS, "targets": [], "growth": [], "profile": {}}
    for name, measure in parts(state, quick).items():
        if only and name not in only:
            continue
        begun = time.perf_counter()
        for kind, found in measure().items():
            if isinstance(found, dict):
                results[kind] |= found
            else:
                results[kind] += found
                for row in found:
                    number = row.get("ratio", row.get("exponent"))
                    print(f"{'' if row['met'] else 'MISSED '}{row['name']}: {number}", file=sys.stderr)
        print(f"{name}: done, {(time.perf_counter() - begun) / 60:.1f} of a bench's minutes", file=sys.stderr)
    return results


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "processor": platform.machine()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="measure little, and print it only")
    parser.add_argument("--only", nargs="+", metavar="PART", help="some parts; their rows replace the saved ones")
    asked = parser.parse_args()
    hosts.need_tools()
    if not fits.PEERS.exists():
        print(
            "bench: without the peers' environment (make .venv-peers/.ready) nothing is compared with them",
            file=sys.stderr,
        )
    with tempfile.TemporaryDirectory() as folder:
        results = run(Path(folder), asked.quick, asked.only)
    if asked.quick:
        print(json.dumps(results, indent=1))
        return
    if asked.only:
        results = merged(json.loads(page.RESULTS.read_text()), results)
    page.RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    page.main()


def merged(before: Measured, now: Measured) -> Measured:
    """``before`` with rows replaced by those of ``now`` with the same name."""
    found = before | {"machine": now["machine"], "profile": now["profile"] or before["profile"]}
    for kind in ("targets", "growth"):
        new = {row["name"]: row for row in now[kind]}
        kept = [new.pop(row["name"], row) for row in before[kind]]
        found[kind] = [*kept, *new.values()]
    return found


if __name__ == "__main__":
    main()
