"""Answers as CSV, with their columns described, as Parquet and as Arrow; 406 for what is not offered."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyarrow import parquet

from forecast_service import create_app
from forecast_service.http.answers import EXTENSION
from forecast_service.settings import Settings
from tests.support.service import DRAWS, FIT_TIMEOUT_S

TABLES = ["/v1/countries/DEU/history", "/v1/countries/DEU/forecast", "/v1/alliance/forecast"]
CONTEXT = ["scenario", "origin", "deadline", "vintage"]
ACCEPTED = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv-metadata.json": "application/csvm+json",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("path", TABLES)
@pytest.mark.parametrize("form", ACCEPTED)
def test_a_suffix_and_accept_give_the_same(client: FlaskClient, path: str, form: str) -> None:
    by_suffix = client.get(f"{path}.{form}")
    by_accept = client.get(path, headers={"Accept": f"{ACCEPTED[form]}, */*;q=0.1"})
    assert by_suffix.status_code == by_accept.status_code == 200
    assert by_suffix.mimetype == by_accept.mimetype == ACCEPTED[form]
    assert by_suffix.data == by_accept.data
    assert by_suffix.headers["ETag"] == by_accept.headers["ETag"]


@pytest.mark.parametrize("path", TABLES)
def test_the_columns_are_described_beside_the_csv(client: FlaskClient, path: str) -> None:
    found = client.get(f"{path}.csv")
    described, bookmark = found.headers["Link"].split(", ")
    assert described == f'<{path}.csv-metadata.json>; rel="describedby"; type="application/csvm+json"'
    assert bookmark == f'<{path}.csv?vintage=nato-2026>; rel="bookmark"'
    metadata: dict[str, Any] = client.get(f"{path}.csv-metadata.json").json
    assert metadata["url"] == f"{path.rsplit('/', 1)[1]}.csv"
    assert metadata["@context"][0] == "http://www.w3.org/ns/csvw"
    columns = metadata["tableSchema"]["columns"]
    table = rows(found.text)
    assert [c["name"] for c in columns] == list(table[0])
    assert all(c["dc:description"] for c in columns)
    assert all("schema:unitText" in c for c in columns if c["name"].endswith("_pct"))
    key = metadata["tableSchema"]["primaryKey"]
    assert len({tuple(row[name] for name in key) for row in table}) == len(table)
    check = {
        "gYear": int,
        "integer": int,
        "number": float,
        "boolean": {"true": 1, "false": 0}.__getitem__,
        "string": str,
    }
    for row in table:
        for column in columns:
            if row[column["name"]]:
                check[column["datatype"]](row[column["name"]])


def test_links_hold_behind_a_gateways_prefix_and_keep_the_query(client: FlaskClient) -> None:
    found = client.get(
        "/v1/countries/DEU/forecast.csv?deadline=2030", environ_overrides={"SCRIPT_NAME": "/forecasting"}
    )
    assert found.headers["Link"].startswith("</forecasting/v1/countries/DEU/forecast.csv-metadata.json?deadline=2030>;")
    metadata = client.get("/v1/countries/DEU/forecast.csv-metadata.json?deadline=2030").json
    assert metadata["url"] == "forecast.csv?deadline=2030"


def test_the_history_is_that_of_the_json(client: FlaskClient) -> None:
    (core,) = client.get("/v1/countries/DEU/history?vintage=nato-2025").json["components"]
    table = rows(client.get("/v1/countries/DEU/history.csv?vintage=nato-2025").text)
    assert [(int(r["year"]), float(r["share_pct"])) for r in table] == [
        (o["year"], o["share_pct"]) for o in core["observations"]
    ]
    assert {r["estimate"] for r in table} == {"true", "false"}


def test_the_forecast_is_that_of_the_json(client: FlaskClient) -> None:
    query = "?quantiles=0.1,0.5,0.9&deadline=2031"
    answer = client.get(f"/v1/countries/POL/forecast{query}").json
    table = rows(client.get(f"/v1/countries/POL/forecast.csv{query}").text)
    assert list(table[0])[:5] == ["country", "component", "year", "mean_pct", "median_pct"]
    assert list(table[0])[5:] == ["q0.1_pct", "q0.5_pct", "q0.9_pct", *CONTEXT]
    assert all(row["median_pct"] == row["q0.5_pct"] for row in table)
    assert len(table) == 3 * len(answer["paths"]["years"])
    core = [r for r in table if r["component"] == "core"]
    assert [float(r["q0.9_pct"]) for r in core] == answer["paths"]["core"]["quantiles"]["0.9"]
    assert client.get("/v1/countries/POL/forecast.csv-metadata.json" + query).json["dc:identifier"] == answer["id"]


def test_the_ranking_is_that_of_the_json(client: FlaskClient) -> None:
    target = client.get("/v1/alliance/forecast").json["targets"][0]
    table = [r for r in rows(client.get("/v1/alliance/forecast.csv").text) if r["component"] == "core"]
    assert [(r["country"], float(r["at_deadline"])) for r in table] == [
        (s["country"]["code"], s["at_deadline"]) for s in target["ranking"]
    ]


def test_an_ally_without_forces_has_a_header_and_the_rest(client: FlaskClient) -> None:
    assert rows(client.get("/v1/countries/ISL/history.csv").text) == []
    assert {r["component"] for r in rows(client.get("/v1/countries/ISL/forecast.csv").text)} == {"related"}
    assert client.get("/v1/countries/ISL/history.parquet").status_code == 200


def test_parquet_and_arrow_hold_the_same_table(client: FlaskClient) -> None:
    path = "/v1/countries/DEU/forecast"
    packed = parquet.read_table(io.BytesIO(client.get(f"{path}.parquet").data))
    arrow = pa.ipc.open_file(io.BytesIO(client.get(f"{path}.arrow").data)).read_all()
    table = rows(client.get(f"{path}.csv").text)
    assert packed.to_pylist() == arrow.to_pylist()
    assert [float(r["mean_pct"]) for r in table] == packed.column("mean_pct").to_pylist()
    assert packed.schema.field("mean_pct").metadata[b"unit"].startswith(b"% of GDP")
    assert b"dc:identifier" in packed.schema.metadata


def test_a_posted_scenario_comes_as_csv_too(client: FlaskClient) -> None:
    body = {"country": "DEU", "scenario": {"name": "=cmd()", "levers": [{"type": "cap", "share_pct": 2.0}]}}
    found = client.post("/v1/forecasts", json=body, headers={"Accept": "text/csv"})
    assert found.mimetype == "text/csv"
    assert max(float(r["q0.975_pct"]) for r in rows(found.text) if r["component"] == "core") <= 2.0
    assert "=cmd" not in found.text  # a sheet would run it
    assert "ETag" not in found.headers


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/*", 200),
        ("*/*", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("text/csv;q=0, */*", 200),
        ("image/jpeg", 406),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("nonsense", 406),
    ],
)
@pytest.mark.parametrize("path", ["/v1/countries/DEU/forecast", "/v1/countries"])
def test_what_is_not_offered_is_406(client: FlaskClient, path: str, accept: str, status: int) -> None:
    found = client.get(path, headers={"Accept": accept})
    assert found.status_code == status
    if status == 406:
        assert found.mimetype == "application/problem+json"
        assert "application/json" in found.json["detail"]
    else:
        assert found.mimetype == "application/json"


@pytest.mark.parametrize("path", [*TABLES, "/v1/track-record/forecasts"])
def test_every_table_says_of_which_forecast_its_rows_are(client: FlaskClient, path: str) -> None:
    table = rows(client.get(f"{path}.csv").text)
    assert set(CONTEXT) <= set(table[0])
    figures = path.endswith("/history")
    (said,) = {tuple(row[name] for name in CONTEXT if name != "origin") for row in table}
    assert said[0] == ("" if figures else "baseline")
    assert said[1] == ("2035" if path in TABLES and not figures else "")
    assert said[2].startswith("nato-20")
    assert {len(row["origin"]) for row in table} == {0 if figures else 4}


def test_a_table_names_an_analysts_scenario_by_its_id_alone(keeping: FlaskClient) -> None:
    saved = keeping.post("/v1/scenarios", json={"name": "=1+1", "levers": [{"type": "cap", "share_pct": 2.0}]}).json
    table = keeping.get(f"/v1/countries/DEU/forecast.csv?scenario={saved['id']}").text
    assert {row["scenario"] for row in rows(table)} == {saved["id"]}
    posted = {"country": "DEU", "scenario": {"name": "=1+1", "levers": [{"type": "cap", "share_pct": 2.0}]}}
    table = keeping.post("/v1/forecasts", json=posted, headers={"Accept": "text/csv"}).text
    assert {row["scenario"] for row in rows(table)} == {"own"}
    assert "=1+1" not in table


def test_the_probabilities_are_those_of_the_json(client: FlaskClient) -> None:
    query = "?scenario=stall&deadline=2031"
    targets = client.get(f"/v1/countries/POL/forecast{query}").json["targets"]
    found = client.get(f"/v1/countries/POL/forecast.csv{query}&table=probabilities")
    table = rows(found.text)
    assert [row["component"] for row in table] == ["core", "related", "total"]
    for row, target in zip(table, targets, strict=True):
        for name in ("at_deadline", "by_deadline", "held", "standard_error"):
            assert float(row[name]) == target["probability"][name]
        assert [float(row["lowest_member"]), float(row["highest_member"])] == target["probability"]["across_members"]
        assert float(row["required_growth_pct"]) == target["required"]["real_growth_pct"]
    assert "poland-probabilities-2031-stall" in found.headers["Content-Disposition"]
    core, _, total = rows(client.get("/v1/countries/ISL/forecast.csv?table=probabilities").text)
    assert {core["at_deadline"], total["at_deadline"], total["required_growth_pct"]} == {""}


def test_the_money_is_that_of_the_json(client: FlaskClient) -> None:
    money = client.get("/v1/countries/POL/forecast").json["money"]
    table = rows(client.get("/v1/countries/POL/forecast.csv?table=money").text)
    for currency, amount in (("USD", money["usd"]), ("PLN", money["national"])):
        mine = [row for row in table if row["currency"] == currency]
        assert {row["unit"] for row in mine} == {amount["unit"]}
        assert [float(row["q0.9"]) for row in mine] == amount["quantiles"]["0.9"]
    assert rows(client.get("/v1/countries/ISL/forecast.csv?table=money").text) == []
    body = {"country": "POL"}
    posted = client.post("/v1/forecasts?table=money", json=body, headers={"Accept": "text/csv"})
    assert rows(posted.text) == table


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("table=shares", ("table", "must be one of paths, probabilities, money")),
        ("separator=;", ("separator", "must be one of comma, semicolon, tab")),
        ("decimal=;", ("decimal", "must be one of point, comma")),
        ("bom=1", ("bom", "must be true or false")),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(client: FlaskClient, query: str, wrong: tuple[str, str]) -> None:
    refused = client.get(f"/v1/countries/POL/forecast.csv?{query}")
    assert refused.status_code == 422
    assert [(error["parameter"], error["detail"]) for error in refused.json["errors"]] == [wrong]


def test_a_csv_for_countries_with_decimal_commas_holds_the_same(client: FlaskClient) -> None:
    path, abroad = "/v1/alliance/forecast", "?separator=semicolon&decimal=comma&bom=true"
    found = client.get(f"{path}.csv{abroad}").data
    assert found.startswith(b"\xef\xbb\xbfcomponent;threshold_pct;")
    read = list(csv.reader(io.StringIO(found.decode("utf-8-sig"), newline=""), delimiter=";"))
    plain = list(csv.reader(io.StringIO(client.get(f"{path}.csv").text, newline="")))
    number = re.compile(r"-?\d+\.\d+(e-\d+)?")
    assert read == [[cell.replace(".", ",") if number.fullmatch(cell) else cell for cell in row] for row in plain]
    described = client.get(f"{path}.csv-metadata.json{abroad}").json
    assert described["dialect"]["delimiter"] == ";"
    kinds = {column["name"]: column["datatype"] for column in described["tableSchema"]["columns"]}
    assert kinds["at_deadline"] == {"base": "number", "format": {"decimalChar": ","}}
    assert client.get(f"{path}.csv?decimal=comma").text == found.decode("utf-8-sig")
    quoted = csv.reader(io.StringIO(client.get(f"{path}.csv?decimal=comma&separator=comma").text, newline=""))
    assert list(quoted) == read
    assert client.get(f"{path}.csv?separator=tab").text.startswith("component\tthreshold_pct\t")


def test_a_workbook_holds_the_table_and_what_its_columns_mean(client: FlaskClient) -> None:
    found = client.get("/v1/alliance/forecast.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(found.data), read_only=True)
    heading, *cells = book["Table"].iter_rows(values_only=True)
    table = rows(client.get("/v1/alliance/forecast.csv").text)
    assert list(heading) == list(table[0])
    for row, said in zip(cells, table, strict=True):
        for cell, text in zip(row, said.values(), strict=True):
            assert cell == (float(text) if isinstance(cell, int | float) else text or None)
    about = {row[0]: row[1:] for row in book["About"].iter_rows(values_only=True)}
    assert about["at_deadline"][0] == "probability, 0 to 1"
    assert about["source"][0] == "nato-2026"


def test_a_workbook_is_the_same_bytes_each_time(client: FlaskClient, app: Flask) -> None:
    path = "/v1/countries/DEU/history.xlsx"
    first = client.get(path).data
    app.extensions[EXTENSION].answers.clear()
    assert client.get(path).data == first
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(first)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_csv_of_what_has_no_table_is_406(client: FlaskClient) -> None:
    assert client.get("/v1/countries", headers={"Accept": "text/csv"}).status_code == 406
    assert client.get("/v1/countries/DEU/history.ods").status_code == 404


def test_without_pyarrow_parquet_is_not_offered(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast_service.http.negotiation.has_pyarrow", lambda: False)
    client = create_app(
        Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S)
    ).test_client()  # which has answered nothing yet
    refused = client.get("/v1/countries/DEU/history.parquet")
    assert (refused.status_code, "parquet" in refused.json["detail"]) == (406, False)
    assert client.get("/v1/countries/DEU/history.csv").status_code == 200
