"""What a forecast costs: fitting, and asking a kept fit, beside statsmodels' own simulate.

Prints ratios of medians measured in one run; absolute times do not carry over to another machine.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models import Forecaster, load_figures
from models.allies import resolve
from models.path_store import PathStore

DRAWS, HORIZON, REPEATS = 10_000, 10, 7


def cost(work: Callable[[], object]) -> float:
    """Median CPU seconds of ``work``."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def main() -> None:
    from statsmodels.tsa.arima.model import ARIMA

    figures = load_figures()
    germany = figures.panel()["DEU"]
    fitted = ARIMA(germany.log, order=(1, 1, 1)).fit()
    simulate = cost(lambda: fitted.simulate(HORIZON, repetitions=DRAWS, anchor="end", rng=np.random.default_rng(1)))
    with tempfile.TemporaryDirectory() as folder:
        forecaster = Forecaster(figures, PathStore(Path(folder)), DRAWS)
        forecaster.fit(resolve("DEU"))
        fresh = iter(range(REPEATS))

        def fit() -> None:
            Forecaster(figures, PathStore(Path(folder) / str(next(fresh))), DRAWS).fit(resolve("DEU"))

        ask = cost(lambda: forecaster.forecast("DEU", "gdp-shock"))
        whole = cost(fit)
    print(f"unit: statsmodels' ARIMA(1,1,1).simulate of {DRAWS:,} x {HORIZON} draws = 1")
    print(f"fit all members and simulate to 2060, one ally:   {whole / simulate:.3f}")
    print(f"forecast with levers on a kept fit, three targets: {ask / simulate:.3f}")


if __name__ == "__main__":
    main()
