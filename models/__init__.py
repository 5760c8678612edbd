"""The statistics of forecast_service: from a country and a scenario to a probability.

Importing it changes nothing in the process. It knows no web and no database. A notebook needs one line:

>>> from models import forecast_country
>>> answer = forecast_country("Iceland", draws=1000)
>>> [target.component for target in answer.targets if target.outcome]
['related']

For more forecasts, make one :class:`Forecaster`: it fits each ally once and saves the fits in a folder.

The names below are imported at their first use, so that a process can call :func:`models.runtime.prepare` before
numpy is loaded, and only a process that fits loads statsmodels.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.dataset.observations import Figures, load_figures
    from models.forecast import Forecaster, Question
    from models.forecast.notebook import forecast_country
    from models.forecast.result import Forecast
    from models.scenarios.scenario import Scenario
    from models.scenarios.targets import Targets

__all__ = [
    "Figures",
    "Forecast",
    "Forecaster",
    "Question",
    "Scenario",
    "Targets",
    "forecast_country",
    "load_figures",
]

_MODULES = {
    "Figures": "models.dataset.observations",
    "Forecast": "models.forecast.result",
    "Forecaster": "models.forecast",
    "Question": "models.forecast",
    "Scenario": "models.scenarios.scenario",
    "Targets": "models.scenarios.targets",
    "forecast_country": "models.forecast.notebook",
    "load_figures": "models.dataset.observations",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'models' has no attribute {name!r}")
