"""32 concurrent writers: no 5xx, and no lost update.

Each writer adds one to a shared number by GET and PUT with If-Match, and repeats both after a 412. Writers are forked
processes with their own connections, as gunicorn's workers are::

    python -m benchmarks.robustness.writers
    python -m benchmarks.robustness.writers --database postgresql://postgres@127.0.0.1/some_empty_database
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WRITERS, COUNTERS, TIMES = 32, 8, 10


def add(client: Any, identifier: str, times: int) -> Counter[int]:
    """Add one to a scenario's number ``times`` times; returns the count of each status."""
    statuses: Counter[int] = Counter()
    done = 0
    while done < times:
        read = client.get(f"/v1/scenarios/{identifier}")
        statuses[read.status_code] += 1
        if read.status_code != 200:
            continue
        body = {"name": "counter", "description": str(int(read.json["description"]) + 1), "levers": []}
        put = client.put(f"/v1/scenarios/{identifier}", json=body, headers={"If-Match": read.headers["ETag"]})
        statuses[put.status_code] += 1
        done += put.status_code == 200
    return statuses


def counters(client: Any, how_many: int) -> list[str]:
    """New scenarios whose description is 0."""
    body = {"name": "counter", "description": "0", "levers": []}
    return [client.post("/v1/scenarios", json=body).json["id"] for _ in range(how_many)]


def totals(client: Any, identifiers: Sequence[str]) -> tuple[int, int]:
    """The sum of the numbers, and of the versions after the first."""
    read = [client.get(f"/v1/scenarios/{identifier}").json for identifier in identifiers]
    return sum(int(one["description"]) for one in read), sum(one["version"] - 1 for one in read)


def _writer(app: Any, identifier: str, start: Any, answers: Any) -> None:
    client = app.test_client()
    start.wait()
    answers.put(add(client, identifier, TIMES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="", help="Address of an empty PostgreSQL database; SQLite if absent.")
    database = parser.parse_args().database
    from forecast_service import create_app
    from forecast_service.settings import Settings
    from forecast_service.store.database import EXTENSION
    from forecast_service.store.migrate import upgrade

    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(state_dir=Path(folder), draws=500, database_url=database))
        upgrade(app.extensions[EXTENSION].engine)
        identifiers = counters(app.test_client(), COUNTERS)
        start, answers = fork.Barrier(WRITERS + 1), fork.Queue()
        writers = [
            fork.Process(target=_writer, args=(app, identifiers[i % COUNTERS], start, answers)) for i in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        start.wait()
        began = time.monotonic()
        statuses = sum((answers.get(timeout=300) for _ in writers), Counter[int]())
        seconds = time.monotonic() - began
        for writer in writers:
            writer.join()
        total, versions = totals(app.test_client(), identifiers)
    wanted = WRITERS * TIMES
    errors = sum(count for status, count in statuses.items() if status >= 500)
    sys.stdout.write(
        f"{'PostgreSQL' if database else 'SQLite'}: {WRITERS} writers, {wanted} updates of {COUNTERS} scenarios in "
        f"{seconds:.1f} s ({wanted / seconds:.0f}/s), {statuses[412]} answered 412 and tried again, {errors} 5xx, "
        f"{wanted - total} lost (versions written: {versions})\n"
    )
    sys.exit(1 if errors or total != wanted or versions != wanted else 0)


if __name__ == "__main__":
    main()
