"""``python -m forecast_service.cli``."""

from forecast_service.cli import run

run()
