"""The settings of sweeps."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from forecast_service.settings.section import BadSetting, Section


@dataclass(frozen=True)
class SweepSettings(Section):
    """Where sweeps are computed, how many there may be, and how long they are kept."""

    sweep_executor: str = "local"
    sweep_processes: int = os.cpu_count() or 1
    open_sweeps: int = 100
    sweep_days: int = 90

    def __post_init__(self) -> None:
        """Refuse an executor that is neither here nor at an address."""
        if self.sweep_executor != "local" and not re.match(r"(tcp|tls|ws|wss)://[^/:]+:[0-9]+$", self.sweep_executor):
            raise BadSetting(
                "FORECAST_SWEEP_EXECUTOR: must be local or the address of a Dask scheduler, tcp://host:8786"
            )
        super().__post_init__()
