"""The library of scenarios: every file holds, for every ally.

``python -m tests.forecast_service.schemas.test_scenario_library`` writes the answers anew; a change in
them belongs with a change of the model's version.
"""

import csv
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from forecast_service.schemas.levers import ScenarioSchema
from models import Forecaster, load_figures
from models.dataset.countries import allies
from models.scenarios.builtin import plan_levers
from models.scenarios.library import FOLDER, library
from models.simulation.path_store import PathStore

pytestmark = pytest.mark.slow

FILES = sorted(FOLDER.glob("*.json"))
COLUMNS = ("core_at", "core_by", "related_at", "total_at")


def answers(name, forecaster):
    """Country -> probabilities; blank where a target does not apply."""
    rows = {}
    for code in allies():
        core, related, total = (t.outcome and t.outcome.probability for t in forecaster.forecast(code, name).targets)
        values = (
            core and core.at_deadline,
            core and core.by_deadline,
            related and related.at_deadline,
            total and total.at_deadline,
        )
        rows[code] = ["" if v is None else f"{v:.4f}" for v in values]
    return rows


def expected(path):
    return Path(__file__).parents[2] / "models/scenarios/shipped" / f"{path.stem}.expected.csv"


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_shipped_scenario_gives_its_golden_answer(path, forecaster):
    with expected(path).open(encoding="utf-8", newline="") as file:
        want = {row["country"]: [row[c] for c in COLUMNS] for row in csv.DictReader(file)}
    got = answers(path.stem, forecaster)
    assert set(got) == set(want)
    for code, values in want.items():
        for mine, theirs in zip(got[code], values, strict=True):
            assert (mine == "") == (theirs == "")
            if mine:
                # A few draws may fall on the other side on another processor.
                assert float(mine) == pytest.approx(float(theirs), abs=1e-3), code


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_file_is_what_an_analyst_would_post(path):
    """Under a name of its own, the service's schema reads the file to the very scenario that ships."""
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["name"] == path.stem
    assert ScenarioSchema().load(content | {"name": "mine"}) == replace(library()[path.stem], name="mine")


def test_the_national_plans_are_the_tables():
    levers = [lever for code, ally in allies().items() for lever in plan_levers(ally, 2026, (code,))]
    assert list(library()["national-plans"].levers) == levers


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        forecaster = Forecaster(load_figures(), PathStore(Path(folder)))
        for path in FILES:
            with expected(path).open("w", encoding="utf-8", newline="") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(["country", *COLUMNS])
                out.writerows([code, *values] for code, values in answers(path.stem, forecaster).items())


if __name__ == "__main__":
    main()
