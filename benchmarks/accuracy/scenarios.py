"""The page on the scenarios that ship: what each assumes, what it does, and its probability for every ally.

    python -m benchmarks.accuracy.scenarios [--write docs/shipped-scenarios.md]

Fits are saved in FORECAST_STATE_DIR, or made in a temporary folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks.accuracy.today import bundled
from models import Forecaster
from models.dataset.countries import allies
from models.scenarios.builtin import NamedScenario, named_scenarios
from models.scenarios.targets import HAGUE_DEADLINE

COMMAND = "python -m benchmarks.accuracy.scenarios --write docs/shipped-scenarios.md"
HEAD = f"""# Scenarios that ship

Written by `{COMMAND}`.
`tests/models/scenarios/test_directions.py` holds each scenario to its direction, for every ally. How to write your own:
[scenarios](scenarios.md).

## What they assume and do

The direction is that of the probability of 3.5 % core in {HAGUE_DEADLINE}, compared with the baseline.

"""


def page(forecaster: Forecaster) -> str:
    """The whole page."""
    return HEAD + "\n".join(_sentences()) + "\n".join(_table(forecaster)) + "\n"


def _sentences() -> Iterator[str]:
    yield "| scenario | assumption | direction |"
    yield "| --- | --- | --- |"
    for one in named_scenarios().values():
        yield f"| `{one.name}` | {one.description} | {one.direction} |"


def _table(forecaster: Forecaster) -> Iterator[str]:
    names = list(named_scenarios())
    yield f"\n\n## For every ally\n\nProbability (%) of a core share of 3.5 % or more in {HAGUE_DEADLINE}, vintage"
    yield f"{forecaster.figures.vintage}. Iceland, which has no core spending: of a related share of 1.5 %.\n"
    yield f"| ally | {' | '.join(map(_broken, names))} |"
    yield f"| --- |{' ---: |' * len(names)}"
    for ally in allies().values():
        cells = (_percent(forecaster, ally.code, named_scenarios()[name]) for name in names)
        yield f"| {ally.name} | {' | '.join(cells)} |"


def _broken(name: str) -> str:
    """A name that may break into lines, so that the table stays narrow."""
    return name.replace("-", " ")


def _percent(forecaster: Forecaster, code: str, scenario: NamedScenario) -> str:
    targets = forecaster.forecast(code, scenario.name).targets
    p = next(t.outcome for t in targets if t.outcome).probability.at_deadline
    return "< 1" if p < 0.01 else "> 99" if p > 0.99 else f"{100 * p:.0f}"


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", type=Path, help="the file to write")
    asked = parser.parse_args()
    with bundled() as forecaster:
        text = page(forecaster)
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
