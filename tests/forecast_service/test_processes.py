"""Processes beside others: started once, and gone with who started them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from forecast_service.processes import spawn_once
from tests.support.processes import ended, within

pytestmark = pytest.mark.slow


def test_a_background_process_is_started_once(tmp_path: Path) -> None:
    told = tmp_path / "told"
    line = [sys.executable, "-c", f"import time; open({str(told)!r}, 'a').write('x'); time.sleep(1)"]
    assert [spawn_once(line, "a test") for _ in range(3)] == [True, False, False]
    assert within(10, lambda: spawn_once(line, "a test"))  # once the first has ended
    assert within(10, lambda: told.read_text() == "xx")


def test_a_background_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    child = (
        "import time; from forecast_service.processes import run_in_background; "
        "run_in_background(); print('there'); time.sleep(60)"
    )
    told = tmp_path / "told"
    parent = (
        "import subprocess, sys;"
        f"started = subprocess.Popen([sys.executable, '-u', '-c', {child!r}], stdout=open({str(told)!r}, 'w'),"
        " start_new_session=True);"
        "print(started.pid, flush=True); started.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        beside = int(started.stdout.readline())
        assert within(10, lambda: told.read_text() == "there\n")
        started.kill()
    assert within(10, lambda: ended(beside))


def test_importing_the_module_imports_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); import forecast_service.processes;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "forecast_service"
