"""The members; a draw names its member by the index in :data:`NAMES`."""

from __future__ import annotations

from models.ensemble.members.arima import Arima
from models.ensemble.members.base import Member
from models.ensemble.members.ets import Ets
from models.ensemble.members.pledge import PledgeMember
from models.ensemble.members.pooled import PooledMomentum, return_to_norm
from models.ensemble.members.random_walk import RandomWalk
from models.ensemble.members.theta import Theta
from models.ensemble.members.unobserved import Unobserved

GLOBAL: tuple[Member, ...] = (PooledMomentum(), return_to_norm())
LOCAL: tuple[Member, ...] = (RandomWalk(), Ets(), Arima(), Unobserved(), Theta())
POOL: tuple[str, ...] = tuple(member.name for member in (*GLOBAL, *LOCAL))
PLEDGE = PledgeMember.name
NAMES: tuple[str, ...] = (*POOL, PLEDGE)
