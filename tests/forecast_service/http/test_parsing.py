"""JSON is read strictly, at a cost that grows with the body and no faster."""

from __future__ import annotations

import pytest

from forecast_service.http.parsing import BadJson, load_json, object_of
from tests.support.comparisons import CountingStr


def test_a_repeated_key_is_named() -> None:
    with pytest.raises(BadJson) as refused:
        load_json(b'{"country": "DEU", "targets": {"core": 2, "related": 1, "core": 3}}')
    assert refused.value.detail == 'The key "core" stands twice in one object.'


def test_a_repeated_key_is_found_without_comparing_every_key_with_every_other() -> None:
    keys = [CountingStr(f"k{i}") for i in range(2000)]
    CountingStr.compared = 0
    with pytest.raises(BadJson, match="k1999"):
        object_of([*((key, 1) for key in keys), (CountingStr("k1999"), 2)])
    assert CountingStr.compared < 10 * len(keys)
