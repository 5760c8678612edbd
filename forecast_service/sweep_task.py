"""Under this name services of the last release send the task to workers of this one; to be deleted with the next."""

from forecast_service.sweeps.task import compute

__all__ = ["compute"]
