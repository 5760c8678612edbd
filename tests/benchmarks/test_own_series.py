"""Public series without a panel: no failure, no NaN, and intervals that cover about what they say."""

from __future__ import annotations

import pytest

from benchmarks.accuracy.own_series import judge, origins, public_series, summary

pytestmark = pytest.mark.slow


def test_every_public_series_is_forecast_and_its_interval_covers_sensibly() -> None:
    """Every origin of the series that are no births, and of eight countries' births."""
    cases = [(group, series, origin) for group, series in public_series(8) for origin in origins(series)]
    found = summary([judge(*case, draws=500) for case in cases])
    assert found["origins"] == len(cases) > 200
    assert (found["failures"], found["not_finite"]) == (0, 0)
    assert 0.68 < found["coverage_80"] < 0.88
    assert found["coverage_80"] > found["coverage_80_walk"]
    assert found["skill"] > 0.1
