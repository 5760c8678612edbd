"""Answers as CSV, with their columns described, as Parquet and as Arrow; 406 for what is not offered."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from flask.testing import FlaskClient
from pyarrow import parquet

from forecast_service import create_app
from forecast_service.settings import Settings
from tests.support.service import DRAWS, FIT_TIMEOUT_S

TABLES = ["/v1/countries/DEU/history", "/v1/countries/DEU/forecast", "/v1/alliance/forecast"]
ACCEPTED = {
    "csv": "text/csv",
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
    assert list(table[0])[5:] == ["q0.1_pct", "q0.5_pct", "q0.9_pct"]
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


def test_csv_of_what_has_no_table_is_406(client: FlaskClient) -> None:
    assert client.get("/v1/countries", headers={"Accept": "text/csv"}).status_code == 406
    assert client.get("/v1/countries/DEU/history.xlsx").status_code == 404


def test_without_pyarrow_parquet_is_not_offered(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast_service.http.negotiation.has_pyarrow", lambda: False)
    client = create_app(
        Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S)
    ).test_client()  # which has answered nothing yet
    refused = client.get("/v1/countries/DEU/history.parquet")
    assert (refused.status_code, "parquet" in refused.json["detail"]) == (406, False)
    assert client.get("/v1/countries/DEU/history.csv").status_code == 200
