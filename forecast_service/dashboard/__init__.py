"""The page: HTML made of what the public API answers, readable without JavaScript; it computes nothing itself."""

from forecast_service.dashboard.views import blp

__all__ = ["blp"]
