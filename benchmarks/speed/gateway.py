"""A forecast from the gateway's cache, by TLS with a key as deployed, beside a bare Flask view with the same bytes."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.speed.hosts import bare, load, service
from benchmarks.speed.measure import REPEATS, Row, cpu_seconds, side_by_side
from tests.deploy.support.gateway import BEHIND, KEY, gateway

FORECAST = "/forecasting/v1/countries/DEU/forecast"
FACTOR = 4.0


def measure(state: Path, *, quick: bool) -> list[Row]:
    """Requests a second and CPU time of the servers; each has two processes on the same cores."""
    seconds, repeats = (1, 1) if quick else (2, REPEATS)
    endless = {"rate": "1000000r/s", "burst": 100_000}
    with (
        service(state, **BEHIND) as ours,
        gateway(state / "gateway", (ours.port, ours.port), processes=2, **endless) as front,
    ):
        file = state / "body.json"
        file.write_bytes(front.ask(FORECAST).body)
        with bare(state, file) as plain:
            costs: dict[str, list[float]] = {"cached": [], "bare": []}

            def measured(name: str, url: str, processes: list[int]) -> float:
                before = cpu_seconds(processes)
                count, rate = load(url, seconds, headers=(f"X-API-Key: {KEY}",))
                costs[name].append((cpu_seconds(processes) - before) / count)
                return rate

            rate = side_by_side(
                {
                    "bare": lambda: measured("bare", f"http://127.0.0.1:{plain.port}/bytes", plain.workers),
                    "cached": lambda: measured("cached", f"https://localhost:{front.port}{FORECAST}", front.workers),
                },
                repeats,
            )
        if front.ask(FORECAST).headers["Cache-Status"] is None:
            raise RuntimeError("the gateway caches nothing")
    cpu = {name: statistics.median(values) for name, values in costs.items()}
    what = "GET of a forecast from the gateway's cache (TLS, key, log):"
    return [
        Row(
            "gateway_get",
            f"{what} requests a second / a bare Flask view with the same bytes",
            rate["cached"] / rate["bare"],
            FACTOR,
            "at least",
        ),
        Row(
            "gateway_cpu",
            f"{what} server CPU of a bare Flask view / its own",
            cpu["bare"] / cpu["cached"],
            FACTOR,
            "at least",
        ),
    ]
