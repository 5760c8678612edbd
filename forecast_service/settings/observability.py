"""Settings: logs, metrics and traces."""

from __future__ import annotations

from dataclasses import dataclass

from forecast_service.settings.section import BadSetting, Section

LOG_FORMATS = ("json", "text")
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class ObservabilitySettings(Section):
    """Format and level of the log, port of the metrics, and whether to trace."""

    log_format: str = "json"
    log_level: str = "info"
    metrics_port: int = 0
    traces: bool = False

    def __post_init__(self) -> None:
        """Refuse unknown log formats and levels, and invalid ports."""
        for name, value, allowed in (
            ("FORECAST_LOG_FORMAT", self.log_format, LOG_FORMATS),
            ("FORECAST_LOG_LEVEL", self.log_level, LOG_LEVELS),
        ):
            if value not in allowed:
                raise BadSetting(f"{name}: {value!r} is not one of {', '.join(allowed)}")
        if self.metrics_port > 65535:
            raise BadSetting("FORECAST_METRICS_PORT: must be at most 65535")
        super().__post_init__()
