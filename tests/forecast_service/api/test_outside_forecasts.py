"""What others expect, with ours beside it: the published record, chosen, summed up and as a table."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pyarrow as pa
import pytest
from flask.testing import FlaskClient
from pyarrow import parquet

from models.evaluation import published
from tests.support.service import Service

PATH = "/v1/outside-forecasts"


def test_it_is_the_published_record(client: FlaskClient) -> None:
    found, record = client.get(PATH).json, published.load()
    assert found["items"] == client.get("/v1/track-record").json["outside_views"] == record["outside_views"]
    assert (found["vintage"], found["model_version"]) == (record["vintage"], record["model_version"])


def test_the_summary_is_of_the_items_shown(client: FlaskClient) -> None:
    everything, known, open_ = (client.get(PATH + query).json for query in ("", "?resolved=true", "?resolved=false"))
    assert [it for it in everything["items"] if it["outcome_pct"] is not None] == known["items"]
    assert len(known["items"]) + len(open_["items"]) == len(everything["items"])
    for answer in (everything, known):
        summary = answer["summary"]
        assert summary["views"] == len(answer["items"])
        assert summary["resolved"] == len(known["items"]) > 0
        scored = [it for it in known["items"] if it["log_error"] is not None]
        mean = sum(abs(it["log_error"]) for it in scored) / summary["scored"]
        ours = sum(abs(it["our_log_error"]) for it in scored) / summary["scored"]
        assert summary["mean_abs_log_error"] == pytest.approx(mean, abs=1e-4)
        assert summary["our_mean_abs_log_error"] == pytest.approx(ours, abs=1e-4)
    assert open_["summary"]["mean_abs_log_error"] is None


def test_an_ally_is_chosen_by_any_of_its_names(client: FlaskClient) -> None:
    canada = client.get(f"{PATH}?country=CAN").json
    assert {it["country"] for it in canada["items"]} == {"CAN"}
    assert canada == client.get(f"{PATH}?country=canada").json
    assert client.get(f"{PATH}?country=ISL").json["items"] == []


@pytest.mark.parametrize(("query", "named"), [("country=ATLANTIS", "country"), ("resolved=1", "resolved")])
def test_bad_input_is_named(client: FlaskClient, query: str, named: str) -> None:
    refused = client.get(f"{PATH}?{query}")
    assert refused.status_code == 422
    assert refused.json["errors"][0]["parameter"] == named


def test_the_table_has_the_fields_of_the_json_side_by_side(client: FlaskClient) -> None:
    items = client.get(PATH).json["items"]
    rows = list(csv.DictReader(io.StringIO(client.get(f"{PATH}.csv").text, newline="")))
    assert len(rows) == len(items)
    for row, item in zip(rows, items, strict=True):
        for name in ("id", "who", "kind", "stated_on", "statement", "source"):
            assert row[name] == item[name]
        assert (row["country"] or None, row["group"] or None) == (item["country"], item["group"])
        for name in ("low_pct", "high_pct", "outcome_pct", "log_error", "our_log_error"):
            assert (float(row[name]) if row[name] else None) == item[name]
        assert (row["scenario"], row["vintage"], int(row["origin"])) == (
            "baseline",
            "nato-2026",
            item["ours"]["origin"],
        )
        for name in ("median_pct", "low_pct", "high_pct", "probability"):
            assert (float(row[f"our_{name}"]) if row[f"our_{name}"] else None) == item["ours"][name]


def test_no_cell_is_run_by_a_spreadsheet(client: FlaskClient) -> None:
    columns = client.get(f"{PATH}.csv-metadata.json").json["tableSchema"]["columns"]
    texts = [column["name"] for column in columns if column["datatype"] == "string"]
    rows = list(csv.DictReader(io.StringIO(client.get(f"{PATH}.csv").text, newline="")))
    assert {"who", "statement", "source"} <= set(texts)
    assert not [row[name] for row in rows for name in texts if row[name][:1] in {"=", "+", "-", "@", "\t", "\r"}]


def test_days_are_dates_in_parquet(client: FlaskClient) -> None:
    found = parquet.read_table(io.BytesIO(client.get(f"{PATH}.parquet").data))
    assert found.schema.field("stated_on").type == pa.date32()
    assert [day.isoformat() for day in found.column("stated_on").to_pylist()] == [
        it["stated_on"] for it in client.get(PATH).json["items"]
    ]


def test_pandas_reads_it_from_the_running_service(live_service: Service) -> None:
    views = pd.read_csv(f"{live_service.url}{PATH}.csv?resolved=true", parse_dates=["stated_on"])
    assert views["log_error"].notna().all()
    assert (views["stated_on"].dt.year > views["origin"]).all()
