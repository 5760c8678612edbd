"""The levels of quantiles that forecasts are scored and published on; apart, since readers load no statistics."""

from __future__ import annotations

HUB_LEVELS = (0.01, 0.025, *(n / 100 for n in range(5, 96, 5)), 0.975, 0.99)
"""The 23 levels of forecast hubs (the COVID-19 Forecast Hub's, Cramer et al. 2022), on which the CRPS is computed."""
