"""An operator's own panel: other countries, another target, the same routes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forecast_service.settings.panel import panel_of
from models.dataset.config import ALLIES, BadPanel
from tests.support.service import environment, serving

EXAMPLE = Path(__file__).parents[2] / "examples/panel-rd"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    state = tmp_path_factory.mktemp("panel")
    with serving(state, FORECAST_PANEL=str(EXAMPLE), FORECAST_DRAWS="400") as service:
        service.wait_until_ready()
        yield service


def ask(service, path, body=None):
    headers = {"Content-Type": "application/json"} if body else {}
    return service.ask("POST" if body else "GET", path, json.dumps(body) if body else None, headers)


def test_its_countries_are_served_and_no_others(service):
    status, listed = ask(service, "/v1/countries")
    assert status == 200
    assert [c["code"] for c in listed["items"]] == ["XBO", "XFR", "XGF", "XLA", "XRU", "XSY"]
    assert ask(service, "/v1/countries/DEU/forecast")[0] == 404
    status, history = ask(service, "/v1/countries/syldavia/history")
    assert status == 200
    observations = history["components"][0]["observations"]
    assert len(observations) == 31
    assert {o["definition"] for o in observations} == {"own"}


def test_its_target_is_the_default(service):
    status, answer = ask(service, "/v1/countries/XSY/forecast")
    assert status == 200
    core, related, total = answer["targets"]
    assert (core["threshold"], answer["deadline"], answer["vintage"]) == (3.0, 2030, "rd-2025")
    assert 0.2 < core["probability"]["at_deadline"] < 0.9
    assert "Synthetic figures of R&D spending" in core["rests_on"]
    assert related["probability"] is None
    assert total["probability"] is None
    assert "NATO" not in json.dumps(answer)
    plan = ask(service, "/v1/countries/XSY/forecast?scenario=national-plan")[1]
    assert plan["targets"][0]["probability"] != core["probability"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/forecasts", {"country": "XRU", "scenario": {"name": "more", "levers": [
            {"type": "spending_growth", "change_pp": 2, "from": 2026, "to": 2030}]}}),
        ("/v1/forecasts", {"country": "XLA", "scenario": "gdp-shock", "targets": {"core": 4.0, "deadline": 2035}}),
        ("/v1/forecasts", {"country": "XFR", "scenario": "pledge"}),
        ("/v1/forecasts", {"country": "XFR", "scenario": "stall"}),
        ("/v1/forecasts", {"country": "XFR", "scenario": "trend"}),
        ("/v1/requirements", {"country": "XBO", "probability": 0.5}),
        ("/v1/sensitivity", {"country": "XGF"}),
        ("/v1/alliance/forecast", None),
        ("/v1/scenarios", None),
        ("/v1/vintages", None),
        ("/openapi.json", None),
        ("/readyz", None),
    ],
)  # fmt: skip
def test_every_question_can_be_asked(service, path, body):
    status, answer = ask(service, path, body)
    assert status == 200, answer


@pytest.mark.parametrize("path", ["/v1/requirements", "/v1/sensitivity"])
def test_what_is_not_counted_cannot_be_asked_for(service, path):
    status, problem = ask(service, path, {"country": "XBO", "probability": 0.5, "component": "related"}
                          if "requirements" in path else {"country": "XBO", "component": "related"})  # fmt: skip
    assert status == 422
    assert "only 'core'" in json.dumps(problem)


def test_its_countries_are_found_wherever_one_is_named(service):
    lever = {"type": "spending_growth", "change_pp": 2, "from": 2026, "to": 2030, "countries": ["XRU"]}
    status, kept = ask(service, "/v1/scenarios", {"name": "more of it", "levers": [lever]})
    assert status == 201
    versions = f"/v1/scenarios/{kept['id']}/versions/1/forecast"
    status, moved = ask(service, f"{versions}?country=borduria")
    assert (status, moved["country"]["code"]) == (200, "XBO")
    assert "does not act on XBO" in moved["notes"][0]
    assert ask(service, f"{versions}?country=XRU")[1]["notes"] == []
    swept = {"name": "s", "levers": [lever | {"change_pp": {"grid": [0, 1]}}]}
    status, sweep = ask(service, "/v1/sweeps", {"countries": ["Syldavia", "XRU"], "scenario": swept})
    assert (status, sweep["request"]["countries"]) == (202, ["XSY", "XRU"])
    assert ask(service, "/v1/sweeps", {"countries": ["DEU"], "scenario": swept})[0] == 422


def test_there_is_no_track_record_of_it(service):
    assert ask(service, "/v1/track-record")[0] == 404


def test_other_figures_in_the_same_folder_are_other_answers(tmp_path):
    panel = shutil.copytree(EXAMPLE, tmp_path / "panel")
    ids = []
    for _ in range(2):
        made = subprocess.run(
            [sys.executable, "-m", "forecast_service.cli", "forecast", "XRU", "--deadline", "2030", "--json"],
            env=environment(tmp_path / "state", FORECAST_PANEL=str(panel), FORECAST_DRAWS="50"),
            check=True, capture_output=True,
        )  # fmt: skip
        ids.append(json.loads(made.stdout)["id"])
        file = panel / "core_share.csv"
        file.write_text(file.read_text().replace("XRU,2024,", "XRU,2024,1"))
    assert ids[0] != ids[1]


def test_the_figures_of_the_example_are_what_its_script_makes(tmp_path):
    panel = shutil.copytree(EXAMPLE, tmp_path / "panel")
    for file in panel.glob("*.csv"):
        file.unlink()
    subprocess.run([sys.executable, panel / "make_figures.py"], check=True)
    for file in EXAMPLE.glob("*.csv"):
        assert (panel / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vintage": "nato-2026"}, "not NATO's"),
        ({"vintage": "research"}, "a name with its year"),
        ({"vintage": None}, "a name with its year"),
        ({"target": {"share_pct": 3.0}}, "KeyError 'year'"),
        ({"target": {"share_pct": "much", "year": 2030}}, "ValueError"),
        ({"target": {"share_pct": 0, "year": 2030}}, "share_pct above 0"),
    ],
)
def test_a_panel_that_cannot_be_served_is_told(tmp_path, change, message):
    panel = shutil.copytree(EXAMPLE, tmp_path / "panel")
    found = json.loads((panel / "panel.json").read_text()) | change
    (panel / "panel.json").write_text(json.dumps(found))
    with pytest.raises(BadPanel, match=message):
        panel_of({"FORECAST_PANEL": str(panel)})


def test_a_panel_needs_its_tables(tmp_path):
    panel = shutil.copytree(EXAMPLE, tmp_path / "panel")
    (panel / "core_share.csv").unlink()
    with pytest.raises(BadPanel, match=r"has no core_share.csv"):
        panel_of({"FORECAST_PANEL": str(panel)})
    with pytest.raises(BadPanel, match="cannot be read"):
        panel_of({"FORECAST_PANEL": str(tmp_path / "nowhere")})
    assert panel_of({}) is ALLIES
    assert os.environ.get("FORECAST_PANEL", "") == ""


def test_its_plans_are_imported_from_a_csv(tmp_path):
    file = tmp_path / "plans.csv"
    file.write_text((EXAMPLE / "pledges.csv").read_text().replace(",3.0,2030,pledged,", ",3.1,2030,pledged,"))
    done = subprocess.run(
        [sys.executable, "-m", "forecast_service.cli", "data", "pledges", "import", str(file)],
        env=environment(tmp_path / "state", FORECAST_PANEL=str(EXAMPLE)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "is no ally" not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
