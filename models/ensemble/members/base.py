"""What every member is and may raise."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from models.series import Array, Panel


class MemberFailed(Exception):
    """A member that cannot speak for a series (too short, no convergence): left out and named, never replaced."""


class Fitted(Protocol):
    """A member after it has seen a panel."""

    def simulate(self, name: str, horizon: int, draws: int, rng: np.random.Generator) -> Array:
        """Simulated futures of series ``name``.

        Returns
        -------
        array (draws, horizon): natural logarithms of the values 1 ... ``horizon`` years after the series' last year.

        Raises
        ------
        MemberFailed
            if this series cannot be fitted.
        """
        ...


class Member(Protocol):
    """A statistical model, before it has seen any figures."""

    name: str

    def fit(self, panel: Panel) -> Fitted:
        """Learn whatever is common to the panel; nothing in it may be later than the origin."""
        ...
