"""The price of questions beside the processor time that they take: ``python -m benchmarks.speed.price``.

It asks each question through the service, which says what is left of the budget, and takes the least processor time of
this process of a few rounds. The last column, time per unit as a multiple of the first question's, holds on other
machines; the times do not. Fits and drawings, which other processes make, are not in it.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.settings import Settings

ROUNDS = 5
BUDGET = 100_000_000


def shocks(count: int, **more: Any) -> list[dict[str, Any]]:
    """Levers that are among the dearest: they change every draw in every year."""
    return [{"type": "shock", "spread_factor": 1.01 + i / 1000} | more for i in range(count)]


def pledges(count: int) -> list[dict[str, Any]]:
    """Levers that read the year before they begin."""
    return [{"type": "pledge", "share_pct": 3 + i / 100, "year": 2040, "credibility": 0.5} for i in range(count)]


def short(count: int) -> list[dict[str, Any]]:
    """Levers that end in different years, all of which a sensitivity must then know."""
    return [shocks(1, to=2028 + i * 7 % 20)[0] for i in range(count)]


def growth(count: int) -> list[dict[str, Any]]:
    """Levers that need every year."""
    return [{"type": "spending_growth", "change_pp": 0.1, "from": 2027 + i, "to": 2027 + i} for i in range(count)]


def question(levers: list[dict[str, Any]], deadline: int = 2035) -> dict[str, Any]:
    """A question about Germany."""
    return {"country": "DEU", "scenario": {"name": "own", "levers": levers}, "targets": {"deadline": deadline}}


def left(client: FlaskClient, path: str, body: dict[str, Any]) -> int:
    """What is left of the budget after the question."""
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text  # noqa: S101
    return int(answer.headers["RateLimit"].rsplit("=", 1)[1])


def measure(client: FlaskClient, path: str, body: dict[str, Any]) -> tuple[int, float]:
    """Units and milliseconds of one question."""
    before, taken = left(client, path, body), []
    for _ in range(ROUNDS):
        begun = time.process_time()
        after = left(client, path, body)
        taken.append((time.process_time() - begun) * 1000)
        price, before = before - after, after
    return price, min(taken)


def main() -> None:
    """Measure and print."""
    forecast, moved = "/v1/forecasts", "/v1/sensitivity"
    questions = {
        "forecast, 1 lever": (forecast, question(shocks(1))),
        "forecast, 10 levers": (forecast, question(shocks(10))),
        "forecast, 50 levers": (forecast, question(shocks(50))),
        "forecast, 1 lever, 2060": (forecast, question(shocks(1), 2060)),
        "forecast, 10 levers, 2060": (forecast, question(shocks(10), 2060)),
        "forecast, 50 levers, 2060": (forecast, question(shocks(50), 2060)),
        "forecast, 50 pledges, 2060": (forecast, question(pledges(50), 2060)),
        "requirement, 1 lever": ("/v1/requirements", question(shocks(1)) | {"probability": 0.9}),
        "requirement, 1 lever, 2060": ("/v1/requirements", question(shocks(1), 2060) | {"probability": 0.9}),
        "sensitivity, none": (moved, question([])),
        "sensitivity, 1 lever": (moved, question(shocks(1))),
        "sensitivity, 10 levers": (moved, question(shocks(10))),
        "sensitivity, none, 2060": (moved, question([], 2060)),
        "sensitivity, 50 levers, 2060": (moved, question(shocks(50), 2060)),
        "sensitivity, 50 pledges, 2060": (moved, question(pledges(50), 2060)),
        "sensitivity, 30 of growth, 2060": (moved, question(growth(30), 2060)),
        "sensitivity, 50 short, 2060": (moved, question(short(50), 2060)),
        "batch, 20 of 1 lever": ("/v1/forecasts/batch", {"items": [question(shocks(1))] * 20}),
    }
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(state_dir=Path(folder), log_level="error", cost_budget=f"{BUDGET}/day"))
        client, first = app.test_client(), 0.0
        for scenario in ("baseline", "trend"):  # fits are made once
            client.get(f"/v1/countries/DEU/forecast?scenario={scenario}")
        print("question                           units       ms  ms/unit  of the first")
        for name, (path, body) in questions.items():
            units, ms = measure(client, path, body)
            first = first or ms / units
            print(f"{name:33}{units:7,}{ms:9.1f}{ms / units:9.2f}{ms / units / first:14.2f}", flush=True)


if __name__ == "__main__":
    main()
