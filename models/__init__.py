"""The statistics of forecast_service: from a country and a scenario to a probability.

They know no web and no database, set nothing in the process and read no environment. A notebook asks in one line:

>>> from models import forecast_country
>>> answer = forecast_country("Iceland", draws=1000)
>>> [target.component for target in answer.targets if target.outcome]
['related']

Whoever asks more makes a :class:`Forecaster` and keeps it: fits are made once, and can be kept in a folder.

What is named here is imported when it is first used: a process that serves or fits calls
:func:`models.runtime.prepare` before, and statsmodels is loaded only by what fits.
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

_ROOMS = {
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
    if name in _ROOMS:
        return getattr(import_module(_ROOMS[name]), name)
    raise AttributeError(f"module 'models' has no attribute {name!r}")
