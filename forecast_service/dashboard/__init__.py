"""The page: HTML made of what the public API answers, readable without JavaScript."""

from forecast_service.dashboard.views import blp

__all__ = ["blp"]
