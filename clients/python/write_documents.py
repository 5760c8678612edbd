"""Write ``documents.py``, the types of the service's answers, from the contract. ``make openapi`` runs it.

``--check`` writes nothing, and fails if the file does not agree with the contract.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CONTRACT = HERE.parents[1] / "openapi" / "openapi.json"
WRITTEN = HERE / "src" / "forecast_service_client" / "documents.py"
ANSWERS = (
    "AllianceForecast",
    "AnyScenario",
    "BatchItem",
    "Comparison",
    "Country",
    "Forecast",
    "History",
    "PastForecasts",
    "Requirement",
    "ScenarioItem",
    "Sensitivity",
    "Sweep",
    "SweepResult",
    "TrackRecord",
    "Vintage",
)
"""The schemas that the client returns. What they refer to is written too."""
HEADER = '"""The JSON of the service\'s answers, as types. Written by ``write_documents.py`` from the contract."""'


def referred(part: Any) -> Iterator[str]:
    """The names of the schemas that a part of the contract refers to."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value.rsplit("/", 1)[1]
            else:
                yield from referred(value)
    elif isinstance(part, list):
        for value in part:
            yield from referred(value)


def reduced(contract: dict[str, Any]) -> dict[str, Any]:
    """The contract without addresses and without what no answer of the client needs."""
    schemas = contract["components"]["schemas"]
    needed: dict[str, Any] = {}
    missing = set(ANSWERS)
    while missing:
        needed |= {name: schemas[name] for name in missing}
        missing = {name for schema in needed.values() for name in referred(schema)} - needed.keys()
    return contract | {"paths": {}, "components": {"schemas": dict(sorted(needed.items()))}}


def text() -> str:
    """The module as the contract has it now."""
    tool = [Path(sys.executable).with_name("datamodel-codegen"), "--input-file-type", "openapi"]
    types = ["--output-model-type", "typing.TypedDict", "--no-use-closed-typed-dict", "--target-python-version", "3.11"]
    style = ["--formatters", "ruff-check", "ruff-format", "--disable-timestamp", "--custom-file-header", HEADER]
    with tempfile.TemporaryDirectory() as folder:
        contract, module = Path(folder, "contract.json"), Path(folder, WRITTEN.name)
        contract.write_text(json.dumps(reduced(json.loads(CONTRACT.read_text(encoding="utf-8")))), encoding="utf-8")
        subprocess.run([*tool, "--input", contract, *types, *style, "--output", module], check=True)  # noqa: S603
        return module.read_text(encoding="utf-8")


if __name__ == "__main__":
    if "--check" not in sys.argv:
        WRITTEN.write_text(text(), encoding="utf-8")
    elif text() != WRITTEN.read_text(encoding="utf-8"):
        sys.exit(f"{WRITTEN.name} does not agree with {CONTRACT.name}: make openapi")
