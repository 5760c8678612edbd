"""The log of a process of the service: every line is JSON, whatever goes wrong in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import environment, free_port

TROUBLE = """
import logging, sys, threading, warnings
from forecast_service.observability import log_lines
log_lines.set_up("drawer")
warnings.warn("it may not converge")
logging.getLogger("limits").error("no answer from redis://:hunter2@db")
logging.getLogger("forecast_service.charts").info("drawn")
print("printed by a library", file=sys.stderr)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("token=hunter2")
"""

MODULE = "forecast_service."
FAILURES = {
    "drawer": [MODULE + "charts.process"],
    "fit-process": [MODULE + "forecasting.fit_process", "999"],
    "vintage-change": [MODULE + "forecasting.vintage_change_task", "too", "few"],
    "metrics-server": [MODULE + "server.metrics_server", "127.0.0.1", "70000", "1"],
    "sweep-worker": [MODULE + "cli", "work", "--heartbeat", "/proc/none/heartbeat"],
    "fits": [MODULE + "cli", "fit", "--quiet", "--vintage", "nato-1949"],
}
"""Commands of the helpers, each with something amiss."""


def run(arguments: list[str], folder: Path, **more: str) -> tuple[int, str]:
    with Path("/dev/full").open("wb") as full:  # whoever answers cannot
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment(folder, **more),
            input=b"\0\0\0\2{}",
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    return done.returncode, done.stderr.decode()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_everything_that_a_process_says_is_a_line_of_json_without_secrets(tmp_path: Path) -> None:
    code, text = run(["-c", TROUBLE], tmp_path)
    said = lines(text)
    assert code == 1
    assert {(line["process"], line["timestamp"][-1]) for line in said} == {("drawer", "Z")}
    warned, library, drawn, printed, thread, ended = said
    assert (warned["logger"], "it may not converge" in warned["event"]) == ("py.warnings", True)
    assert library["event"] == "no answer from redis://:***@db"
    assert (drawn["level"], printed["event"]) == ("info", "printed by a library")
    assert "ZeroDivisionError" in thread["exception"]
    assert (ended["level"], "RuntimeError: token=***" in ended["exception"]) == ("critical", True)


def test_people_get_text(tmp_path: Path) -> None:
    _, text = run(["-c", TROUBLE], tmp_path, FORECAST_LOG_FORMAT="text", FORECAST_LOG_LEVEL="error")
    assert "[error] printed by a library [stderr]" in text
    assert "RuntimeError: token=***" in text
    assert "drawn" not in text


@pytest.mark.slow
@pytest.mark.parametrize("helper", FAILURES)
def test_a_helper_that_fails_says_so_in_json(helper: str, tmp_path: Path) -> None:
    nowhere = f"postgresql://127.0.0.1:{free_port()}/none"
    code, text = run(["-m", *FAILURES[helper]], tmp_path, FORECAST_DATABASE_URL=nowhere)
    said = lines(text)
    assert {line["process"] for line in said} == {helper}
    assert {line["level"] for line in said} & {"error", "critical"}
    assert code
