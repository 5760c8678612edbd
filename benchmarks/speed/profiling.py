"""A profile of the hot path: a new custom scenario on a saved fit, through the whole application."""

from __future__ import annotations

import cProfile
import io
import json
import pstats
from itertools import count
from pathlib import Path

from werkzeug.test import EnvironBuilder, run_wsgi_app

from forecast_service import create_app
from forecast_service.settings import Settings

REQUESTS = 300
# Parts of the time by a part of the file's name or, for C code, of the function's; the first match counts.
PARTS = (
    ("sorting the draws of each year", ("'sort' of 'numpy",)),
    ("levers: changing the paths", ("models/scenarios/levers", "models/scenario")),
    ("probabilities, money, means: one pass over the draws", ("models/", "numpy")),
    (
        "reading the request, building the response (marshmallow, webargs)",
        ("marshmallow", "webargs", "schemas/", "parsing"),
    ),
    ("rounding numbers and writing JSON", ("method builtins.round", "json/", "isfinite")),
    ("routing, request and response (Flask, Werkzeug)", ("flask", "werkzeug", "http/", "urllib")),
    ("log, metrics, cache, headers, callers", ("forecast_service/", "structlog", "prometheus", "logging")),
)
REST = "Python built-ins, called by all of these"


def shares(state: Path, *, quick: bool) -> dict[str, float]:
    """Fractions of the CPU time by part, which sum to 1; ``state`` holds the fits."""
    app = create_app(Settings(state_dir=state, log_level="warning"))
    numbers = count()

    def ask(times: int) -> None:
        for _ in range(times):
            lever = {"type": "pledge", "share_pct": 2.2 + next(numbers) * 1e-4, "year": 2031, "credibility": 0.7}
            body = {"country": "DEU", "scenario": {"name": "custom", "levers": [lever]}}
            builder = EnvironBuilder(path="/v1/forecasts", method="POST", json=body)
            _, status, _ = run_wsgi_app(app.wsgi_app, builder.get_environ())
            if not status.startswith("200"):
                raise RuntimeError(status)

    ask(20)
    profile = cProfile.Profile()
    profile.runcall(ask, 20 if quick else REQUESTS)
    return _by_part(pstats.Stats(profile, stream=io.StringIO()))


def _by_part(stats: pstats.Stats) -> dict[str, float]:
    found = dict.fromkeys([*(name for name, _ in PARTS), REST], 0.0)
    for (file, _, function), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        if "EnvironBuilder" in function or file.endswith("werkzeug/test.py"):
            continue  # ours, not the server's
        where = function if file == "~" else file.split("site-packages/")[-1]
        part = next((name for name, marks in PARTS if any(mark in where for mark in marks)), REST)
        found[part] += own
    total = sum(found.values())
    return {name: round(own / total, 3) for name, own in sorted(found.items(), key=lambda item: -item[1])}


def main() -> None:
    """Print the shares for the saved fits of ``var``."""
    print(json.dumps(shares(Path("var"), quick=False), indent=2))


if __name__ == "__main__":
    main()
