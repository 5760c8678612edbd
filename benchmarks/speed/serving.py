"""The cost of requests under gunicorn, compared with a bare Flask view that returns the same bytes."""

from __future__ import annotations

import json
import statistics
from functools import partial
from pathlib import Path

from benchmarks.speed.hosts import POST, Host, bare, key, paced, service, wrk
from benchmarks.speed.measure import REPEATS, Row, cpu_seconds, pss_mb, side_by_side

FORECAST = "/v1/countries/DEU/forecast"
CPU_MS, RATE, WAIT_MS = 4.0, 400.0, 30.0
TOGETHER_MB, FURTHER_MB = 250.0, 30.0
START_FACTOR, START_S = 1.5, 1.0
LOPSIDED, ATTEMPTS = 0.8, 10
"""If one worker had a larger part of the requests, measure again: the comparison is of two workers with two."""
OWN = {str(year): round(1 + 0.02 * (year - 1990), 3) for year in range(1990, 2027)}


def measure(state: Path, *, quick: bool) -> list[Row]:
    """All rows on serving; ``state`` holds the fits."""
    seconds, repeats = (1, 1) if quick else (2, REPEATS)
    rows = []
    with service(state) as ours:
        body, etag = _answer(ours)
        file = state / "body.json"
        file.write_bytes(body)
        limited = {"FORECAST_AUTH": "api-key", "FORECAST_RATE_LIMIT": "100000000/minute"}
        with bare(state, file) as plain, service(state, **limited) as keyed:
            rows += _cached(ours, plain, keyed, f"X-API-Key: {key(state)}", etag, seconds, repeats)
        rows += _custom(ours, seconds, repeats)
    rows += _memory(state, seconds, repeats)
    rows.append(_start(state, file, 1 if quick else REPEATS))
    return rows


def _answer(host: Host) -> tuple[bytes, str]:
    """The requested forecast; both workers have cached it afterwards."""
    for _ in range(20):
        status, body, headers = host.get(FORECAST)
        if status != 200:
            raise RuntimeError(f"{FORECAST}: {status}")
    return body, headers["ETag"]


def _cached(ours: Host, plain: Host, keyed: Host, header: str, etag: str, seconds: int, repeats: int) -> list[Row]:
    """``header`` holds a key of ``keyed``, which also has a rate limit."""
    counts: dict[str, list[int]] = {}

    def measured(name: str, host: Host, path: str, *headers: str) -> float:
        for _ in range(ATTEMPTS):
            before = host.requests
            rate = wrk(host, path, seconds, headers=headers)[1]
            new = [after - earlier for after, earlier in zip(host.requests, before, strict=True)]
            if max(new) <= LOPSIDED * sum(new):
                break
        else:
            raise RuntimeError(f"{name}: nearly all requests went to one worker, {ATTEMPTS} times")
        counts[name] = [sum(pair) for pair in zip(new, counts.get(name, [0] * len(new)), strict=True)]
        return rate

    rate = side_by_side(
        {
            "bare": lambda: measured("bare", plain, "/bytes"),
            "cached": lambda: measured("cached", ours, FORECAST),
            "304": lambda: measured("304", ours, FORECAST, f"If-None-Match: {etag}"),
            "key": lambda: measured("key", keyed, FORECAST, header),
            "key, 304": lambda: measured("key, 304", keyed, FORECAST, header, f"If-None-Match: {etag}"),
        },
        repeats,
    )

    def spread(*names: str) -> str:
        return "; ".join(f"{name} {_shares(counts[name])}" for name in names)

    of = "requests a second / a bare Flask view with the same bytes"

    def row(name: str, what: str, one: str, other: str, bound: float) -> Row:
        return Row(name, what, rate[one] / rate[other], bound, "at least", spread(one, other))

    return [
        row("cached_get", f"cached GET of a forecast: {of}", "cached", "bare", 0.9),
        row("not_modified", f"304: {of}", "304", "bare", 0.9),
        row("keyed_get", f"cached GET with a key and a rate limit: {of}", "key", "bare", 0.9),
        row("keyed_not_modified", f"304 with a key and a rate limit: {of}", "key, 304", "bare", 0.9),
        row("conditional", "304: requests a second / the cached GET", "304", "cached", 1),
    ]


def _shares(counts: list[int]) -> str:
    """Each worker's part of the requests in per cent."""
    return " : ".join(f"{100 * count / sum(counts):.0f}" for count in sorted(counts, reverse=True)[:2])


def _custom(host: Host, seconds: int, repeats: int) -> list[Row]:
    costs, rates = [], []
    wrk(host, "/v1/forecasts", 1, script=POST)
    for _ in range(repeats):
        before = cpu_seconds(host.workers)
        count, rate = wrk(host, "/v1/forecasts", seconds, script=POST)
        costs.append((cpu_seconds(host.workers) - before) / count * 1000)
        rates.append(rate)
    bodies = [_scenario(2.5 + index * 1e-4) for index in range(int(RATE / 2 * seconds))]
    waits = [statistics.quantiles(paced(host, bodies, RATE / 2), n=100)[-1] * 1000 for _ in range(repeats)]
    new = "new custom scenario, 10,000 draws:"
    at_half = f"its p99 latency at {RATE / 2:.0f} requests a second"
    return [
        Row("custom_cpu", f"{new} server CPU / {CPU_MS:.0f} ms", statistics.median(costs) / CPU_MS, 1, "at most"),
        Row("custom_rate", f"{new} requests a second / {RATE:.0f}", statistics.median(rates) / RATE, 1, "at least"),
        Row("custom_p99", f"{at_half} / {WAIT_MS:.0f} ms", statistics.median(waits) / WAIT_MS, 1, "at most"),
    ]


def _scenario(share: float) -> bytes:
    lever = {"type": "pledge", "share_pct": share, "year": 2031, "credibility": 0.7}
    return json.dumps({"country": "FRA", "scenario": {"name": "custom", "levers": [lever]}}).encode()


def _memory(state: Path, seconds: int, repeats: int) -> list[Row]:
    """Memory of the master and its workers after a mixed load, without the processes that fit callers' histories."""
    found = side_by_side({str(workers): partial(_loaded_mb, state, seconds, workers) for workers in (2, 4)}, repeats)
    together = "memory (PSS) of two workers and their master under load /"
    further = "memory (PSS) of each further worker /"
    each = (found["4"] - found["2"]) / 2
    return [
        Row("memory", f"{together} {TOGETHER_MB:.0f} MB", found["2"] / TOGETHER_MB, 1, "at most"),
        Row("memory_worker", f"{further} {FURTHER_MB:.0f} MB", each / FURTHER_MB, 1, "at most"),
    ]


def _loaded_mb(state: Path, seconds: int, workers: int) -> float:
    with service(state, workers) as host:
        for code in ("DEU", "FRA", "ITA", "POL", "USA"):
            host.get(f"/v1/countries/{code}/forecast")
        wrk(host, FORECAST, seconds)
        wrk(host, "/v1/forecasts", seconds, script=POST)
        host.get("/v1/alliance/forecast")
        return pss_mb([host.process.pid, *host.workers])


def _start(state: Path, file: Path, repeats: int) -> Row:
    def ours() -> float:
        with service(state) as host:
            return host.ready_s

    def plain() -> float:
        with bare(state, file) as host:
            return host.ready_s

    found = side_by_side({"ours": ours, "bare": plain}, repeats)
    allowed = START_FACTOR * found["bare"] + START_S
    what = f"start to ready / ({START_FACTOR} x a bare Flask app + {START_S:.0f} s)"
    return Row("start", what, found["ours"] / allowed, 1, "at most")
