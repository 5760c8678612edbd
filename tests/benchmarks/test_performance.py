"""The performance page is what was measured, and measuring works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.speed import page
from benchmarks.speed.bench import merged
from benchmarks.speed.growth_store import measure as measure_store
from benchmarks.speed.measure import Growth, Row, cpu_seconds, exponent, pss_mb, side_by_side
from tests.deploy.support.host import need

RESULTS = json.loads(page.RESULTS.read_text())
WANTED = {
    "cached_get", "not_modified", "keyed_get", "keyed_not_modified", "conditional", "custom_cpu", "custom_rate",
    "custom_p99", "memory", "memory_worker", "start", "fits", "alliance", "gateway_get", "gateway_cpu",
}  # fmt: skip
GROWN = {
    "draws", "horizon", "levers", "countries", "batch", "sweep", "workers cpu", "workers memory", "dask workers",
    "saved first page", "saved next page", "saved search", "saved lookup", "saved create",
}  # fmt: skip


def test_the_page_and_its_picture_are_what_was_measured() -> None:
    text = page.PAGE.read_text()
    assert page.page(text, RESULTS) == text
    assert page.PICTURE.read_text().startswith("<svg")


def test_every_way_was_measured() -> None:
    assert {row["name"] for row in RESULTS["targets"]} == WANTED
    assert {row["name"] for row in RESULTS["growth"]} == GROWN
    assert sum(RESULTS["profile"].values()) == pytest.approx(1, abs=0.01)
    assert RESULTS["repeats"] >= 5


def test_nothing_grows_faster_than_linearly_and_lists_hardly_at_all() -> None:
    assert [row["name"] for row in RESULTS["growth"] if not row["met"]] == []
    saved = [row for row in RESULTS["growth"] if row["name"].startswith("saved ")]
    assert {row["sizes"][-1] for row in saved} == {1e6}


def test_an_exponent_is_the_slope_of_the_logarithms() -> None:
    assert exponent((1, 10, 100), (2, 20, 200)) == pytest.approx(1)
    assert exponent((1, 2, 4), (1, 4, 16)) == pytest.approx(2)
    assert not Growth("x", "", (1, 2, 4), (1, 4, 16), 1.1, "").facts()["met"]


def test_a_bound_holds_from_the_side_it_says() -> None:
    assert Row("x", "", 0.7, 0.7, "at least").met
    assert not Row("x", "", 0.7, 0.6, "at most").met


def test_ways_are_measured_in_turns_and_by_their_median() -> None:
    order: list[str] = []

    def way(name: str, values: list[float]) -> float:
        order.append(name)
        return values[order.count(name) - 1]

    found = side_by_side({"a": lambda: way("a", [1, 9, 2]), "b": lambda: way("b", [5, 5, 5])}, 3)
    assert found == {"a": 2, "b": 5}
    assert order == ["a", "b"] * 3


def test_processes_are_measured() -> None:
    work = "x = bytearray(b'1' * 50_000_000); sum(range(10_000_000))"
    code = f"import sys; {work}; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert pss_mb([process.pid]) > 50
        assert cpu_seconds([process.pid]) > 0.05
        process.kill()


def test_rows_measured_again_replace_those_of_their_name() -> None:
    before = {"machine": 1, "profile": {"a": 1}, "targets": [{"name": "x", "ratio": 1}, {"name": "y"}], "growth": []}
    now = {"machine": 2, "profile": {}, "targets": [{"name": "x", "ratio": 2}], "growth": [{"name": "z"}]}
    assert merged(before, now) == {
        "machine": 2,
        "profile": {"a": 1},
        "targets": [{"name": "x", "ratio": 2}, {"name": "y"}],
        "growth": [{"name": "z"}],
    }


def test_lists_are_measured() -> None:
    found = measure_store(quick=True)
    assert {growth.sizes for growth in found} == {(100.0, 1000.0)}
    assert all(cost > 0 for growth in found for cost in growth.costs)


def test_a_quick_look_measures_all_of_its_parts() -> None:
    need("wrk", "nginx", "openssl", packages=("wrk", "nginx-light", "openssl"))
    command = [sys.executable, "-m", "benchmarks.speed.bench", "--quick", "--only", "serving", "gateway", "profile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent.parent)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert sum(results["profile"].values()) == pytest.approx(1, abs=0.01)
    assert {row["name"] for row in results["targets"]} == WANTED - {"fits", "alliance"}
    assert all(row["ratio"] > 0 for row in results["targets"])
    for row in results["targets"][:3]:
        parts = [tuple(map(int, pair)) for pair in re.findall(r"(\d+) : (\d+)", row["spread"])]
        assert len(parts) == 2, row
        assert all(sum(part) in (99, 100, 101) for part in parts)
        # How many each has depends on what else the machine does; none would mean that nothing is spread.
        assert all(min(part) > 0 for part in parts), row
