"""The number of cores, as affinity and control groups leave it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forecast_service.settings.cores import cores

EIGHT = set(range(8))


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: EIGHT)


def count(folder: Path, membership: str, **files: str) -> int:
    """The number with these files of control groups; ``__`` in a name stands for a slash, ``_.`` for a dot."""
    own = folder / "cgroup"
    own.write_text(membership)
    for name, text in files.items():
        path = folder / "mounted" / name.replace("__", "/").replace("_max", ".max").replace("cpu_cfs", "cpu.cfs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return cores(folder / "mounted", own)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("9900000 100000", 8)],
)
def test_version_2_in_a_container(tmp_path: Path, quota: str, expected: int) -> None:
    assert count(tmp_path, "0::/", cpu_max=quota) == expected


def test_version_2_counts_the_groups_above_too(tmp_path: Path) -> None:
    files = {"pods__one__cpu_max": "max 100000", "pods__cpu_max": "300000 100000", "cpu_max": "400000 100000"}
    assert count(tmp_path, "0::/pods/one\n", **files) == 3


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("400000", 4), ("50000", 1)])
def test_version_1(tmp_path: Path, quota: str, expected: int) -> None:
    membership = "4:memory:/docker/1\n2:cpu,cpuacct:/docker/1\n0::/\n"
    files = {"cpu,cpuacct__cpu_cfs_quota_us": quota, "cpu,cpuacct__cpu_cfs_period_us": "100000"}
    assert count(tmp_path, membership, **files) == expected


def test_affinity_counts_where_there_are_no_groups(tmp_path: Path) -> None:
    assert cores(tmp_path, tmp_path / "none") == 8
    assert count(tmp_path, "0::/\n2:cpu:/x\n") == 8


def test_this_machine() -> None:
    assert 1 <= cores() <= 8
