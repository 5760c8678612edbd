r"""What a scenario changes, lever by lever, and how plausible it is under the baseline.

Waterfall. It starts from the baseline and adds the levers one by one in the order in which they act; after each it
counts the draws that meet a target in the deadline year. A scenario on the trend first loses plans and pledges.
The steps add up to the whole difference. A lever's step depends on the levers before it (a cap changes nothing where
a freeze stays below it): another order would give other steps.

Plausibility. Two measures of how far the scenario's median path lies from the baseline:

- its rank in the baseline's distribution, year by year: the fraction of the baseline's draws below it;
- the effective sample size of the tilted baseline. Of all weights w on the n draws under which the mean log share
  of the deadline year moves by as much as the scenario moves the median, relative entropy sum w log(n w) is least
  for the exponential tilt

      w_i = exp(a x_i) / sum_j exp(a x_j),

  x the log share, a solved from sum w_i x_i = mean(x) + shift (Robertson, Tallman & Whiteman 2005, "Forecasting using
  relative entropy", Journal of Money, Credit and Banking 37). Kish's effective sample size (1965, Survey Sampling)
  over n,

      1 / (n sum w_i^2),

  is 1 where the scenario moves nothing, exp(-(shift / sd)^2) for normal draws, near 0 where few futures of the baseline
  resemble the scenario, and 1 / n for a shift beyond the farthest draw.

Both measure the path's location: a scenario that changes the spread alone is as plausible as the baseline itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from models.paths import Floats, Paths, counted
from models.scenarios.levers.base import LEAST_MEDIAN
from models.scenarios.targets import Outcome, Targets, met, proportion
from models.series import Array

WITHOUT_PLEDGES = "without_pledges"
"""The step that takes plans and pledges out of the baseline."""

_PRECISION, _ROUNDS = 1e-9, 60


@dataclass(frozen=True)
class WaterfallStep:
    """One step of the waterfall.

    Attributes
    ----------
    type : the lever's type, or :data:`WITHOUT_PLEDGES`.
    lever : the lever's position in the scenario's list; None for :data:`WITHOUT_PLEDGES`.
    after : component -> probability at the deadline when the step is added; components that do not apply are absent.
    """

    type: str
    lever: int | None
    after: Mapping[str, float]


@dataclass(frozen=True)
class Reference:
    """The baseline's outcome and required growth for one target; None where the target does not apply."""

    outcome: Outcome | None
    required_growth: float | None


@dataclass(frozen=True)
class Plausibility:
    """Where the scenario's median path lies among the baseline's futures; one value a year after the origin.

    Attributes
    ----------
    component : core, or related where core does not apply.
    median, baseline_median : % of GDP, arrays (years,).
    rank : of ``median`` in the baseline, between 0 and 1, array (years,).
    effective : effective sample size of the tilted baseline as a fraction of the draws, above 0 and at most 1.
    """

    component: str
    median: Array
    baseline_median: Array
    rank: Array
    effective: float


@dataclass(frozen=True)
class Explanation:
    """How an answer came about. ``baseline``: by component; ``waterfall``: in the order in which the levers act."""

    baseline: Mapping[str, Reference]
    waterfall: tuple[WaterfallStep, ...]
    plausibility: Plausibility


@dataclass
class Waterfall:
    """Counts the draws that meet the targets at the deadline, lever by lever.

    ``unchanged`` are the levers that left every path as it was.
    """

    targets: Targets
    types: tuple[str, ...]
    steps: list[WaterfallStep] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    _before: dict[str, int] = field(default_factory=dict)

    def begin(self, paths: Paths) -> None:
        """Take the paths before the first lever, so that a lever that changes nothing is noticed."""
        self._before = paths.once("marks", lambda: _marks(paths.shares))

    def without_pledges(self, paths: Paths) -> None:
        """Count the draws of the trend; its paths end in the deadline year."""
        self.steps.append(WaterfallStep(WITHOUT_PLEDGES, None, self._count(paths.shares)))

    def __call__(self, index: int, shares: Mapping[str, Floats]) -> None:
        """Count after lever ``index``; see :data:`models.scenarios.scenario.Watch`."""
        self.steps.append(WaterfallStep(self.types[index], index, self._count(shares)))
        before, self._before = self._before, _marks(shares)
        if before == self._before:
            self.unchanged.append(index)

    def _count(self, shares: Mapping[str, Floats]) -> dict[str, float]:
        last = {component: x[:, -1] for component, x in shares.items()}
        if len(last) == 2:  # the total, as models.paths.Paths.component computes it
            last["total"] = last["core"] + counted(last["related"], self.targets.counted_related)
        return {
            name: proportion(int(np.count_nonzero(met(x, self.targets.threshold(name)))), x.size)
            for name, x in last.items()
        }


def _marks(shares: Mapping[str, Floats]) -> dict[str, int]:
    """A checksum of each component's shares: the sum of their bits, a tenth of the time of a sum of the numbers."""
    found = {}
    for name, x in shares.items():
        bits = np.dtype(f"u{x.itemsize}")
        found[name] = int(x.view(bits).sum(dtype=bits))
    return found


def rank(values: Array, shares: Floats) -> Array:
    """The fraction of draws below each value, ties counted half: (k + 0.5) / (n + 1), never exactly 0 or 1.

    Parameters
    ----------
    values : array (years,). shares : array (draws, years).
    """
    at = values.astype(shares.dtype)
    twice = [np.count_nonzero(year < v) + np.count_nonzero(year <= v) for year, v in zip(shares.T, at, strict=True)]
    return np.asarray((np.array(twice) / 2 + 0.5) / (shares.shape[0] + 1))


def effective_fraction(logs: Array, shift: float) -> float:
    """Effective sample size, as a fraction of the draws, of the exponential tilt that moves the mean by ``shift``.

    Parameters
    ----------
    logs : array (draws,). shift : in the same unit.
    """
    centred = logs - logs.mean()
    spread = float(centred.std())
    if abs(shift) <= _PRECISION * max(spread, 1.0):
        return 1.0
    least = 1 / logs.size
    if not centred.min() < shift < centred.max():
        return least
    z, wanted = centred / spread, shift / spread
    square, ends = z * z, (float(z.min()), float(z.max()))
    weights = np.empty_like(z)
    # Newton's method on an increasing function, kept within a bracket; for normal draws its first guess is exact.
    low, high, tilt = -np.inf, np.inf, wanted
    for _ in range(_ROUNDS):
        np.multiply(z, tilt, out=weights)
        weights -= max(tilt * ends[0], tilt * ends[1])
        np.exp(weights, out=weights)
        total = float(weights.sum())
        mean = float(weights @ z) / total
        if abs(mean - wanted) <= _PRECISION * max(1.0, abs(wanted)):
            break
        low, high = (tilt, high) if mean < wanted else (low, tilt)
        slope = float(weights @ square) / total - mean**2
        # A step may at most double the tilt: near the farthest draw the slope vanishes.
        guess = tilt + (wanted - mean) / max(slope, 1e-300)
        guess = min(max(guess, -2 * abs(tilt) - 1), 2 * abs(tilt) + 1)
        tilt = guess if low < guess < high else (low + high) / 2
    return max(least, total * total / (logs.size * float(weights @ weights)))


def plausibility(scenario: Paths, baseline: Paths) -> Plausibility:
    """Where the scenario's median path lies in the baseline; both end in the deadline year."""
    component = "core" if "core" in baseline.shares else "related"
    base = baseline.shares[component][:, 1:]
    middle, usual = (paths.medians(component)[1:].astype(np.float64) for paths in (scenario, baseline))
    shift = float(np.log(max(middle[-1], LEAST_MEDIAN) / usual[-1]))
    effective = effective_fraction(np.log(base[:, -1].astype(np.float64)), shift)
    return Plausibility(component, middle, usual, rank(middle, base), effective)
