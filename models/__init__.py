"""The statistics of forecast_service: from a country and a scenario to a probability.

Knows no web and no database, so it can be used from a notebook:

>>> from models import Targets, forecast, load_figures
>>> answer = forecast(load_figures(), "DEU", targets=Targets(deadline=2035))  # doctest: +SKIP

Nothing heavy is imported here: statsmodels is loaded only by what fits.
"""

import os as _os

# One thread per process: the arrays are small, and workers already use all the cores.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    _os.environ.setdefault(_name, "1")

from models.runtime import keep_memory, prefer_fast_sorts  # noqa: E402

keep_memory()
prefer_fast_sorts()

from models.dataset.observations import Figures, load_figures  # noqa: E402
from models.forecast import Forecaster  # noqa: E402
from models.forecast.result import Forecast  # noqa: E402  all this must be settled before numpy is imported
from models.scenarios.scenario import Scenario  # noqa: E402
from models.scenarios.targets import Targets  # noqa: E402

__all__ = ["Figures", "Forecast", "Forecaster", "Scenario", "Targets", "load_figures"]
