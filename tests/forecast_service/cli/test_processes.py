"""The command in a process of its own: its streams, its signals, and what Python does at its end."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.forecast_service.cli.test_failures import CHUNKS, SWEEP, run
from tests.support.service import environment

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "forecast_service.cli"]


def start(state: Path, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
    """The command with pipes for its output and its messages."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*COMMAND, *arguments], env=environment(state, **more), **pipes)  # type: ignore[call-overload,no-any-return]


def shell(state: Path, script: str, **more: str) -> tuple[int, bytes, str]:
    """Exit code, output and messages of a script, in which ``$F`` is the command."""
    settings = environment(state, F=" ".join(COMMAND), **more)
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {script}"], env=settings, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("$F data diff nato-2019 nato-2026 --all | true", 141, ""),
        ("PYTHONUNBUFFERED=1 $F data diff nato-2019 nato-2026 --all | true", 141, ""),
        ("$F data vintages > /dev/full", 1, "Error: standard output: No space left on device\n"),
        ("PYTHONUNBUFFERED=1 $F data vintages > /dev/full", 1, "Error: standard output: No space left on device\n"),
        ("$F keys list --help >&-", 1, "Error: standard output: Bad file descriptor\n"),
        ("$F data check 2>&-", 0, ""),
    ],
    ids=["closed pipe", "unbuffered", "full disk", "unbuffered full disk", "closed output", "closed messages"],
)
def test_output_that_nobody_takes_ends_the_command(tmp_path: Path, script: str, code: int, said: str) -> None:
    ended, _, messages = shell(tmp_path, script, PYTHONUNBUFFERED="")
    assert (ended, messages) == (code, said)


def test_a_terminal_that_has_gone_is_told(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    os.close(ours)
    with subprocess.Popen(
        [*COMMAND, "data", "vintages"], env=environment(tmp_path), stdout=theirs, stderr=subprocess.PIPE
    ) as process:
        os.close(theirs)
        _, messages = process.communicate()
    assert (process.returncode, messages) == (1, b"Error: standard output: Input/output error\n")


@pytest.mark.parametrize(
    "terminal",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["cp1252", "ASCII"],
)
def test_a_terminal_without_our_signs_gets_others(state_dir: Path, terminal: Mapping[str, str]) -> None:
    code, output, messages = shell(state_dir, "env -u HOME $F forecast TUR", **terminal)
    text = output.decode("cp1252")
    assert (code, messages) == (0, "")
    assert "core > 3.5 %" in text
    assert re.search(r"^2035 +-+=+o=*\|?=*-+ ", text, re.MULTILINE), text


def test_csv_is_utf_8_on_every_terminal(tmp_path: Path) -> None:
    """Otherwise a table that was printed, edited and imported again would lose its characters without a word."""
    plan = [
        "--country",
        "BEL",
        "--stance",
        "law",
        "--stated-on",
        "2026-01-01",
        "--title",
        "x",
        "--publisher",
        "x",
        "--summary",
    ]
    assert run(tmp_path, "data", "pledges", "add", *plan, "≥ 2 % für Łódź").exit_code == 0
    code, output, _ = shell(tmp_path, "$F data pledges list --country BEL --csv", PYTHONIOENCODING="cp1252")
    assert (code, "≥ 2 % für Łódź" in output.decode()) == (0, True)


def test_a_sweep_that_is_killed_goes_on_where_it_was(tmp_path: Path, fits: Path) -> None:
    file, out, state = tmp_path / "sweep.json", tmp_path / "rows.csv", tmp_path / "state"
    file.write_text(json.dumps(SWEEP))
    state.mkdir()
    (state / "fits").symlink_to(fits)
    settings = {"FORECAST_SWEEP_PROCESSES": "1"}
    kept = 0
    for number, said in ((signal.SIGTERM, "Stopped; "), (signal.SIGKILL, "")):
        with start(state, "sweep", str(file), "--out", str(out), **settings) as process:
            while process.poll() is None and len(chunks := list(state.glob("sweeps/*/*.chunk"))) <= kept:
                time.sleep(0.005)
            process.send_signal(number)
            _, messages = process.communicate()
        assert process.returncode == (-9 if number == signal.SIGKILL else 128 + number), messages
        assert said in messages.decode()
        assert b"Traceback" not in messages
        assert [path.name for path in tmp_path.iterdir() if path != state] == ["sweep.json"]
        kept = len(chunks)
    code, _, messages = shell(state, f"$F sweep {file} --out {out}", **settings)
    assert code == 0
    assert re.fullmatch(f"[0-9] of {CHUNKS} chunks are there from before\n", messages)
    points = [line.split(",")[4] for line in out.read_text().splitlines()[1:]]
    assert points == [str(point) for point in range(2500)]
    assert list(state.glob("sweeps/*")) == []
