"""Vintages over HTTP: what there is, taking one in, what differs, and which is current."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.forecasting import vintage_change_task, vintage_import_task
from forecast_service.forecasting.registry import EXTENSION
from forecast_service.observability import log_lines
from forecast_service.services import vintages
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION as DATABASE
from forecast_service.store.sweeps import Sweeps
from forecast_service.sweeps.task import compute
from models.dataset.tables import BUNDLED
from models.forecast import MODEL_VERSION
from tests.models.dataset.publishers import saved, weo_book, weo_rows
from tests.support.contract import CheckedClient
from tests.support.service import DRAWS, FIT_TIMEOUT_S

pytestmark = pytest.mark.slow

PROBLEM = "application/problem+json"
XLSX = vintages.XLSX


@pytest.fixture
def own(state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application on a state folder of its own, into which the fits of the others are linked."""
    (state_dir / "fits").mkdir(exist_ok=True)
    fits = str(state_dir / "fits")
    app = create_app(
        Settings(state_dir=tmp_path, draws=DRAWS, fits_dir=fits, switch_ahead=3, fit_timeout_s=FIT_TIMEOUT_S)
    )
    app.test_client_class = CheckedClient
    started: list[str] = []
    app.extensions["started"] = started
    # Fitting takes a minute; tests/deploy does it for real.
    monkeypatch.setattr(
        "forecast_service.forecasting.fit_missing.fit_in_background", lambda _settings, name: started.append(name)
    )
    yield app
    app.extensions[DATABASE].close()


@pytest.fixture
def asking(own: Flask) -> FlaskClient:
    return own.test_client()


def tidy(**changes: str) -> bytes:
    """A plain table of core shares (%): NATO's, with other figures of 2026 for the allies named."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["iso3", "year", "share_pct", "estimate"])
    for row in BUNDLED.read("core_share"):
        value = changes.get(row["iso3"], row["share_pct"]) if row["year"] == "2026" else row["share_pct"]
        writer.writerow([row["iso3"], row["year"], value, row["estimate"]])
    return out.getvalue().encode()


OUTLOOK = saved(weo_book([row | {"PUBLICATION_DATE": None} for row in weo_rows()], edition="The"))
"""An Outlook that does not name its edition."""


def test_the_vintages_are_listed(asking: FlaskClient) -> None:
    items = asking.get("/v1/vintages").json["items"]
    assert [one["name"] for one in items] == ["nato-2019", "nato-2025", "nato-2026"]
    assert [one["current"] for one in items] == [False, False, True]
    one = asking.get("/v1/vintages/nato-2026").json
    assert one["origin"] == 2026
    assert {table["name"] for table in one["tables"]} > {"core_share", "pledges", "gdp"}
    assert all(source["terms"] for source in one["sources"])
    assert asking.get("/v1/vintages/nato-1949").status_code == 404


def test_every_way_to_name_a_vintage_says_which_there_are(asking: FlaskClient) -> None:
    body = {"country": "DEU", "vintage": "nato-1949"}
    for answer in (
        asking.get("/v1/countries/DEU/forecast?vintage=nato-1949"),
        asking.get("/v1/countries/DEU/history?vintage=nato-1949"),
        asking.get("/v1/alliance/forecast?vintage=nato-1949"),
        asking.post("/v1/forecasts", json=body),
        asking.post("/v1/requirements", json=body | {"probability": 0.5}),
        asking.post("/v1/sensitivity", json=body),
        asking.put("/v1/vintages/current", json={"vintage": "nato-1949"}),
    ):
        assert answer.status_code == 422
        (error,) = answer.json["errors"]
        assert (error.get("parameter"), error.get("pointer")) in {("vintage", None), (None, "/vintage")}
        assert error["detail"] == "must be one of nato-2019, nato-2025, nato-2026"


@pytest.mark.parametrize("name", ["nato-1949", "", "NATO-2026", "../nato-2026", "x" * 300])
def test_a_name_of_any_form_is_looked_for_and_not_found(asking: FlaskClient, name: str) -> None:
    missing = "must be one of nato-2019, nato-2025, nato-2026"
    batch = asking.post("/v1/forecasts/batch", json={"items": [{"country": "DEU", "vintage": name}]})
    (item,) = batch.json["items"]
    assert item["status"] == 422
    assert item["problem"]["errors"] == [{"pointer": "/items/0/vintage", "detail": missing}]
    scenario = {"name": "mine", "levers": [], "vintage": name}
    assert asking.post("/v1/scenarios", json=scenario).json["errors"] == [{"pointer": "/vintage", "detail": missing}]
    for address, beside in (
        ("forecasts", {"country": "DEU"}),
        ("sensitivity", {"country": "DEU"}),
        ("requirements", {"country": "DEU", "probability": 0.5}),
        ("sweeps", {"countries": ["DEU"]}),
    ):
        answer = asking.post(f"/v1/{address}", json=beside | {"scenario": scenario})
        assert answer.json["errors"] == [{"pointer": "/scenario/vintage", "detail": missing}]
    laid = asking.post(f"/v1/vintages?source=csv&base={name}", data=tidy(), content_type="text/csv")
    assert (laid.status_code, laid.json["errors"]) == (422, [{"parameter": "base", "detail": missing}])


def test_a_damaged_edition_is_none_to_who_asks_and_an_error_in_the_log(
    own: Flask, asking: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    folder = own.extensions[EXTENSION].settings.state.vintages / "ours-2026"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    answer = asking.get("/v1/countries/DEU/forecast?vintage=ours-2026")
    assert (answer.status_code, answer.json["errors"]) == (
        422,
        [{"parameter": "vintage", "detail": "must be one of nato-2019, nato-2025, nato-2026"}],
    )
    assert "vintage ours-2026 cannot be read: ours-2026: manifest.json" in caplog.text


def test_a_file_becomes_a_vintage_that_is_not_current(own: Flask, asking: FlaskClient) -> None:
    before = asking.get("/v1/countries/DEU/history").data
    made = asking.post("/v1/vintages?source=csv&name=ours-2026", data=tidy(DEU="3.33"), content_type="text/csv")
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == "/v1/vintages/ours-2026"
    assert own.extensions["started"] == ["ours-2026"], "it is fitted beside"
    body = asking.get(made.headers["Location"]).json
    assert (body["base"], body["current"], body["bundled"]) == ("nato-2026", False, False)
    assert [table["name"] for table in body["tables"] if table["changed"]]
    (core,) = asking.get("/v1/countries/DEU/history?vintage=ours-2026").json["components"]
    assert core["observations"][-1]["share_pct"] == 3.33
    assert asking.get("/v1/countries/DEU/history").data == before
    again = asking.post("/v1/vintages?source=csv&name=ours-2026", data=tidy(DEU="3.4"), content_type="text/csv")
    assert again.status_code == 409


def test_replicas_with_folders_of_their_own_answer_alike_and_without_the_database_from_copies(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but not listening: whoever connects is refused
        away = f"postgresql://nobody:secret@127.0.0.1:{held.getsockname()[1]}/none"
        database = f"sqlite:///{tmp_path}/shared.sqlite"
        apps = {
            name: create_app(Settings(state_dir=tmp_path / name, draws=DRAWS, database_url=url))
            for name, url in {"one": database, "two": database, "new": away, "old": away}.items()
        }
        one, two, new, old = (app.test_client() for app in apps.values())
        history = "/v1/countries/DEU/history?vintage=ours-2026"
        assert two.get(history).status_code == 422
        made = one.post("/v1/vintages?source=csv&name=ours-2026", data=tidy(DEU="3.33"), content_type="text/csv")
        assert made.status_code == 201, made.text
        assert two.get("/v1/vintages/ours-2026").json["sha256"] == made.json["sha256"]
        first, second = one.get(history), two.get(history)
        assert (first.data, first.headers["ETag"]) == (second.data, second.headers["ETag"])
        again = two.post("/v1/vintages?source=csv&name=ours-2026", data=tidy(DEU="3.4"), content_type="text/csv")
        assert again.status_code == 409

        shutil.copytree(tmp_path / "two" / "vintages", tmp_path / "old" / "vintages")
        kept = old.get(history)
        assert (kept.data, kept.headers["ETag"]) == (first.data, first.headers["ETag"])
        for refused in (
            new.get(history),
            new.get("/v1/vintages/ours-2026"),
            new.post("/v1/forecasts", json={"country": "DEU", "vintage": "ours-2026"}),
            new.put("/v1/vintages/current", json={"vintage": "ours-2026"}),
            new.post("/v1/vintages?source=csv&name=ours-2027", data=tidy(DEU="3.4"), content_type="text/csv"),
        ):
            assert (refused.status_code, refused.json["type"].rsplit(":", 1)[-1]) == (503, "no-database"), refused.text
            assert refused.headers["Retry-After"] == "5"
        assert new.get("/v1/countries/DEU/history?vintage=nato-2025").status_code == 200
        assert new.get("/v1/countries/DEU/history?vintage=no_name").status_code == 422
        unsure = "vintage: which one is current is not known, since the database does not answer"
        assert new.get("/readyz").json["missing"][-1] == unsure, "another replica may know of a switch"
        for app in apps.values():
            app.extensions[DATABASE].close()


def test_it_cannot_be_current_before_it_is_fitted(own: Flask, asking: FlaskClient) -> None:
    asking.post("/v1/vintages?source=csv&name=ours-2026", data=tidy(DEU="3.33"), content_type="text/csv")
    refused = asking.put("/v1/vintages/current", json={"vintage": "ours-2026"})
    assert refused.status_code == 409
    assert "32 allies are not fitted yet" in refused.json["detail"]
    assert own.extensions["started"] == ["ours-2026"] * 2, "what was cut off begins anew"
    assert asking.get("/v1/vintages/current").json == {"vintage": "nato-2026", "switches": []}


@pytest.mark.parametrize(
    ("query", "data", "kind", "status", "says"),
    [
        ("source=csv&name=ours-2027", tidy(DEU="lots"), "text/csv", 422, "'lots' is not a number"),
        ("source=csv&name=ours-2027", tidy(DEU="333"), "text/csv", 422, "DEU"),
        ("source=nato", b"<!doctype html><p>moved</p>", XLSX, 422, "file"),
        ("source=nato", b"\xff" * 5000, XLSX, 422, "file"),
        ("source=csv&name=nato-2026", tidy(DEU="3.33"), "text/csv", 409, "nato-2026"),
        ("source=csv&name=current", tidy(DEU="3.33"), "text/csv", 422, "name"),
        ("source=csv&name=../x", tidy(DEU="3.33"), "text/csv", 422, "name"),
        ("source=csv&name=ours-2027", tidy(), "text/csv", 409, "nothing to save"),
        ("source=csv&name=ours-2027&base=none", tidy(DEU="3.33"), "text/csv", 422, "base"),
        ("source=press&name=ours-2027", tidy(DEU="3.33"), "text/csv", 422, "source"),
        ("name=ours-2027", tidy(DEU="3.33"), "text/csv", 422, "source"),
        ("source=csv&name=ours-2027", tidy(DEU="3.33"), "text/html", 415, "text/csv"),
        ("source=csv&name=ours-2027", tidy(DEU="2,050"), "text/csv", 422, "'2,050' may be 2.050 or 2050"),
        (
            "source=csv&name=ours-2027",
            tidy().replace(b"DEU", b"Bohemia"),
            "text/csv",
            422,
            "'Bohemia' is no country that I know",
        ),
        ("source=weo", OUTLOOK, XLSX, 422, "file: nothing in it names its edition"),
        ("source=weo&filename=WEOApr2026all.xlsx&base=none", OUTLOOK, XLSX, 422, "base"),
        ("source=weo&filename=../WEOApr2026all.xlsx", OUTLOOK, XLSX, 422, "filename"),
        ("source=csv&name=ours-2027", b"", "text/csv", 400, "empty"),
        ("source=csv&name=ours-2027", b"x" * 10_000_001, "text/csv", 413, "10,000,000"),
    ],
)
def test_a_bad_file_changes_nothing_and_says_where(
    asking: FlaskClient, tmp_path: Path, query: str, data: bytes, kind: str, status: int, says: str
) -> None:
    answer = asking.post(f"/v1/vintages?{query}", data=data, content_type=kind)
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM), answer.text
    assert says in answer.text
    assert len(asking.get("/v1/vintages").json["items"]) == 3
    assert list((tmp_path / "vintages").glob("*")) == []


def test_an_outlook_takes_its_edition_from_its_name(asking: FlaskClient) -> None:
    made = asking.post("/v1/vintages?source=weo&filename=WEOApr2026all.xlsx", data=OUTLOOK, content_type=XLSX)
    assert (made.status_code, made.json["name"]) == (201, "nato-2026-weo-2026-04"), made.text
    titles = [source["title"] for source in made.json["sources"]]
    assert "World Economic Outlook Database, April 2026, imported from WEOApr2026all.xlsx" in titles


def test_more_errors_than_are_shown_are_counted(asking: FlaskClient) -> None:
    allies = {row["iso3"] for row in BUNDLED.read("core_share")}
    wild = "\n".join(["iso3,year,share_pct", *(f"{a},{y},14.{y}" for a in allies for y in range(2014, 2027))])
    answer = asking.post("/v1/vintages?source=csv&name=ours-2027", data=wild.encode(), content_type="text/csv")
    assert answer.status_code == 422
    errors = [error["detail"] for error in answer.json["errors"]]
    assert len(errors) == 50
    assert re.fullmatch(r"and \d{2,} more errors", errors[-1])


def test_a_file_that_takes_too_long_is_given_up(asking: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vintage_import_task, "TIME_S", 0.01)
    answer = asking.post("/v1/vintages?source=csv&name=ours-2027", data=tidy(DEU="3.3"), content_type="text/csv")
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (422, "file")


def test_a_switch_and_its_rollback_take_effect(
    own: Flask, asking: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = own.extensions[EXTENSION]
    monkeypatch.setattr(registry, "missing", lambda _vintage=None: [])
    old = asking.get("/v1/countries/DEU/history")
    assert old.headers["Cache-Control"] == "public, max-age=3"
    assert old.headers["Link"] == '</v1/countries/DEU/history?vintage=nato-2026>; rel="bookmark"'
    written = asking.put("/v1/vintages/current", json={"vintage": "nato-2025"})
    assert (written.status_code, written.json["undoes"]) == (202, None)
    assert asking.put("/v1/vintages/current", json={"vintage": "nato-2025"}).status_code == 409
    time.sleep(1.1)  # so often it is looked
    assert asking.get("/version").json["switch"]["vintage"] == "nato-2025"
    soon = asking.get("/v1/countries/DEU/history")
    assert soon.data == old.data
    assert int(soon.headers["Cache-Control"].split("=")[1]) <= 1, "it ends with the switch"
    time.sleep(2.1)
    new = asking.get("/v1/countries/DEU/history")
    assert (new.json["vintage"], asking.get("/version").json["vintage"]) == ("nato-2025", "nato-2025")
    assert new.headers["ETag"] != old.headers["ETag"]
    assert asking.get("/v1/countries/DEU/history?vintage=nato-2026").data == old.data, "old links stay"
    undone = asking.post("/v1/vintages/current/rollback").json
    assert (undone["vintage"], undone["undoes"]) == ("nato-2026", 1)
    assert asking.post("/v1/vintages/current/rollback").status_code == 409
    time.sleep(3.1)
    back = asking.get("/v1/countries/DEU/history")
    assert (back.data, back.headers["ETag"]) == (old.data, old.headers["ETag"])
    assert [row["number"] for row in asking.get("/v1/vintages/current").json["switches"]] == [2, 1]


def test_what_was_kept_and_posted_before_keeps_its_vintage(
    own: Flask, asking: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own.extensions[EXTENSION], "missing", lambda _vintage=None: [])
    draft = {"name": "capped", "levers": [{"type": "cap", "share_pct": 2.0}]}
    kept = asking.post("/v1/scenarios", json=draft).json
    answer = f"/v1/scenarios/{kept['id']}/versions/1/forecast?country=DEU"
    sweep = {
        "countries": ["DEU"],
        "scenario": {"name": "s", "levers": [{"type": "cap", "share_pct": {"grid": [1.0, 2.0]}}]},
    }
    posted = asking.post("/v1/sweeps", json=sweep).json
    under = asking.get(f"/v1/countries/DEU/forecast?scenario={kept['id']}").json["vintage"]
    asking.put("/v1/vintages/current", json={"vintage": "nato-2025"})
    time.sleep(1.1)
    assert asking.get("/version").json["switch"]
    time.sleep(2.2)
    assert (under, asking.get("/version").json["vintage"]) == ("nato-2026", "nato-2025")
    assert asking.get(answer).json["vintage"] == "nato-2026", "as it was written for"
    assert asking.get(f"{answer}&model=latest").json["vintage"] == "nato-2025"
    assert asking.get(f"/v1/countries/DEU/forecast?scenario={kept['id']}").json["vintage"] == "nato-2025"
    assert asking.post("/v1/scenarios", json=draft).json["vintage"] == "nato-2025"
    sweeps = Sweeps(own.extensions[DATABASE])
    (leased,) = sweeps.lease("test", 10, 60, MODEL_VERSION)
    assert (leased.sweep_id, json.loads(leased.document)["vintage"]) == (posted["id"], "nato-2026")
    sweeps.complete(leased.key, compute(leased.document, leased.number, str(own.extensions[EXTENSION].store.folder)))
    (first, _) = asking.get(f"/v1/sweeps/{posted['id']}/results").json["items"]
    same = {"name": "s", "levers": [{"type": "cap", "share_pct": 1.0}]}
    alone = asking.post("/v1/forecasts", json={"country": "DEU", "vintage": "nato-2026", "scenario": same}).json
    assert first["core"]["at_deadline"] == alone["targets"][0]["probability"]["at_deadline"]


def test_why_forecasts_moved_is_worked_out_beside(
    own: Flask, asking: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[str, str]] = []
    monkeypatch.setattr(vintage_change_task, "start", lambda _settings, a, b: begun.append((a, b)))
    # Two that differ in shares alone: all inputs, and every ally: tests/models/analysis/test_vintage_change.py.
    asking.post("/v1/vintages?source=csv&name=ours-2026", data=tidy(DEU="2.99"), content_type="text/csv")
    there = "/v1/vintages/nato-2026/diff/ours-2026"
    first = asking.get(there)
    assert (first.status_code, first.json["probabilities"], first.headers["Retry-After"]) == (200, None, "30")
    assert begun == [("nato-2026", "ours-2026")]
    (figure,) = [one for one in first.json["figures"] if one["table"] == "core_share"]
    assert (figure["code"], figure["year"], figure["after"]) == ("DEU", 2026, "2.99e")

    settings = own.extensions[EXTENSION].settings
    monkeypatch.setattr(vintage_change_task, "whose", lambda _forecaster: ["DEU", "ISL"])
    # These would stay with the process of the tests.
    monkeypatch.setattr(vintage_change_task, "run_in_background", lambda: None)
    monkeypatch.setattr(log_lines, "set_up", lambda _: None)
    facts = [str(settings.sipri), str(settings.draws), str(settings.seed)]
    monkeypatch.setattr("sys.argv", ["change_task", str(settings.state_dir), "nato-2026", "ours-2026", *facts])
    vintage_change_task.main()

    germany, iceland = asking.get(there).json["probabilities"]
    assert (germany["country"]["name"], germany["reason"], iceland["change"]) == ("Germany", None, None)
    assert "armed forces" in iceland["reason"]
    change, path = germany["change"], "/v1/countries/DEU/forecast?vintage="
    for side, vintage in (("before", "nato-2026"), ("after", "ours-2026")):
        served = asking.get(path + vintage).json["targets"][0]["probability"]["at_deadline"]
        assert change[side] == served, "it is the forecasts that are explained"
    assert change["after"] != change["before"]
    assert sum(change["parts"].values()) == pytest.approx(change["after"] - change["before"], abs=4e-6)
    assert len(begun) == 1, "what is there is not begun again"
    assert asking.get("/v1/vintages/nato-2025/diff/nato-1949").status_code == 404
    assert asking.get("/v1/vintages/nato-1949/diff/nato-2025").status_code == 404
