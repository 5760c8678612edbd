"""``FORECAST_SWEEP_PROCESSES=0``: no sweeps are computed here."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from forecast_service.cli.main import main


@pytest.mark.parametrize("command", ["work", "sweep"])
def test_commands_that_compute_sweeps_refuse(tmp_path: Path, command: str) -> None:
    file = tmp_path / "sweep.json"
    file.write_text('{"countries": ["DEU"], "scenario": {"name": "x", "levers": []}}')
    settings = {"FORECAST_SWEEP_PROCESSES": "0", "FORECAST_STATE_DIR": str(tmp_path)}
    arguments = [command] if command == "work" else [command, str(file)]
    result = CliRunner(env=settings).invoke(main, arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: FORECAST_SWEEP_PROCESSES: 0 ")
