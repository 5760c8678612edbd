"""What the backtest taught about putting the members together, by origin.

Written by ``forecast-service backtest --publish``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from models.dataset.tables import DATA
from models.ensemble.stacking import PRIOR, Weights

FILE = DATA / "learned.json"


@cache
def _by_origin() -> Mapping[int, Weights]:
    found = json.loads(FILE.read_text(encoding="utf-8"))["origins"]
    return {int(year): Weights(**weights) for year, weights in found.items()}


def weights_at(origin: int) -> Weights:
    """The weights that could be known at ``origin``: those learned then, or at the last origin before it.

    Before the first origin of the table, :data:`models.ensemble.stacking.PRIOR`.
    """
    learned = _by_origin()
    earlier = [year for year in learned if year <= origin]
    return learned[max(earlier)] if earlier else PRIOR


def save(weights: Mapping[int, Weights], vintage: str, model_version: str) -> None:
    """Write the table that :func:`weights_at` reads."""
    rounded = {
        str(year): {
            "pool": {name: round(w, 4) for name, w in found.pool.items()},
            "pledge_weight": round(found.pledge_weight, 4),
            "spread": round(found.spread, 4),
        }
        for year, found in sorted(weights.items())
    }
    content = {"vintage": vintage, "model_version": model_version, "origins": rounded}
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    _by_origin.cache_clear()
