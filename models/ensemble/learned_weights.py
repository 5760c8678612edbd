"""What the backtest taught about putting the members together, by origin.

Written by ``forecast-service backtest --publish``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from models.dataset import tables
from models.ensemble.pool import PRIOR, Weights

FILE = tables.FOLDER / "learned.json"


@cache
def _by_origin() -> Mapping[int, Weights]:
    if not FILE.exists():
        return {}
    found = json.loads(FILE.read_text(encoding="utf-8"))["origins"]
    return {int(year): Weights(**weights) for year, weights in found.items()}


def weights_at(origin: int) -> Weights:
    """The weights that could be known at ``origin``: those learned then, or at the last origin before it.

    Before the first origin of the table, :data:`models.ensemble.pool.PRIOR`.
    """
    earlier = [year for year in _by_origin() if year <= origin]
    return _by_origin()[max(earlier)] if earlier else PRIOR


def save(weights: Mapping[int, Weights], vintage: str, model_version: str) -> None:
    """Write the table that :func:`weights_at` reads."""
    rounded = {
        str(year): {
            "pool": {name: round(w, 4) for name, w in found.pool.items()},
            "trust": round(found.trust, 4),
            "spread": round(found.spread, 4),
        }
        for year, found in sorted(weights.items())
    }
    content = {"vintage": vintage, "model_version": model_version, "origins": rounded}
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    _by_origin.cache_clear()
