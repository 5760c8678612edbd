"""The page: HTML from the public API's answers, readable without JavaScript. It computes no numbers."""

from forecast_service.dashboard.views import blp

__all__ = ["blp"]
