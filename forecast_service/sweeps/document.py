"""Makes the document that determines a sweep's results."""

from __future__ import annotations

import json
from typing import Any

from models.analysis.sweep import CHUNK_POINTS, TRACEPARENT
from models.errors import CannotForecast
from models.forecast import MODEL_VERSION, Forecaster
from models.scenarios.after import stating_after


def complete(forecaster: Forecaster, asked: dict[str, Any], traceparent: str | None = None) -> str:
    """The document: a parsed request with everything that determines the results, as JSON. Raises CannotForecast."""
    origin = asked.get("origin", forecaster.figures.origin)
    for index, targets in enumerate(asked["targets"]):
        try:
            forecaster.basis.check_years(origin, targets["deadline"])
        except CannotForecast as refused:
            field = f"targets/{index}/deadline" if refused.field == "deadline" else refused.field
            raise CannotForecast(field, refused.detail) from None
    document = {name: asked[name] for name in ("countries", "sampling", "targets")} | {
        "scenario": stating_after(asked["scenario"], "continue"),
        "origin": origin,
        "vintage": forecaster.figures.vintage,
        "sipri": forecaster.figures.sipri,
        "draws": forecaster.draws,
        "seed": forecaster.seed,
        "model_version": MODEL_VERSION,
        "chunk_points": CHUNK_POINTS,
    }
    if traceparent:
        document[TRACEPARENT] = traceparent
    return json.dumps(document, ensure_ascii=False)
