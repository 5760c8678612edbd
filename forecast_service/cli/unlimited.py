"""The settings of an application that answers the command that made it, and nobody else."""

from __future__ import annotations

from dataclasses import replace

from forecast_service.settings import Settings
from forecast_service.settings.auth import NONE
from forecast_service.settings.http import UNLIMITED


def unlimited(at_once: int) -> Settings:
    """Those of the environment; open, without limits and read-only, for ``at_once`` requests at once."""
    return replace(
        Settings.from_environment(),
        auth=NONE,
        identity_header="",
        rate_limit="",
        cost_budget=UNLIMITED,
        costly_per_caller=at_once,
        costly_at_once=at_once,
        read_only=True,
        log_level="error",
    )
