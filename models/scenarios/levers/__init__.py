"""The levers: what one assumption does to paths.

A lever moves the median and keeps the noise: each draw keeps its distance from the median, in logs, unless
the lever says otherwise (``shock`` changes the spread; ``freeze``, ``step``,
``reclassify``, ``floor`` and ``cap`` are exact in every draw). Shares are % of GDP, growth is % a year, years are
inclusive.
"""

from models.scenarios.levers.accounts import CountingRule, HistoryOverride, Purchase, Reclassify
from models.scenarios.levers.base import (
    AFTER,
    LEVER_COMPONENTS,
    After,
    Lever,
    LeverComponent,
    OnComponent,
    PathEditor,
    Temporary,
)
from models.scenarios.levers.bounds import Cap, Floor, Freeze, Shock
from models.scenarios.levers.economy import LEAST_RATIO, GdpGrowth, SpendingGrowth
from models.scenarios.levers.plans import EXECUTION_SD, Delay, Exit, PledgeLever, SharePath

ORDER: tuple[type[Lever], ...] = (
    HistoryOverride,
    CountingRule,
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

What is known comes first: history, and what counts as related. Then come the economy, then plans and pledges, whose
result a delay and an exit change; then the spread. Levers that are exact in every draw come last, so that no lever on
medians moves their result: a freeze, purchases on top of it, reclassified spending, and bounds on the reported share.
"""

__all__ = [
    "AFTER",
    "EXECUTION_SD",
    "LEAST_RATIO",
    "LEVER_COMPONENTS",
    "ORDER",
    "After",
    "Cap",
    "CountingRule",
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
    "Temporary",
]
