"""The members' weights that the backtest learned, by origin; ``forecast-service backtest --publish`` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from models.dataset.tables import DATA
from models.ensemble.stacking import PRIOR, Weights

FILE = DATA / "learned.json"


@cache
def _by_origin() -> Mapping[int, Weights]:
    origins = json.loads(FILE.read_text(encoding="utf-8"))["origins"]
    return {int(year): Weights(**weights) for year, weights in origins.items()}


def weights_at(origin: int) -> Weights:
    """The weights learned at ``origin`` or at the last origin before it.

    Before the first origin of the table: :data:`models.ensemble.stacking.PRIOR`.
    """
    learned = _by_origin()
    earlier = [year for year in learned if year <= origin]
    return learned[max(earlier)] if earlier else PRIOR


def save(weights: Mapping[int, Weights], vintage: str, model_version: str) -> None:
    """Write the table that :func:`weights_at` reads."""
    rounded = {
        str(year): {
            "pool": {name: round(w, 4) for name, w in learned.pool.items()},
            "pledge_weight": round(learned.pledge_weight, 4),
            "spread": round(learned.spread, 4),
        }
        for year, learned in sorted(weights.items())
    }
    content = {"vintage": vintage, "model_version": model_version, "origins": rounded}
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    _by_origin.cache_clear()
