"""Where Dask clusters of the last release look for the task; to be deleted with the release after this one."""

from forecast_service.sweeps.task import compute

__all__ = ["compute"]
