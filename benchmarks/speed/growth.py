"""How costs grow with the size of requests, in this process on saved fits."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.speed.measure import Growth, cpu
from benchmarks.speed.sweeps import request
from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.sweeps.task import compute
from models import Forecaster, Scenario, Targets, load_figures
from models.analysis.sweep import Sweep
from models.dataset.countries import allies, resolve
from models.scenarios.levers import Lever, PledgeLever, Purchase
from models.simulation.path_store import PathStore

LINEAR = 1.1
"""Largest slope of log cost over log size that counts as linear, with a margin for noise."""


def measure(state: Path, *, quick: bool) -> list[Growth]:
    """All measurements of growth in one process; ``state`` holds the fits."""
    repeats = 3 if quick else 9
    figures = load_figures()
    forecaster = Forecaster(figures, PathStore(state / "fits"))
    return [
        _draws(state, (500, 1000, 2000) if quick else (1000, 3000, 10_000, 30_000, 100_000), repeats),
        _horizon(forecaster, repeats),
        _levers(forecaster, (1, 2, 4) if quick else (1, 2, 4, 8, 16, 32), repeats),
        _countries(forecaster, (1, 4) if quick else (1, 2, 4, 8, 16, 30), repeats),
        _batch(state, (1, 4, 16) if quick else (1, 4, 16, 64, 100), repeats),
        _sweep(forecaster, state, (2, 4) if quick else (4, 8, 16, 32), repeats),
    ]


def grown(name: str, what: str, sizes: Sequence[float], ask: Callable[[int], object], repeats: int, why: str) -> Growth:
    """CPU time of ``ask`` by size."""
    costs = tuple(cpu(lambda size=size: ask(size), repeats) for size in sizes)  # type: ignore[misc]
    return Growth(name, what, tuple(sizes), costs, LINEAR, why)


class _New:
    """Scenarios that no cache holds."""

    def __init__(self) -> None:
        self._numbers = count()

    def lever(self) -> Lever:
        return PledgeLever(share_pct=2.2 + next(self._numbers) % 10_000 * 1.3e-4, year=2031, credibility=0.7)

    def scenario(self) -> Scenario:
        return Scenario("custom", levers=(self.lever(),))


_new = _New()


def _draws(state: Path, sizes: Sequence[int], repeats: int) -> Growth:
    forecasters = {}
    for size in sizes:
        forecasters[size] = Forecaster(load_figures(), PathStore(state / "fits"), draws=size)
        for trend in (False, True):
            forecasters[size].fit(resolve("DEU"), trend=trend)
    return grown(
        "draws",
        "a custom scenario, by draws",
        sizes,
        lambda size: forecasters[size].forecast("DEU", _new.scenario()),
        repeats,
        "Each step passes over the draws or sorts them. Fixed costs flatten the slope for few draws; above 30,000 the "
        "arrays leave the CPU cache.",
    )


def _horizon(forecaster: Forecaster, repeats: int) -> Growth:
    return grown(
        "horizon",
        "a custom scenario, by years to the deadline",
        (1, 4, 9, 18, 34),
        lambda years: forecaster.forecast("DEU", _new.scenario(), Targets(forecaster.figures.origin + years)),
        repeats,
        "Only the years to the deadline are read.",
    )


def _levers(forecaster: Forecaster, sizes: Sequence[int], repeats: int) -> Growth:
    def ask(levers: int) -> object:
        steps = tuple(Purchase(share_pct=0.01, first_year=2028) for _ in range(levers - 1))
        return forecaster.forecast("DEU", Scenario("custom", levers=(_new.lever(), *steps)))

    return grown(
        "levers",
        "a custom scenario, by levers",
        sizes,
        ask,
        repeats,
        "Each lever edits one copy of the paths; the waterfall counts the deadline year after each.",
    )


def _countries(forecaster: Forecaster, sizes: Sequence[int], repeats: int) -> Growth:
    codes = [ally.code for ally in allies().values() if ally.has_armed_forces]

    def ask(countries: int) -> object:
        return [forecaster.forecast(code, _new.scenario()) for code in codes[:countries]]

    return grown(
        "countries", "a custom scenario, by countries", sizes, ask, repeats, "Each country is a separate forecast."
    )


def _batch(state: Path, sizes: Sequence[int], repeats: int) -> Growth:
    client = create_app(Settings(state_dir=state, log_level="warning")).test_client()

    def ask(items: int) -> object:
        body = {"items": [_question() for _ in range(items)]}
        answer = client.post("/v1/forecasts/batch", json=body)
        if answer.status_code != 200:
            raise RuntimeError(f"batch: {answer.status_code}")
        return answer

    return grown(
        "batch",
        "POST /v1/forecasts/batch, by items",
        sizes,
        ask,
        repeats,
        "Items are answered one after the other; the request itself costs once.",
    )


def _question() -> dict[str, Any]:
    lever = _new.lever()
    assert isinstance(lever, PledgeLever)  # noqa: S101  for the type checker
    written = {"type": "pledge", "share_pct": lever.share_pct, "year": lever.year, "credibility": lever.credibility}
    return {"country": "DEU", "scenario": {"name": "custom", "levers": [written]}}


def _sweep(forecaster: Forecaster, state: Path, sizes: Sequence[int], repeats: int) -> Growth:
    documents = {steps: request(forecaster, ["DEU"], steps) for steps in sizes}

    def ask(evaluations: int) -> object:
        document = documents[round(evaluations**0.5)]
        chunks = Sweep(json.loads(document)).chunks
        return [compute(document, chunk, str(state / "fits")) for chunk in range(chunks)]

    return grown(
        "sweep",
        "a sweep of one country, by evaluations",
        [steps**2 for steps in sizes],
        ask,
        min(repeats, 5),
        "Chunks have a fixed size.",
    )
