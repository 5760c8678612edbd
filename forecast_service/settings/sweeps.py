"""Settings: sweeps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from forecast_service.settings.cores import cores
from forecast_service.settings.section import BadSetting, Section


@dataclass(frozen=True)
class SweepSettings(Section):
    """Where sweeps are computed, how many may be open, and how many days they are saved."""

    sweep_executor: str = "local"
    sweep_processes: int = field(default=cores(), metadata={"least": 0})  # 0: this process computes no sweeps
    open_sweeps: int = 100
    sweep_days: int = 90

    def __post_init__(self) -> None:
        """Refuse an executor that is neither ``local`` nor an address."""
        if self.sweep_executor != "local" and not re.match(r"(tcp|tls|ws|wss)://[^/:]+:[0-9]+$", self.sweep_executor):
            raise BadSetting(
                "FORECAST_SWEEP_EXECUTOR: must be local or the address of a Dask scheduler, tcp://host:8786"
            )
        super().__post_init__()
