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
    turn = tmp_path / "state" / ".background"
    assert [spawn_once(line, "a test", turn) for _ in range(3)] == [True, False, False]
    assert within(30, lambda: spawn_once(line, "a test", turn))  # once the first has ended
    assert within(30, lambda: told.exists() and told.read_text() == "xx")


def test_background_processes_of_all_workers_run_one_after_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told, turn = tmp_path / "told", tmp_path / ".background"
    work = f"import time; f = open({str(told)!r}, 'ab', 0); f.write(b'('); time.sleep(0.3); f.write(b')')"
    other = "import sys, time; from pathlib import Path; from forecast_service.processes import spawn_once;"
    other += "[spawn_once([sys.executable, '-c', sys.argv[1]], n, Path(sys.argv[2])) for n in 'ab']; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", other, work, str(turn)], stdin=subprocess.PIPE) as worker:
        assert all(spawn_once([sys.executable, "-c", work], f"turn {n}", turn) for n in range(3))
        assert within(60, lambda: told.exists() and len(told.read_text()) == 10)
        worker.communicate()
    assert told.read_text() == "()" * 5
    assert spawn_once([sys.executable, "-c", "raise SystemExit(3)"], "a failure", turn)
    assert within(30, lambda: "a failure (process " in caplog.text and "exit code 3" in caplog.text)


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
