"""Examples in the contract: real requests with the application's answers.

``forecast-service openapi --examples`` sends the requests and saves the answers; a test sends them and compares.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, json
from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.forecasting.registry import EXTENSION as FORECASTERS
from forecast_service.forecasting.registry import ForecasterRegistry
from forecast_service.ids import SAVED_ID
from forecast_service.openapi import operations
from forecast_service.openapi.operations import FOLDER
from forecast_service.settings import Settings
from forecast_service.settings.cores import cores
from forecast_service.store.database import EXTENSION, Database
from forecast_service.store.migrate import upgrade
from forecast_service.store.sweeps import Sweeps
from forecast_service.sweeps.task import compute
from models.files import write_atomically
from models.forecast import MODEL_VERSION
from models.forecast.fit_all import fit_all

KEPT = Path(operations.__file__).parent / FOLDER
JSON = "application/json"
HALF_WAY = {
    "name": "half way, after a recession",
    "levers": [
        {"type": "gdp_growth", "change_pp": -3, "from": 2027, "to": 2027},
        {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": 0.5},
    ],
}
SHORT = {"targets": {"deadline": 2029}, "quantiles": [0.1, 0.5, 0.9]}
SWEEP = {
    "countries": ["DEU"],
    "scenario": {
        "name": "half kept",
        "levers": [{"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": {"grid": [0, 1]}}],
    },
}
BEFORE = "nato-2025"
MODEL_OUTPUT = "deadline=2027&location=DEU&output_type=median,cdf,sample&samples=3"
QUERY = "deadline=2029&quantiles=0.1,0.5,0.9"


@dataclass(frozen=True)
class Question:
    """A request. ``{names}`` in its address and headers stand for values of earlier answers."""

    name: str
    method: str
    address: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    learns: str = ""
    """Name of the answer's id in later requests; with ``_etag`` added, of its ETag."""
    status: int = 200


QUESTIONS = (
    Question("listCountries", "GET", "/v1/countries"),
    Question("getCountry", "GET", "/v1/countries/DEU"),
    Question("getHistory", "GET", "/v1/countries/MNE/history"),
    Question("getHistoryTable", "GET", "/v1/countries/MNE/history.csv"),
    Question("getForecast", "GET", f"/v1/countries/DEU/forecast?{QUERY}"),
    Question("getForecastTable", "GET", f"/v1/countries/DEU/forecast.csv?{QUERY}"),
    Question("postForecast", "POST", "/v1/forecasts", {"country": "ESP", "scenario": HALF_WAY} | SHORT),
    Question(
        "getQuestionForecast",
        "GET",
        "/v1/forecasts?" + urlencode({"question": json.dumps({"country": "ESP", "scenario": HALF_WAY} | SHORT)}),
    ),
    Question(
        "postBatch",
        "POST",
        "/v1/forecasts/batch",
        {"items": [{"country": "EST"} | SHORT, {"country": "DEU", "targets": {"deadline": 1990}}]},
    ),
    Question("getAllianceForecast", "GET", "/v1/alliance/forecast?deadline=2029&quantiles=0.5"),
    Question("getAllianceTable", "GET", "/v1/alliance/forecast.csv?deadline=2029&quantiles=0.5"),
    Question("getPaths", "GET", "/v1/countries/DEU/paths?draws=4&deadline=2028"),
    Question("getPathsTable", "GET", "/v1/countries/DEU/paths.csv-metadata.json?draws=4&deadline=2028"),
    Question("getAlliancePaths", "GET", "/v1/alliance/paths?draws=1&deadline=2027"),
    Question("getAlliancePathsTable", "GET", "/v1/alliance/paths.csv?draws=1&deadline=2027"),
    Question(
        "createScenario",
        "POST",
        "/v1/scenarios",
        HALF_WAY | {"public": True, "based_on": "baseline"},
        learns="scenario",
        status=201,
    ),
    Question("listScenarios", "GET", "/v1/scenarios?q=half"),
    Question("getScenario", "GET", "/v1/scenarios/{scenario}"),
    Question(
        "replaceScenario",
        "PUT",
        "/v1/scenarios/{scenario}",
        HALF_WAY | {"description": "As it was, with a reason."},
        {"If-Match": "{scenario_etag}"},
    ),
    Question("listVersions", "GET", "/v1/scenarios/{scenario}/versions?limit=1"),
    Question("getVersion", "GET", "/v1/scenarios/{scenario}/versions/1"),
    Question("getVersionDiff", "GET", "/v1/scenarios/{scenario}/versions/1/diff/2"),
    Question("getVersionForecast", "GET", f"/v1/scenarios/{{scenario}}/versions/1/forecast?country=ESP&{QUERY}"),
    Question(
        "compareScenarios", "GET", "/v1/scenarios/compare?ids=baseline,stall&country=ITA&deadline=2028&quantiles=0.5"
    ),
    Question("forkScenario", "POST", "/v1/scenarios/{scenario}/fork", {"name": "my own"}, status=201),
    Question("revertScenario", "POST", "/v1/scenarios/{scenario}/versions/1/revert", headers={"If-Match": "*"}),
    Question("postSweep", "POST", "/v1/sweeps", SWEEP, learns="sweep", status=202),
    Question("getSweep", "GET", "/v1/sweeps/{sweep}"),
    Question("getResults", "GET", "/v1/sweeps/{sweep}/results"),
    Question("listSweeps", "GET", "/v1/sweeps"),
    Question("cancelSweep", "POST", "/v1/sweeps/{sweep}/cancel"),
    Question("postRequirement", "POST", "/v1/requirements", {"country": "DEU", "probability": 0.8}),
    Question(
        "getQuestionRequirement",
        "GET",
        "/v1/requirements?" + urlencode({"question": json.dumps({"country": "DEU", "probability": 0.8})}),
    ),
    Question(
        "getQuestionSensitivity",
        "GET",
        "/v1/sensitivity?" + urlencode({"question": json.dumps({"country": "EST", "component": "total"})}),
    ),
    Question("postSensitivity", "POST", "/v1/sensitivity", {"country": "DEU", "targets": {"deadline": 2030}}),
    Question("getSensitivity", "GET", "/v1/countries/EST/sensitivity?deadline=2029"),
    Question("getTrackRecord", "GET", "/v1/track-record"),
    Question("getPastForecasts", "GET", "/v1/track-record/forecasts?country=DEU&origin=2015"),
    Question("getPastForecastsTable", "GET", "/v1/track-record/forecasts.csv?country=DEU&origin=2015"),
    Question("getModelOutput", "GET", "/v1/hub/model-output?deadline=2028&location=DEU"),
    Question("getModelOutputTable", "GET", f"/v1/hub/model-output.csv?{MODEL_OUTPUT}"),
    Question("getFrozen", "GET", "/v1/track-record/frozen/2026-11-26-nato-2026-m3?country=DEU"),
    Question("getFrozenTable", "GET", "/v1/track-record/frozen/2026-11-26-nato-2026-m3.csv?country=DEU"),
    Question("getOutsideForecasts", "GET", "/v1/outside-forecasts?country=CAN"),
    Question("getOutsideForecastsTable", "GET", "/v1/outside-forecasts.csv?country=CAN"),
    Question("getScenarioSchema", "GET", "/v1/schemas/scenario.json"),
    Question("healthz", "GET", "/healthz"),
    Question("readyz", "GET", "/readyz"),
    Question("version", "GET", "/version"),
    Question("listVintages", "GET", "/v1/vintages"),
    Question("getVintage", "GET", "/v1/vintages/nato-2026"),
    Question("getVintagesFeed", "GET", "/feeds/vintages.atom"),
    Question("getForecastsFeed", "GET", "/feeds/forecasts.atom"),
    Question("putCurrent", "PUT", "/v1/vintages/current", {"vintage": BEFORE}, status=202),
    Question("postRollback", "POST", "/v1/vintages/current/rollback", status=202),
    Question("getCurrent", "GET", "/v1/vintages/current"),
    Question("problem-400", "POST", "/v1/forecasts", '{"country": ', {"Content-Type": JSON}, status=400),
    Question("problem-404", "GET", "/v1/countries/ATLANTIS", status=404),
    Question("problem-406", "GET", "/v1/countries/DEU/forecast", headers={"Accept": "image/gif"}, status=406),
    Question("problem-412", "DELETE", "/v1/scenarios/{scenario}", headers={"If-Match": '"stale"'}, status=412),
    Question("problem-415", "POST", "/v1/forecasts", "country=DEU", {"Content-Type": "text/plain"}, status=415),
    Question("problem-422", "GET", "/v1/countries/DEU/forecast?deadline=1990", status=422),
    Question("problem-428", "PUT", "/v1/scenarios/{scenario}", HALF_WAY, status=428),
)
"""In the order of sending. ``listCountries`` is the name of an operation, ``problem-404`` of an error."""


def answered(state_dir: Path, draws: int = Settings.draws) -> dict[str, dict[str, Any]]:
    """Every request with the application's answer, by name; makes missing fits in ``state_dir``.

    Raises RuntimeError if an answer has not the expected status.
    """
    with TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/examples.sqlite"
        settings = Settings(state_dir=state_dir, draws=draws, database_url=address, log_level="error")
        app = create_app(settings)
        database = cast(Database, app.extensions[EXTENSION])
        upgrade(database.engine)
        try:
            return ask_all(app, settings.state.fits)
        finally:
            database.close()


def ask_all(app: Flask, fits: Path) -> dict[str, dict[str, Any]]:
    """Every request with the answer of ``app``, whose database must be empty and up to date; computes the sweeps."""
    sweeps = Sweeps(cast(Database, app.extensions[EXTENSION]))
    for vintage in (None, BEFORE):
        fit_all(cast(ForecasterRegistry, app.extensions[FORECASTERS]).forecaster(vintage), cores())
    found: dict[str, dict[str, Any]] = {}
    learned: dict[str, str] = {}
    client = app.test_client()
    for question in QUESTIONS:
        found[question.name] = _ask(client, question, learned)
        for leased in sweeps.lease("examples", 10, 60, MODEL_VERSION):
            sweeps.complete(leased.key, compute(leased.document, leased.number, str(fits)))
    return found


def _ask(client: FlaskClient, question: Question, learned: dict[str, str]) -> dict[str, Any]:
    address = question.address.format(**learned)
    headers = {name: text.format(**learned) for name, text in question.headers.items()}
    sent = {"data": question.body} if isinstance(question.body, str) else {"json": question.body}
    got = client.open(address, method=question.method, headers=headers, **(sent if question.body else {}))
    if got.status_code != question.status:
        raise RuntimeError(f"{question.name}: {got.status_code} {got.text}")
    is_json = "json" in (got.mimetype or "")
    if question.learns:
        learned |= {question.learns: got.get_json()["id"], f"{question.learns}_etag": got.headers.get("ETag", "")}
    asked = {"method": question.method, "address": address, "headers": headers, "body": question.body}
    return {
        "question": {name: value for name, value in asked.items() if value},
        "status": got.status_code,
        "content_type": got.mimetype,
        "answer": json.loads(got.get_data()) if is_json else got.text,
    }


def settled(answers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """``answers`` with fixed words for random ids, cursors, times and processes, so that they can be compared."""
    text = json.dumps(answers)
    text = re.sub(rf"\b{SAVED_ID}\b", "ID", text)
    text = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(\+00:00|Z)", "MOMENT", text)
    text = re.sub(r"cursor=[^\"&]+", "cursor=CURSOR", text)
    plain: dict[str, dict[str, Any]] = json.loads(text)
    if "readyz" in plain:
        plain["readyz"]["answer"]["helpers"] = {}  # those of the process that answers
    return plain


def keep(answers: dict[str, dict[str, Any]], folder: Path = KEPT) -> None:
    """Write ``answers`` to ``folder``, unless it holds the same; delete other answers there."""
    folder.mkdir(exist_ok=True)
    there = {file.stem: json.loads(file.read_text("utf-8")) for file in folder.glob("*.json")}
    if settled(there) == settled(answers):
        return
    for name in there.keys() - answers.keys():
        (folder / f"{name}.json").unlink()
    for name, answer in answers.items():
        text = json.dumps(answer, indent=2, sort_keys=False, ensure_ascii=False)
        write_atomically(folder / f"{name}.json", text + "\n")
