"""32 writers at once: no 5xx, no lost update."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from benchmarks.robustness.writers import WRITERS, add, counters, totals


@pytest.mark.slow
def test_writers_at_once_see_no_error_and_lose_no_update(keeping_app: Flask) -> None:
    scenarios = counters(keeping_app.test_client(), 4)
    with ThreadPoolExecutor(WRITERS) as pool:
        answers = pool.map(lambda i: add(keeping_app.test_client(), scenarios[i % 4], 3), range(WRITERS))
        statuses = sum(answers, Counter[int]())
    assert set(statuses) <= {200, 412}
    assert totals(keeping_app.test_client(), scenarios) == (WRITERS * 3, WRITERS * 3)
