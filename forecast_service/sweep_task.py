"""The name under which services of the last release send tasks to workers of this one; delete in the next release."""

from forecast_service.sweeps.task import compute

__all__ = ["compute"]
