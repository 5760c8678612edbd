"""The members; a draw names its member by the index in :data:`NAMES`."""

from __future__ import annotations

from models.ensemble.members.arima import Arima
from models.ensemble.members.base import Member
from models.ensemble.members.ets import Ets
from models.ensemble.members.panel import PanelModel
from models.ensemble.members.random_walk import RandomWalk
from models.ensemble.members.theta import Theta
from models.ensemble.members.unobserved import Unobserved

PANEL = PanelModel.name
PLANS = "plans"
"""The panel model, informed by budgets and plans."""
PLEDGE = "pledge"
"""The same, lifted by pledges."""
LOCAL: tuple[Member, ...] = (RandomWalk(), Ets(), Arima(), Unobserved(), Theta())
"""Members for a series without a panel, each fitted to it alone."""
NAMES: tuple[str, ...] = (PANEL, PLANS, PLEDGE, *(member.name for member in LOCAL))
