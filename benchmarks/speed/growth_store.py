"""How the costs of lists and lookups grow with the number of saved scenarios, up to a million rows in SQLite."""

from __future__ import annotations

import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.speed.measure import Growth, cpu
from forecast_service import create_app
from forecast_service.callers import LOCAL
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION

LOGARITHMIC = 0.15
"""Largest slope: a thousand times the rows may cost less than three times as much."""
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last) "
# Ids like the service's own, which sort before all of them.
ROWS = (
    "INSERT INTO scenarios (id, owner, name, description, public, based_on, current_version, created_at, updated_at) "
    "SELECT printf('0%025d', n), :owner, 'plan ' || n, 'of a benchmark', 0, 'baseline', 1, '2026-01-01 00:00:00', "
    "'2026-01-01 00:00:00' FROM numbers"
)
VERSIONS = (
    "INSERT INTO scenario_versions (scenario_id, number, body, public, model_version, vintage, created_at) "
    "SELECT printf('0%025d', n), 1, :body, 0, '1', 'nato-2026', '2026-01-01 00:00:00' FROM numbers"
)
WORDS = (
    "INSERT INTO scenario_words (scenario_id, position, tail, owner, public) "
    "SELECT printf('0%025d', n), 0, 'plan ' || n, :owner, 0 FROM numbers "
    "UNION ALL SELECT printf('0%025d', n), 5, n, :owner, 0 FROM numbers"
)
BODY = '{"name": "plan", "description": "of a benchmark", "levers": []}'


def measure(*, quick: bool, patience_s: float = 120.0) -> list[Growth]:
    """Growth of each kind of read; leaves out sizes that take longer than ``patience_s`` to fill."""
    sizes = (100, 1000) if quick else (1000, 10_000, 100_000, 1_000_000)
    costs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        # One owner has all rows, more than the quota.
        app = create_app(Settings(state_dir=Path(folder), log_level="warning", kept_bytes=10**12))
        client = app.test_client()
        database = app.extensions[EXTENSION]
        client.get("/v1/scenarios")  # creates the tables
        filled, begun, spent = 0, time.perf_counter(), []
        for size in sizes:
            if spent and time.perf_counter() - begun + spent[-1] * 10 > patience_s:
                break
            start = time.perf_counter()
            with database.engine.begin() as connection:
                _fill(connection, filled + 1, size)
            filled = size
            spent.append(time.perf_counter() - start)
            for name, ask in _ways(client, size).items():
                costs.setdefault(name, []).append(cpu(ask, 3 if quick else 15, warm=3))
        database.close()
    done = tuple(float(size) for size in sizes[: len(spent)])
    why = "Each reads a few index ranges, however many rows there are."
    return [
        Growth(f"saved {name}", f"saved scenarios: {name}, by rows", done, tuple(found), LOGARITHMIC, why)
        for name, found in costs.items()
    ]


def _fill(connection: Any, first: int, last: int) -> None:
    values = {"first": first, "last": last, "owner": LOCAL, "body": BODY}
    for statement in (ROWS, VERSIONS, WORDS):
        given = {name: value for name, value in values.items() if f":{name}" in NUMBERS + statement}
        connection.execute(text(NUMBERS + statement), given)


def _ways(client: Any, rows: int) -> dict[str, Any]:
    def get(path: str) -> Any:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        return answer.json

    middle = f"0{rows // 2:025d}"
    page = get("/v1/scenarios?limit=20")["next"]
    new = count()

    def create() -> None:
        body = {"name": f"new {rows} {next(new)}", "levers": []}
        if client.post("/v1/scenarios", json=body).status_code != 201:
            raise RuntimeError("a scenario was not kept")

    return {
        "first page": lambda: get("/v1/scenarios?limit=20"),
        "next page": lambda: get(page),
        "search": lambda: get(f"/v1/scenarios?limit=20&q=plan%20{rows // 2}"),
        "lookup": lambda: get(f"/v1/scenarios/{middle}"),
        "create": create,
    }
