"""What the documentation says is what the code does."""

import csv
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from benchmarks.accuracy import page
from benchmarks.accuracy.today import today
from forecast_service import create_app
from forecast_service.settings import Settings
from models import Forecaster, load_figures
from models.evaluation import published
from models.forecast.question import DRAWS, SEED
from models.paths import RULES
from models.scenarios.builtin import named_scenarios
from models.scenarios.levers import ORDER
from models.scenarios.targets import met
from models.simulation.path_store import PathStore
from models.simulation.related import COUNTS, LEVELS, WEIGHTS, simulate_under

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "models/data/SOURCES.md",
        *ROOT.glob("forecast_service/**/*.md"),
        *ROOT.glob("clients/*/*.md"),
    ]
)


def test_the_readme_shows_the_present_answer(tmp_path: Path) -> None:
    """What the README says of its fan chart is what the service says of it now."""
    (shown,) = re.findall(r'images/fan-light.svg" alt="([^"]+)"', (ROOT / "README.md").read_text(encoding="utf-8"))
    answer = create_app(Settings(state_dir=tmp_path)).test_client().get("/v1/countries/DEU/forecast.svg")
    assert shown == unquote(answer.headers["X-Alt-Text"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_the_docs_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, anchor


def test_the_levers_are_documented_in_the_order_in_which_they_act():
    text = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(\d+)\. \*\*`(\w+)`\*\*", text, re.MULTILINE)
    assert listed == [(str(n), lever.type) for n, lever in enumerate(ORDER, 1)]


@pytest.mark.parametrize("name", sorted(named_scenarios()))
def test_every_shipped_scenario_is_described(name):
    assert f"| `{name}` |" in (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_accuracy_page_is_the_published_track_record_and_todays_answers(fits: Path) -> None:
    now = today(Forecaster(load_figures(), PathStore(fits)))
    assert page.PAGE.read_text(encoding="utf-8") == page.page(published.load(), now)


def test_the_counting_rules_are_documented_as_they_are():
    text = (ROOT / "docs/related.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert [row[0] for row in rows] == list(RULES)
    together = 0.0
    for (_, counts, weight, level, sd, said), rule in zip(rows, RULES, strict=True):
        prior = LEVELS[rule]
        assert (counts, float(weight)) == (COUNTS[rule], WEIGHTS[rule])
        assert (float(level), float(sd)) == (prior.median_pct, prior.log_sd)
        probability = met(simulate_under(rule, "DEU", 2026, 9, DRAWS, SEED)[:, -1], 1.5).mean()
        assert float(said) == pytest.approx(probability, abs=0.01)
        together += WEIGHTS[rule] * probability
    assert f"by their weights it is {together:.2f}" in text


def test_files_that_contributing_names_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([\w.-]+(?:/[\w.-]*)*)`", text) if re.search(r"/|\w\.[a-z]+$", name)}
    assert len(named) > 50
    missing = [name for name in named if not re.search(r"\bNAME\b", name) and not (ROOT / name).exists()]
    assert missing == []


def test_every_publisher_whose_terms_are_recorded_has_a_line_in_the_licence_of_the_figures():
    text = (ROOT / "DATA-LICENSE.md").read_text(encoding="utf-8")
    with (ROOT / "models/data/sources.csv").open(encoding="utf-8") as file:
        publishers = {row["publisher"].split(",")[0] for row in csv.DictReader(file) if row["terms"]}
    assert publishers == set(re.findall(r"^\| \[(.+?)\]\(https://", text, re.MULTILINE))
