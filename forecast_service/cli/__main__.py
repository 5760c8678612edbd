"""``python -m forecast_service.cli``."""

from forecast_service.cli.main import main

main()
