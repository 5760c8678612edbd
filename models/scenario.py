"""A scenario: a name and a list of levers, checked for contradictions and applied to paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from models.levers import ORDER, Canvas, Cap, Floor, Lever, SharePath
from models.panel import Array
from models.paths import Paths


class ContradictoryLevers(ValueError):
    """Two levers of a scenario that cannot both hold.

    Attributes
    ----------
    index : position of the second of the two in the scenario's list.
    detail : what is wrong, in words.
    """

    def __init__(self, index: int, detail: str) -> None:
        super().__init__(detail)
        self.index = index
        self.detail = detail


@dataclass(frozen=True)
class Scenario:
    """Assumptions about the future, as data.

    ``pledge_effect`` says whether the paths behind it are the baseline's (pledges pull, to the degree
    that allies have kept them) or the trend's (history alone).
    """

    name: str
    description: str = ""
    levers: tuple[Lever, ...] = ()
    pledge_effect: bool = True

    def check(self) -> None:
        """Raise :class:`ContradictoryLevers` if two levers cannot both hold."""
        for first, second, index in self._overlaps():
            shared = sorted(set(first.components) & set(second.components))
            if shared and first.settles & second.settles:
                raise ContradictoryLevers(
                    index,
                    f"{second.type} and {first.type} both settle the {' and '.join(shared)} path of the same years: "
                    "keep one, or give them years ('from', 'to') that do not overlap",
                )
            if shared and {first.type, second.type} == {"freeze", "pledge"}:
                raise ContradictoryLevers(
                    index, "a freeze and a pledge act on the same years: frozen spending keeps no pledge"
                )
            floor = next((x for x in (first, second) if isinstance(x, Floor)), None)
            cap = next((x for x in (first, second) if isinstance(x, Cap)), None)
            if shared and floor and cap and floor.share_pct > cap.share_pct:
                raise ContradictoryLevers(
                    index, f"the floor ({floor.share_pct:g}) is above the cap ({cap.share_pct:g})"
                )

    def idle(self, origin: int, deadline: int) -> Iterator[str]:
        """In words, the levers and points that cannot act on a forecast from ``origin`` to ``deadline``."""
        for index, lever in enumerate(self.levers):
            if (lever.last_year or deadline) <= origin or (lever.first_year or 0) > deadline:
                yield f"Lever {index} ({lever.type}) changes nothing: its years lie outside {origin + 1} to {deadline}."
            if isinstance(lever, SharePath) and (past := sorted(y for y in lever.points if y <= origin)):
                yield f"Lever {index} (share_path): points up to the origin are not used ({', '.join(map(str, past))})."

    def _overlaps(self) -> Iterator[tuple[Lever, Lever, int]]:
        for (_, first), (index, second) in combinations(enumerate(self.levers), 2):
            starts = max(first.first_year or 0, second.first_year or 0)
            ends = min(first.last_year or 9999, second.last_year or 9999)
            if starts <= ends:
                yield first, second, index

    def apply(self, paths: Paths, deflator: Array, credibility: float) -> Paths:
        """``paths`` as bent by the levers, in the order of :data:`models.levers.ORDER`; the input stays as it is.

        Parameters
        ----------
        paths : as the ensemble has them.
        deflator : index of prices by year, array (1 + horizon,), 1 at the origin.
        credibility : the fraction of its pledge that the ally is expected to keep, for levers that ask for it.

        Raises
        ------
        ContradictoryLevers
        """
        self.check()
        if not self.levers:
            return paths
        canvas = Canvas(paths, deflator, credibility)
        for lever in sorted(self.levers, key=lambda lever: ORDER.index(type(lever))):
            lever.apply(canvas)
        return Paths(paths.origin, canvas.shares, canvas.gdp, paths.member)
