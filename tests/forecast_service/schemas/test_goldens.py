"""Scenarios as files: a question in ``NAME.json``, its answer in ``NAME.expected.json``.

``python -m tests.forecast_service.schemas.test_goldens`` writes the answers anew; a change in them belongs with a
change of the model's version.
"""

import json
import tempfile
from pathlib import Path

import pytest

from forecast_service.schemas.forecast_request import ForecastRequestSchema
from models import Forecaster, load_figures
from models.simulation.path_store import PathStore

FOLDER = Path(__file__).parent / "goldens"
QUESTIONS = sorted(p for p in FOLDER.glob("*.json") if not p.name.endswith(".expected.json"))


def answer(question: Path, forecaster: Forecaster) -> dict:
    forecast = forecaster.forecast(**ForecastRequestSchema().load(json.loads(question.read_text())))
    return {
        "model_version": forecast.model_version,
        "vintage": forecast.vintage,
        "targets": {
            t.component: None
            if t.outcome is None
            else {
                "at_deadline": round(t.outcome.probability.at_deadline, 6),
                "by_deadline": round(t.outcome.probability.by_deadline, 6),
                "held": round(t.outcome.probability.held, 6),
            }
            | {one.rule: round(one.at_deadline, 6) for one in t.rules}
            for t in forecast.targets
        },
        "median": {name: round(float(x.quantiles[4, -1]), 4) for name, x in forecast.components.items()},
    }


def expected(question: Path) -> Path:
    return question.with_suffix(".expected.json")


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda p: p.stem)
def test_every_answer_is_its_golden_file(question, forecaster):
    want = json.loads(expected(question).read_text())
    got = answer(question, forecaster)
    assert got["model_version"] == want["model_version"]
    for component, figures in want["targets"].items():
        # A last bit may differ between processors' vector units; a probability by a few draws at most.
        assert got["targets"][component] == (figures and pytest.approx(figures, abs=5e-4))
    assert got["median"] == pytest.approx(want["median"], rel=1e-3)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        forecaster = Forecaster(load_figures(), PathStore(Path(folder)))
        for question in QUESTIONS:
            expected(question).write_text(json.dumps(answer(question, forecaster), indent=2) + "\n")


if __name__ == "__main__":
    main()
