"""What is settled before numpy is imported: no processor and no numpy may fail to load for it."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from importlib import metadata

import pytest

import models
from models import runtime

VARIABLE = "NPY_DISABLE_CPU_FEATURES"
ZEN_4 = {"vendor_id": "AuthenticAMD", "cpu family": "25", "flags": "fpu avx2 " + " ".join(runtime.SLOW_FLAGS)}
ALL = "import models.analysis.alliance, models.evaluation.real_time, models.forecast.notebook"
WHEEL = "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n"


class Installed:
    """What metadata says of an installed package."""

    def __init__(self, version: str, wheel: str | None) -> None:
        self.version, self._wheel = version, wheel

    def read_text(self, _name: str) -> str | None:
        return self._wheel


def settled(monkeypatch: pytest.MonkeyPatch, facts: dict[str, str], numpy: Installed) -> str | None:
    """What numpy is told, where it is told nothing before."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(runtime, "first_processor", lambda: facts)
    monkeypatch.setattr(metadata, "distribution", lambda _name: numpy)
    try:
        runtime.prefer_fast_sorts()
        return os.environ.get(VARIABLE)
    finally:
        os.environ.pop(VARIABLE, None)


def test_a_zen_4_sorts_with_256_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settled(monkeypatch, ZEN_4, Installed("2.4.6", WHEEL)) == runtime.SLOW


@pytest.mark.parametrize(
    "facts",
    [
        {},
        ZEN_4 | {"vendor_id": "GenuineIntel"},
        ZEN_4 | {"cpu family": "26"},
        ZEN_4 | {"flags": "fpu avx2"},
        ZEN_4 | {"flags": "fpu avx2 avx512f avx512bw"},
        {"CPU implementer": "0x41"},
    ],
)
def test_any_other_processor_is_left_alone(monkeypatch: pytest.MonkeyPatch, facts: dict[str, str]) -> None:
    assert settled(monkeypatch, facts, Installed("2.4.6", WHEEL)) is None


@pytest.mark.parametrize(
    "numpy",
    [
        Installed("2.3.5", WHEEL),
        Installed("1.26.4", WHEEL),
        Installed("2.4.6", "Tag: cp311-cp311-linux_x86_64\n"),
        Installed("2.4.6", None),
    ],
)
def test_a_numpy_that_might_refuse_is_left_alone(monkeypatch: pytest.MonkeyPatch, numpy: Installed) -> None:
    assert settled(monkeypatch, ZEN_4, numpy) is None


def test_what_the_environment_says_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "first_processor", lambda: ZEN_4)
    monkeypatch.setenv(VARIABLE, "AVX2")
    runtime.prefer_fast_sorts()
    assert os.environ[VARIABLE] == "AVX2"


def test_numpy_loads_without_a_warning_on_this_machine() -> None:
    kept = {name: value for name, value in os.environ.items() if name != VARIABLE}
    code = "from models.runtime import prepare; prepare(); import numpy; numpy.sort(numpy.ones(9, numpy.float32))"
    command = [sys.executable, "-W", "error::ImportWarning:numpy", "-W", "error::RuntimeWarning", "-c", code]
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_statistics_set_nothing_and_read_nothing() -> None:
    code = f"""
import ctypes, os, sys
import numpy, scipy.stats, statsmodels.api  # which read the environment themselves

class Watched(dict):
    def touched(self, name, *more):
        raise AssertionError(name)
    get = setdefault = __getitem__ = __setitem__ = __contains__ = touched

os.environ, ctypes.CDLL = Watched(), None
{ALL}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_package_is_light_until_something_is_asked_of_it() -> None:
    code = "import sys, models, models.runtime; assert 'numpy' not in sys.modules; models.Forecaster"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_example_of_the_package_is_true() -> None:
    assert doctest.testmod(models).attempted == 3
    assert doctest.testmod(models).failed == 0
