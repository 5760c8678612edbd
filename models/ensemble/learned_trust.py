"""The trust in pledges that the backtest learned, by origin; ``forecast-service backtest --publish`` writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from models.dataset.tables import DATA
from models.ensemble.stacking import TRUST
from models.files import write_atomically

FILE = DATA / "learned.json"


@cache
def _by_origin() -> Mapping[int, float]:
    origins = json.loads(FILE.read_text(encoding="utf-8"))["trust"]
    return {int(year): float(trust) for year, trust in origins.items()}


def trust_at(origin: int) -> float:
    """The weight of the pledge member learned at ``origin`` or at the last origin before it.

    Before the first origin of the table: :data:`models.ensemble.stacking.TRUST`.
    """
    learned = _by_origin()
    earlier = [year for year in learned if year <= origin]
    return learned[max(earlier)] if earlier else TRUST


def save(trust: Mapping[int, float], vintage: str, model_version: str) -> None:
    """Write the table that :func:`trust_at` reads."""
    rounded = {str(year): round(weight, 4) for year, weight in sorted(trust.items())}
    content = {"vintage": vintage, "model_version": model_version, "trust": rounded}
    write_atomically(FILE, json.dumps(content, indent=1) + "\n")
    _by_origin.cache_clear()
