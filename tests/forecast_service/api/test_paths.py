"""Simulated paths as tables: the worlds of the forecasts, for sums of one's own, read by the tools that people use."""

from __future__ import annotations

import csv
import io
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from flask.testing import FlaskClient
from pyarrow import parquet

from forecast_service import create_app
from forecast_service.settings import Settings
from models.analysis.worlds import MOST_ROWS, USUAL_DRAWS, chosen_worlds
from models.scenarios.targets import least_met, proportion
from tests.support.callers import SCENARIO
from tests.support.service import DRAWS, FIT_TIMEOUT_S, Service

ONE, ALL = "/v1/countries/DEU/paths", "/v1/alliance/paths"
NUMBERS = ["core_pct", "related_pct", "total_pct", "core_usd_m", "gdp_usd_m"]
COLUMNS = ["country", "draw", "year", *NUMBERS, "scenario", "origin", "deadline", "vintage"]


def table(client: FlaskClient, address: str) -> pl.DataFrame:
    """The Parquet at an address, with texts instead of categories."""
    found = client.get(address)
    assert found.status_code == 200, found.text
    return pl.read_parquet(io.BytesIO(found.data)).cast({pl.Categorical: pl.String})


def refusal(client: FlaskClient, address: str) -> tuple[str, str]:
    found = client.get(address)
    assert found.status_code == 422
    (error,) = found.json["errors"]
    return error["parameter"], error["detail"]


def test_a_row_is_an_ally_a_draw_and_a_year(client: FlaskClient) -> None:
    found = client.get(f"{ONE}?draws=10&deadline=2030")
    assert found.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(found.text, newline="")))
    assert list(rows[0]) == COLUMNS
    years, worlds = ["2027", "2028", "2029", "2030"], map(str, chosen_worlds(DRAWS, 10).tolist())
    assert [(row["draw"], row["year"]) for row in rows] == [(world, year) for world in worlds for year in years]
    assert {tuple(row[name] for name in ("country", *COLUMNS[-4:])) for row in rows} == {
        ("DEU", "baseline", "2026", "2030", "nato-2026")
    }
    assert found.headers["Content-Disposition"].endswith('germany-paths-2030-baseline-nato-2026.csv"')


def test_all_formats_hold_the_same_numbers(client: FlaskClient) -> None:
    query = "?draws=30&deadline=2029"
    packed = parquet.read_table(io.BytesIO(client.get(f"{ALL}.parquet{query}").data))
    arrow = pa.ipc.open_file(io.BytesIO(client.get(f"{ALL}.arrow{query}").data)).read_all()
    assert packed.to_pylist() == arrow.to_pylist()
    assert packed.schema.field("core_usd_m").metadata[b"unit"].startswith(b"million USD")
    rows = list(csv.reader(io.StringIO(client.get(f"{ALL}.csv{query}").text, newline="")))
    assert rows[0] == packed.column_names == COLUMNS
    for place, name in enumerate(COLUMNS):
        cells, values = [row[place] for row in rows[1:]], packed.column(name).to_pylist()
        if name in NUMBERS:
            assert packed.schema.field(name).type == pa.float32()
            assert [np.float32(cell) if cell else None for cell in cells] == values
        else:
            assert cells == list(map(str, values))
    described = client.get(f"{ALL}.csv-metadata.json{query}").json["tableSchema"]
    assert [column["name"] for column in described["columns"]] == COLUMNS
    assert described["primaryKey"] == ["country", "draw", "year"]


def test_probabilities_counted_over_all_draws_are_those_of_the_forecast(client: FlaskClient) -> None:
    every = table(client, f"{ONE}.parquet?draws={DRAWS}")
    said = client.get("/v1/countries/DEU/forecast").json
    for target in said["targets"]:
        last = every.filter(pl.col("year") == 2035)[f"{target['component']}_pct"]
        hits = int((last >= np.float32(least_met(target["threshold"]))).sum())
        assert round(proportion(hits, DRAWS), 6) == target["probability"]["at_deadline"]
    medians = every.group_by("year", maintain_order=True).agg(pl.col("core_usd_m").median())["core_usd_m"]
    usd = next(amount for name, amount in said["money"].items() if name == "usd")
    np.testing.assert_allclose(medians, usd["median"], rtol=1e-4)


def test_the_same_worlds_on_both_addresses_and_under_every_scenario(client: FlaskClient) -> None:
    key, query = ["country", "draw", "year"], "draws=20&deadline=2030"
    everyone = table(client, f"{ALL}.parquet?{query}")
    assert everyone["country"].n_unique() == 32
    assert everyone.group_by("country").agg(pl.col("draw").unique().sort())["draw"].n_unique() == 1
    assert everyone.filter(pl.col("country") == "DEU").equals(table(client, f"{ONE}.parquet?{query}"))
    capped = table(client, f"{ALL}.parquet?{query}&scenario=exemption").join(everyone, on=key, suffix="_before")
    assert capped.height == everyone.height
    assert capped["related_pct"].equals(capped["related_pct_before"], null_equal=True)
    assert capped["core_pct"].equals(capped["core_pct_before"].clip(upper_bound=np.float32(2.1)), null_equal=True)
    fewer = table(client, f"{ALL}.parquet?draws=8&deadline=2030")
    assert fewer.join(everyone, on=COLUMNS, nulls_equal=True).height == fewer.height


def test_an_ally_without_forces_has_related_spending_alone(client: FlaskClient) -> None:
    iceland = table(client, "/v1/countries/ISL/paths.parquet?draws=10")
    assert iceland["related_pct"].null_count() == 0
    assert all(iceland[name].null_count() == iceland.height for name in NUMBERS if name != "related_pct")


def test_as_many_draws_as_usual_if_none_are_named(client: FlaskClient) -> None:
    assert table(client, f"{ONE}.parquet")["draw"].n_unique() == USUAL_DRAWS
    far = table(client, f"{ALL}.parquet?deadline=2060")
    assert MOST_ROWS - 32 * 34 < far.height <= MOST_ROWS


def test_a_rule_and_an_origin_change_the_paths(client: FlaskClient) -> None:
    strict, broad = (
        table(client, f"{ONE}.parquet?draws=50&rule={rule}")["related_pct"] for rule in ("strict", "broad")
    )
    assert strict.median() < broad.median()
    earlier = table(client, f"{ONE}.parquet?draws=50&origin=2020")
    assert (earlier["year"].min(), earlier["origin"].unique().to_list()) == (2021, [2020])


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "many", str(MOST_ROWS + 1), "1e2"])
@pytest.mark.parametrize("address", [ONE, ALL])
def test_draws_that_are_no_number_of_worlds_are_refused(client: FlaskClient, address: str, wrong: str) -> None:
    assert refusal(client, f"{address}?draws={wrong}") == ("draws", f"must be a whole number from 1 to {MOST_ROWS}")


def test_more_draws_than_there_are_or_fit_are_refused_with_what_is_allowed(client: FlaskClient) -> None:
    name, detail = refusal(client, f"{ONE}?draws={DRAWS + 1}")
    assert (name, detail) == ("draws", f"must be a whole number from 1 to {DRAWS}: the service has {DRAWS} draws")
    name, detail = refusal(client, f"{ALL}?draws=322&deadline=2060")
    assert name == "draws"
    assert detail.startswith("must be a whole number from 1 to 321: a draw has 1088 rows")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("core=3", "core"),
        ("quantiles=0.5", "quantiles"),
        ("deadline=2020", "deadline"),
        ("scenario=nothing", "scenario"),
    ],
)
@pytest.mark.parametrize("address", [ONE, ALL])
def test_other_bad_input_is_named(client: FlaskClient, address: str, query: str, named: str) -> None:
    assert refusal(client, f"{address}?{query}")[0] == named


@pytest.mark.parametrize("suffix", ["json", "xlsx", "svg"])
def test_formats_that_cannot_hold_so_much_are_not_offered(client: FlaskClient, suffix: str) -> None:
    assert client.get(f"{ONE}.{suffix}").status_code == 404
    assert client.get(f"{ALL}.{suffix}").status_code == 404
    assert client.get(ONE, headers={"Accept": "application/json"}).status_code == 406


def test_a_saved_scenario_is_named_by_its_id(keeping: FlaskClient) -> None:
    saved = keeping.post("/v1/scenarios", json=SCENARIO | {"name": "=cmd()"}).json["id"]
    found = keeping.get(f"{ONE}.csv?draws=5&scenario={saved}")
    rows = list(csv.DictReader(io.StringIO(found.text, newline="")))
    assert {row["scenario"] for row in rows} == {saved}
    assert found.headers["Cache-Control"] == "private, no-cache"
    assert "=cmd" not in found.text


def test_rows_are_paid_for(state_dir: Path) -> None:
    client = create_app(
        Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, cost_budget="100/day")
    ).test_client()
    refused = client.get(f"{ALL}?draws=1000")
    assert (refused.status_code, refused.json["type"].rsplit(":", 1)[1]) == (422, "too-costly")
    assert client.get(f"{ALL}?draws=10").status_code == 200


def read(service: Service, address: str) -> bytes:
    with urllib.request.urlopen(service.url + address, timeout=60) as response:  # noqa: S310  our own service
        body: bytes = response.read()
        return body


@pytest.fixture(scope="module")
def whole(live_service: Service) -> pl.DataFrame:
    """The CSV, read by the library of Python."""
    rows: Any = csv.DictReader(
        io.StringIO(read(live_service, f"{ALL}.csv?draws=40&deadline=2030").decode(), newline="")
    )
    return pl.DataFrame(
        [{name: float(cell) if cell else None for name, cell in row.items() if name in NUMBERS} for row in rows],
        schema=dict.fromkeys(NUMBERS, pl.Float32),
    )


@pytest.mark.parametrize("reader", ["read_parquet", "scan_parquet", "read_csv", "read_ipc", "pyarrow", "pyarrow_ipc"])
def test_readers_get_the_table_from_the_running_service(
    live_service: Service, whole: pl.DataFrame, reader: str
) -> None:
    query = "?draws=40&deadline=2030"
    columnar, plain = f"{live_service.url}{ALL}.parquet{query}", f"{live_service.url}{ALL}.csv{query}"
    found = {
        "read_parquet": lambda: pl.read_parquet(columnar),
        "scan_parquet": lambda: pl.scan_parquet(columnar).collect(),
        "read_csv": lambda: pl.read_csv(plain, schema_overrides=dict.fromkeys(NUMBERS, pl.Float32)),
        "read_ipc": lambda: pl.read_ipc(io.BytesIO(read(live_service, f"{ALL}.arrow{query}"))),
        "pyarrow": lambda: pl.from_arrow(parquet.read_table(io.BytesIO(read(live_service, f"{ALL}.parquet{query}")))),
        "pyarrow_ipc": lambda: pl.from_arrow(pa.ipc.open_file(read(live_service, f"{ALL}.arrow{query}")).read_all()),
    }[reader]()
    assert isinstance(found, pl.DataFrame)
    assert found.columns == COLUMNS
    assert found.select(NUMBERS).equals(whole, null_equal=True)
    assert found["country"].cast(pl.String).n_unique() == 32
