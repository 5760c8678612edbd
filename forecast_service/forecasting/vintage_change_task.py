"""Computes, in a background process, why each ally's probability moved between two vintages, and saves the result.

This needs a fit for every mixture of the two vintages and takes minutes, so no request waits for it: the first request
starts the process, and the client asks again. The process is
``python -m forecast_service.forecasting.vintage_change_task STATE_DIR A B SIPRI DRAWS SEED``.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecast_service.observability import log_lines
from forecast_service.processes import run_in_background, spawn_once
from forecast_service.settings import Settings
from models.dataset.countries import allies
from models.files import write_atomically
from models.forecast import MODEL_VERSION, Forecaster
from models.runtime import prepare


def _file(settings: Settings, a: str, b: str) -> Path:
    """The file of the result. Its name holds everything that determines the result; no vintage's name has a dot."""
    sipri = "" if settings.sipri else "without-sipri."
    name = f"{a}.{b}.{sipri}m{MODEL_VERSION}.d{settings.draws}.s{settings.seed}.json"
    return settings.state.changes / name


def saved(settings: Settings, a: str, b: str) -> list[dict[str, Any]] | None:
    """Each ally's saved :class:`models.analysis.vintage_change.VintageChange`; None if there is no result yet."""
    try:
        rows: list[dict[str, Any]] = json.loads(_file(settings, a, b).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return rows


def saved_at(settings: Settings, a: str, b: str) -> datetime | None:
    """When the result was saved; None if there is none yet."""
    try:
        return datetime.fromtimestamp(_file(settings, a, b).stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def start(settings: Settings, a: str, b: str) -> bool:
    """Start the process, unless this one has started it; it waits for its turn. Whether it was started."""
    facts = [str(settings.sipri), str(settings.draws), str(settings.seed)]
    command = [
        sys.executable,
        "-m",
        "forecast_service.forecasting.vintage_change_task",
        str(settings.state_dir.resolve()),
        a,
        b,
        *facts,
    ]
    return spawn_once(command, "why forecasts changed", settings.state.turn)


def whose(forecaster: Forecaster) -> list[str]:
    """The allies whose change is computed: all."""
    return list(allies(forecaster.figures.tables))


def work_out(settings: Settings, a: str, b: str) -> list[dict[str, Any]]:
    """Each ally's change of the headline probability: core at the deadline of The Hague, under the baseline."""
    from models.analysis.vintage_change import Comparison
    from models.dataset.vintages import VintageStore
    from models.errors import CannotForecast
    from models.simulation.path_store import PathStore

    vintages, store = VintageStore(settings.state.vintages), PathStore(settings.state.fits)
    sides = (
        Forecaster(vintages.figures(name, sipri=settings.sipri), store, settings.draws, settings.seed)
        for name in (a, b)
    )
    comparison = Comparison(*sides)
    rows: list[dict[str, Any]] = []
    for code in whose(comparison.b):
        try:
            change = comparison.why(code)
        except CannotForecast as error:
            rows.append({"code": code, "change": None, "reason": error.detail})
            continue
        facts = {name: getattr(change, name) for name in ("before", "after", "standard_error")}
        rows.append({"code": code, "change": facts | {"parts": dict(change.parts)}, "reason": None})
    return rows


def main() -> None:
    """Run the background process."""
    log_lines.set_up("vintage-change")
    prepare()
    folder, a, b, sipri, draws, seed = sys.argv[1:]
    settings = Settings(state_dir=Path(folder), sipri=sipri == "True", draws=int(draws), seed=int(seed))
    file = _file(settings, a, b)
    if file.exists():  # another worker's process had its turn before
        return
    run_in_background()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, json.dumps(work_out(settings, a, b)))


if __name__ == "__main__":
    main()
