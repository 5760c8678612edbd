"""The interface of every member, and the error that it may raise."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from models.series import Array, Panel


class MemberFailed(Exception):
    """A member cannot forecast a series (too short, no convergence). The ensemble leaves it out and names it."""


class Fitted(Protocol):
    """A member that is fitted on a panel."""

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
    """A statistical model before it is fitted."""

    name: str

    def fit(self, panel: Panel) -> Fitted:
        """Learn what the series of ``panel`` have in common; none may go beyond the origin."""
        ...
