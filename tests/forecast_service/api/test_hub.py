"""Model output as a forecast hub takes it: the answer of the service is a file of the exported hub's form."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import hubdata
import openpyxl
import polars as pl
import pytest

from forecast_service.hub import config
from forecast_service.schemas.hub import MOST_SAMPLES, OUTPUT_TYPES
from forecast_service.services import price
from models import load_figures
from models.analysis.predictive import THRESHOLDS
from models.analysis.worlds import chosen_worlds
from models.dataset.countries import allies
from models.evaluation import published
from models.evaluation.levels import HUB_LEVELS
from tests.support.service import DRAWS, Service

pytestmark = pytest.mark.slow

URL = "/v1/hub/model-output"
EVERY = f"output_type={','.join(OUTPUT_TYPES)}"


def table(client: Any, query: str) -> pl.DataFrame:
    answer = client.get(f"{URL}.csv?{query}")
    assert answer.status_code == 200, answer.text
    return pl.read_csv(io.StringIO(answer.text), try_parse_dates=True)


def test_all_allies_come_as_quantiles_unless_asked_otherwise(client):
    rows = table(client, "deadline=2028")
    assert set(rows["output_type"]) == {"quantile"}
    assert rows.height == (31 * 3 + 1) * 2 * len(HUB_LEVELS)
    assert set(rows["location"]) == set(allies())
    assert sorted(set(rows["target_end_date"])) == [date(2027, 12, 31), date(2028, 12, 31)]
    assert set(rows["origin_date"]) == {date(2026, 12, 31)}
    without = client.get(f"{URL}?deadline=2028")
    assert (without.mimetype, without.text) == ("text/csv", client.get(f"{URL}.csv?deadline=2028").text)


def test_the_forms_agree_with_the_forecast_of_the_same_question(client):
    query = "deadline=2030&scenario=stall"
    rows = table(client, f"{query}&{EVERY}&location=Poland&samples=40").filter(target="core share", horizon=4)
    assert set(rows["scenario_id"]) == {"stall"}
    assert set(rows["location"]) == {"POL"}
    forecast = client.get(f"/v1/countries/POL/forecast?{query}&quantiles=0.05,0.5,0.975").json
    core = forecast["paths"]["core"]
    value = {(form, id): value for form, id, value in rows.select("output_type", "output_type_id", "value").iter_rows()}
    assert value["mean", None] == core["mean"][3]
    assert value["median", None] == core["median"][3] == value["quantile", 0.5]
    assert [value["quantile", level] for level in (0.05, 0.975)] == [
        core["quantiles"][level][3] for level in ("0.05", "0.975")
    ]
    reached = next(each for each in forecast["targets"] if each["component"] == "core")["probability"]["at_deadline"]
    assert value["cdf", 3.495] == pytest.approx(1 - reached, abs=1.1e-6)
    assert [id for form, id in value if form == "cdf"] == list(THRESHOLDS)
    assert [id for form, id in value if form == "sample"] == chosen_worlds(DRAWS, 40).tolist()


def test_a_sample_is_the_same_world_for_all_allies(client):
    """Its mean number of allies at the target is the alliance's, and it varies as much more as theirs does."""
    answer = client.get(f"{URL}.parquet?deadline=2035&output_type=sample&samples=100")
    rows = pl.read_parquet(answer.data).filter(target="core share", horizon=9)
    counts = rows.group_by("output_type_id").agg((pl.col("value") >= 3.495).sum().alias("allies"))["allies"]
    core = client.get("/v1/alliance/forecast?deadline=2035").json["targets"][0]["at_deadline"]
    assert counts.len() == 100
    assert counts.mean() == pytest.approx(core["mean"], abs=1.5)
    each = rows.group_by("location").agg((pl.col("value") >= 3.495).mean().alias("p"))["p"]
    assert counts.var() / (each * (1 - each)).sum() > 2  # 1 if the worlds of the allies were others


def test_parquet_has_the_types_of_the_hub_and_the_csv_its_description(client):
    query = f"deadline=2027&location=DEU,ISL&{EVERY}&samples=2"
    found = pl.read_parquet(client.get(f"{URL}.parquet?{query}").data)
    assert found.equals(table(client, query).cast({"horizon": pl.Int32}))
    assert found.schema == {
        "origin_date": pl.Date,
        **dict.fromkeys(("location", "target", "scenario_id"), pl.String),
        "horizon": pl.Int32,
        "target_end_date": pl.Date,
        "output_type": pl.String,
        **dict.fromkeys(("output_type_id", "value"), pl.Float64),
    }
    columns = client.get(f"{URL}.csv-metadata.json?{query}").json["tableSchema"]["columns"]
    assert {column["name"]: column["datatype"] for column in columns}["target_end_date"] == "date"


def test_a_workbook_has_dates_and_is_not_offered_of_very_many_rows(client):
    small = client.get(f"{URL}.xlsx?deadline=2027&location=DEU&output_type=median")
    (_, row, *_) = openpyxl.load_workbook(io.BytesIO(small.data))["Table"].iter_rows(values_only=True)
    assert row[:6] == (datetime(2026, 12, 31), "DEU", "core share", "baseline", 1, datetime(2027, 12, 31))
    large = client.get(f"{URL}.xlsx?output_type=sample&samples=30")
    assert large.status_code == 406
    assert "at most 20,000 rows, and these are 25,380" in large.json["detail"]


def test_an_answer_is_cached_and_names_its_vintage(client):
    first = client.get(f"{URL}.csv?deadline=2027&location=DEU&vintage=nato-2026")
    assert (
        first.headers["Content-Disposition"] == 'inline; filename="alliance-model-output-2027-baseline-nato-2026.csv"'
    )
    again = client.get(
        f"{URL}.csv?deadline=2027&location=DEU&vintage=nato-2026", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("output_type=pmf", "must be one of mean, median, quantile, cdf, sample"),
        ("output_type=", "must be"),
        ("location=DEU,Atlantis", "no ally goes by 'Atlantis'"),
        ("samples=0", f"must be a whole number from 1 to {MOST_SAMPLES}"),
        ("output_type=sample&samples=300", "must be at most 236, as an answer has at most 200,000 rows"),
        ("deadline=2026", "must be a year from 2027"),
        ("scenario=nothing", "must be the id of a saved scenario or one of"),
        ("vintage=nato-1066", "must be one of nato-2019"),
        ("origin=2020", "is not known here"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(client, query, said):
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["parameter"] == query.split("&")[-1].split("=")[0]
    assert said in error["detail"]


def test_it_is_priced_by_its_rows():
    few, many = (price.distributions(9, 1, 32, 10_000, rows=rows) for rows in (846, 84_600))
    assert many - few == pytest.approx((84_600 - 846) / price.DISTRIBUTION_ROWS, abs=1)
    assert price.distributions(9, 1, 1, 10_000, rows=0) == price.alliance(9, 1, 1, 10_000) == 1
    assert price.distributions(9, 1, 32, 10_000, fits=2, rows=0) == few + 2 * price.FIT - 3


def test_the_running_service_gives_a_file_of_the_hub(live_service: Service, tmp_path: Path) -> None:
    """hubdata reads it beside the configuration, with the columns and types that the configuration gives."""
    figures = load_figures()
    (tmp_path / "hub-config").mkdir()
    for name, document in {
        "admin": config.admin(figures, "nato-watch/hub"),
        "tasks": config.tasks(figures, 1999, 2025, published.load()["horizon"]),
    }.items():
        (tmp_path / "hub-config" / f"{name}.json").write_text(json.dumps(document))
    folder = tmp_path / "model-output" / config.BASELINE
    folder.mkdir(parents=True)
    address = f"{live_service.url}{URL}.parquet?deadline=2035&{EVERY}&location=DEU,POL,ISL&samples=10"
    said = pl.read_parquet(address)
    said.write_parquet(folder / f"2026-12-31-{config.BASELINE}.parquet")
    found = hubdata.connect_hub(tmp_path).to_table()
    assert found.num_rows == said.height == (2 * 3 + 1) * 9 * (2 + len(HUB_LEVELS) + len(THRESHOLDS) + 10)
    assert set(found["model_id"].to_pylist()) == {config.BASELINE}
    assert set(found["target_end_date"].to_pylist()) == {date(year, 12, 31) for year in range(2027, 2036)}
