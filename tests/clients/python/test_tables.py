"""Tables of the client have the columns and numbers of the service's CSV."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import polars as pl
import pytest

from forecast_service_client import Client, Table
from forecast_service_client.answers import table_of
from forecast_service_client.tables import MissingLibrary
from tests.clients.python.scenarios import HALF_WAY
from tests.support.service import PATIENCE_S, Service

ANSWERS: dict[str, tuple[Callable[[Client], Any], str]] = {
    "forecast": (
        lambda service: service.forecast("DEU", deadline=2030, quantiles=[0.1, 0.25, 0.9]),
        "/v1/countries/DEU/forecast.csv?deadline=2030&quantiles=0.1,0.25,0.9",
    ),
    "forecast without core": (lambda service: service.forecast("ISL"), "/v1/countries/ISL/forecast.csv"),
    "history": (lambda service: service.history("EST"), "/v1/countries/EST/history.csv"),
    "no history": (lambda service: service.history("ISL"), "/v1/countries/ISL/history.csv"),
    "alliance": (lambda service: service.alliance(deadline=2030), "/v1/alliance/forecast.csv?deadline=2030"),
    "past forecasts": (lambda service: service.past_forecasts("DEU"), "/v1/track-record/forecasts.csv?country=DEU"),
}


@pytest.fixture(scope="module")
def service(live_service: Service) -> Iterator[Client]:
    with Client(live_service.url, timeout=PATIENCE_S) as found:
        yield found


def written(service: Client, path: str) -> list[dict[str, str]]:
    """The rows of a CSV of the service."""
    return list(csv.DictReader(io.StringIO(service._http.get(path).raise_for_status().text)))


def cell(value: Any) -> str:
    """A value of a frame as the service writes it."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def rows(frame: Any) -> list[dict[str, str]]:
    records = frame.to_dict("records") if isinstance(frame, pd.DataFrame) else frame.to_dicts()
    return [{name: cell(value) for name, value in record.items()} for record in records]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_table_is_the_csv_of_the_service(service: Client, name: str) -> None:
    ask, path = ANSWERS[name]
    answer, expected = ask(service), written(service, path)
    assert rows(answer.to_pandas()) == rows(answer.to_polars()) == expected
    assert bool(expected) == (name != "no history")
    header = service._http.get(path).text.split("\r\n")[0].split(",")
    assert list(answer.to_pandas().columns) == answer.to_polars().columns == header


def test_the_table_of_a_sweep_is_its_csv(service: Client) -> None:
    pledge = HALF_WAY["levers"][0] | {"credibility": {"from": 0, "to": 1, "steps": 3}}
    pledge["component"] = {"grid": ["core", "related"]}
    levers = [pledge, {"type": "gdp_growth", "change_pp": {"grid": [-1, 0.5]}}]
    done = service.sweep({"countries": ["EST", "ISL"], "scenario": {"name": "s", "levers": levers}})
    table = service.sweep_table(done.id)
    expected = written(service, f"/v1/sweeps/{done.id}/results?format=csv")
    assert rows(table.to_polars()) == rows(table.to_pandas()) == numbers(expected, table)
    assert list(table.kinds) == list(expected[0])
    assert len(expected) == 24
    service.delete_sweep(done.id)


def numbers(expected: list[dict[str, str]], table: Table) -> list[dict[str, str]]:
    """Rows whose whole numbers in a column of floats are written as floats: the service writes them as it got them."""
    return [
        {name: str(float(text)) if text and table.kinds[name] is float else text for name, text in row.items()}
        for row in expected
    ]


def test_the_scenario_of_a_row_is_named_also_if_it_is_your_own(service: Client) -> None:
    frame = service.forecast("EST", scenario=HALF_WAY, deadline=2030).to_pandas()
    assert set(frame["scenario"]) == {HALF_WAY["name"]}
    assert set(frame["deadline"]) == {2030}


def test_columns_keep_their_types_without_values() -> None:
    assert table_of([]).to_polars().height == 0
    empty = Table({"text": str, "whole": int, "number": float, "yes": bool}, [])
    assert list(map(str, empty.to_pandas().dtypes)) == ["str", "int64", "float64", "boolean"]
    assert empty.to_polars().dtypes == [pl.String, pl.Int64, pl.Float64, pl.Boolean]
    missing = Table(empty.kinds, [(None, None, None, None), ("a", 7, 1, True)])
    assert list(map(str, missing.to_pandas().dtypes)) == ["str", "Int64", "float64", "boolean"]
    assert missing.to_polars().rows() == [(None, None, None, None), ("a", 7, 1.0, True)]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_library_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibrary, match=rf"pip install .forecast-service-client\[{library}\]"):
        getattr(Table({"year": int}, [(2030,)]), f"to_{library}")()
