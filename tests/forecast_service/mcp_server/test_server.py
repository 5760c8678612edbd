"""The command in a process of its own: what it writes where, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from mcp import Client

from forecast_service.mcp_server.server import server
from tests.support.assistant import COMMAND
from tests.support.service import PATIENCE_S, environment


def message(number: int, method: str, **parameters: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}) + "\n"


HELLO = message(
    1, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "test", "version": "1"}
)
READY = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n"


@pytest.mark.slow
def test_standard_output_holds_nothing_but_the_protocol(state_dir: Path) -> None:
    call = message(2, "tools/call", name="forecast", arguments={"country": "DEU"})
    sent = HELLO + READY + "no message\n" + call
    environ = environment(state_dir, FORECAST_LOG_LEVEL="debug")
    with subprocess.Popen(
        COMMAND, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(sent)
        process.stdin.flush()
        lines = [json.loads(process.stdout.readline())]
        while lines[-1].get("id") != 2:
            lines.append(json.loads(process.stdout.readline()))
        rest, messages = process.communicate(timeout=PATIENCE_S)  # which closes standard input
    assert process.returncode == 0
    assert rest == ""
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    assert lines[-1]["result"]["structuredContent"]["country"]["code"] == "DEU"
    assert "Traceback" not in messages


@pytest.mark.slow
def test_a_signal_ends_it_though_standard_input_is_open(state_dir: Path) -> None:
    with subprocess.Popen(
        COMMAND, env=environment(state_dir), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(HELLO.encode())
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
        assert process.stderr
        assert process.stderr.read() == b""


WITHOUT = """
import sys
from forecast_service.cli import run

class Finder:
    def find_spec(self, name, *_):
        if name == "mcp":
            raise ModuleNotFoundError(name=name)

sys.meta_path.insert(0, Finder())
sys.argv[1:] = ["mcp"]
run()
"""


@pytest.mark.slow
def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: mcp needs the extra mcp: pip install 'forecast-service[mcp]'\n"


@pytest.mark.parametrize("address", ["https://api.example.org", "https://api.example.org/nato/"])
def test_links_begin_with_the_public_address(app: Flask, address: str) -> None:
    async def ask() -> Any:
        async with Client(server(app, address)) as client:
            return await client.call_tool("history", {"country": "DEU"})

    links = asyncio.run(ask()).structured_content["links"]
    assert links["csv"] == f"{address.rstrip('/')}/v1/countries/DEU/history.csv"
