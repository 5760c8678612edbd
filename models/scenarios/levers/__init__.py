"""The levers: what one assumption does to paths.

A lever moves the assumption and keeps the noise: each draw stays as far from the median, in logs, as
the models put it, unless the lever says otherwise (``shock`` moves the spread; ``freeze``, ``step``,
``reclassify``, ``floor`` and ``cap`` are exact in every draw). Shares are % of GDP, growth is % a year, years are
inclusive.
"""

from models.scenarios.levers.accounts import HistoryOverride, Purchase, Reclassify
from models.scenarios.levers.base import LEVER_COMPONENTS, Lever, LeverComponent, OnComponent, PathEditor
from models.scenarios.levers.bounds import Cap, Floor, Freeze, Shock
from models.scenarios.levers.economy import LEAST_RATIO, GdpGrowth, SpendingGrowth
from models.scenarios.levers.plans import EXECUTION_SD, Delay, Exit, PledgeLever, SharePath

ORDER: tuple[type[Lever], ...] = (
    HistoryOverride,
    GdpGrowth,
    SpendingGrowth,
    SharePath,
    PledgeLever,
    Delay,
    Exit,
    Shock,
    Freeze,
    Purchase,
    Reclassify,
    Floor,
    Cap,
)
"""The order in which levers act, whatever order a scenario lists them in. Levers of one type act as listed.

First what is known (history), then the economy, then the plans: what is planned and believed, after that its delay
and its end, which take the plans as they find them. Then how uncertain all this is. Then what holds exactly in every
draw, and so must not be moved again by anything that works on medians: a freeze of ordinary spending, what comes on
top of it, what is counted as what, and the bounds on what is reported.
"""

__all__ = [
    "EXECUTION_SD",
    "LEAST_RATIO",
    "LEVER_COMPONENTS",
    "ORDER",
    "Cap",
    "Delay",
    "Exit",
    "Floor",
    "Freeze",
    "GdpGrowth",
    "HistoryOverride",
    "Lever",
    "LeverComponent",
    "OnComponent",
    "PathEditor",
    "PledgeLever",
    "Purchase",
    "Reclassify",
    "SharePath",
    "Shock",
    "SpendingGrowth",
]
