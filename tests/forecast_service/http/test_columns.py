"""Large tables, held as columns: the same rows and cells as a table of tuples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_service.http.columns import CHUNK, ColumnRows, Words, same, shortest

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(floats, min_size=1, max_size=20))
def test_every_number_is_read_as_the_same_float32(values: list[float]) -> None:
    wanted = np.array(values, dtype=np.float32)
    assert np.array_equal(shortest(wanted).astype(np.float32), wanted)


@given(st.lists(st.decimals(0, 100, places=4), min_size=1, max_size=20))
def test_a_short_decimal_stays_short(decimals: list[object]) -> None:
    values = [float(str(decimal)) for decimal in decimals]
    assert shortest(np.array(values, dtype=np.float32)).tolist() == values


def test_shares_and_money_have_the_fewest_digits() -> None:
    values = np.random.default_rng(1).lognormal(0, 4, 2_000).astype(np.float32)
    values = values[values < 1e6]
    assert shortest(values).tolist() == [float(str(value)) for value in values]


def test_rows_are_made_in_order_across_chunks_and_as_often_as_asked() -> None:
    count = 2 * CHUNK + 3
    shares = np.linspace(0, 4, count, dtype=np.float32)
    shares[5] = np.nan
    codes = np.arange(count, dtype=np.int8) % 2
    rows = ColumnRows(Words(codes, ("DEU", "FRA")), np.arange(count), shares, same(2035, count, np.int16))
    first, again = list(rows), list(rows)
    assert first == again
    assert len(first) == len(rows) == count
    assert first[5] == ("FRA", 5, None, 2035)
    assert [row[1] for row in first] == list(range(count))
    assert {type(cell) for cell in first[7]} == {str, int, float}
    assert [row[2] for row in first if row[2] is not None] == [float(str(x)) for x in shares[~np.isnan(shares)]]


def test_a_constant_takes_the_memory_of_one_value() -> None:
    assert Words.same("baseline", 1_000_000).codes.strides == (0,)
    assert list(ColumnRows(Words.same("baseline", 2), same(7, 2, np.int16))) == [("baseline", 7)] * 2


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        ColumnRows(np.zeros(2), np.zeros(3))
