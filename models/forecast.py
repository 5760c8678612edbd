"""The one way through: country, scenario, targets -> Forecast."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from models.allies import Ally, resolve
from models.ensemble import NAMES, Ensemble, generator
from models.history import Figures
from models.levers import Lever
from models.macro import growth
from models.named import named_scenario
from models.panel import Array
from models.path_store import Fit, FitKey, PathStore
from models.paths import Paths, quantiles
from models.related import related_prior, simulate_related
from models.scenario import Scenario
from models.targets import LAST_DEADLINE, Outcome, Targets, assess, required_growth

MODEL_VERSION = "1"
"""Changes whenever the same figures and seed would give other numbers."""

COMPONENTS = ("core", "related", "total")
DRAWS, SEED = 10_000, 1
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
FIRST_ORIGIN = 1999
MINIMUM_HISTORY = 8


class CannotForecast(ValueError):
    """A question that has no answer.

    Attributes
    ----------
    field : the input that is at fault (``deadline``, ``origin``).
    detail : what is allowed instead.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


@dataclass(frozen=True)
class TargetAnswer:
    """One target and what the paths say of it; ``outcome`` is None, with a ``reason``, where it does not apply.

    ``required_growth`` is the constant real growth of spending (% a year) that would just meet the target.
    """

    component: str
    threshold: float
    basis: str
    rests_on: str
    outcome: Outcome | None
    required_growth: float | None
    reason: str | None


@dataclass(frozen=True)
class ComponentPaths:
    """Mean, array (years,), and quantiles, array (levels, years), of one component, % of GDP."""

    mean: Array
    quantiles: Array


@dataclass(frozen=True)
class Forecast:
    """The answer. ``id`` is a hash of all that determines it."""

    id: str
    ally: Ally
    scenario: Scenario
    origin: int
    deadline: int
    vintage: str
    draws: int
    seed: int
    levels: tuple[float, ...]
    targets: tuple[TargetAnswer, ...]
    years: tuple[int, ...]
    components: Mapping[str, ComponentPaths]
    members: tuple[tuple[str, float, float], ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]
    model_version: str = MODEL_VERSION


class Forecaster:
    """Answers questions about one set of figures; keeps what it fitted in a store."""

    def __init__(self, figures: Figures, store: PathStore, draws: int = DRAWS, seed: int = SEED) -> None:
        self.figures = figures
        self.store = store
        self.draws = draws
        self.seed = seed
        self._ensembles: dict[int, Ensemble] = {}

    def key(self, ally: Ally, origin: int, *, trend: bool = False) -> FitKey:
        """The name of the fit that an answer rests on."""
        return FitKey(self.figures.key, ally.code, origin, trend, MODEL_VERSION, self.draws, self.seed)

    def is_kept(self, ally: Ally) -> bool:
        """Whether the fit of ``ally`` at the figures' origin is in the store."""
        return self.store.has(self.key(ally, self.figures.origin))

    def fit(self, ally: Ally, origin: int | None = None, *, trend: bool = False) -> Fit:
        """Fitted paths of ``ally`` up to the last deadline, from the store or made now.

        Raises
        ------
        CannotForecast
            if the ally's history up to ``origin`` is too short.
        """
        origin = self.figures.origin if origin is None else origin
        return self.store.get(self.key(ally, origin, trend=trend), lambda: self._make(ally, origin))

    def _make(self, ally: Ally, origin: int) -> Fit:
        horizon = LAST_DEADLINE - origin
        related = simulate_related(ally.code, origin, horizon, self.draws, generator(self.seed, ally.code, "related"))
        if not ally.has_armed_forces:
            nobody = np.full(self.draws, -1, dtype=np.int8)
            return Fit(Paths(origin, {"related": related}, nobody), NAMES, {}, {})
        series = self.figures.panel(origin).get(ally.code)
        if series is None or series.end != origin or series.values.size < MINIMUM_HISTORY:
            known = 0 if series is None else series.values.size
            raise CannotForecast(
                "origin", f"{ally.name} has {known} figures in a row up to {origin}; a forecast needs {MINIMUM_HISTORY}"
            )
        if origin not in self._ensembles:
            self._ensembles[origin] = Ensemble(self.figures.panel(origin))
        mixture = self._ensembles[origin].simulate(ally.code, horizon, self.draws, self.seed)
        start = np.full((self.draws, 1), series.values[-1])
        core = np.hstack([start, np.exp(mixture.logs)])
        return Fit(
            Paths(origin, {"core": core, "related": related}, mixture.member),
            NAMES,
            dict(mixture.weights),
            dict(mixture.failed),
        )

    def forecast(
        self,
        country: str,
        scenario: str | Scenario = "baseline",
        targets: Targets | None = None,
        *,
        origin: int | None = None,
        levels: Sequence[float] = LEVELS,
    ) -> Forecast:
        """The probability that ``country`` meets ``targets`` under ``scenario``.

        Parameters
        ----------
        country : ISO alpha-2, alpha-3 or English name.
        scenario : the name of a shipped scenario, or one's own.
        targets : thresholds in % of GDP and the deadline; the Hague targets if None.
        origin : the last year known to the forecast; the last of the figures if None.
        levels : of the quantiles, between 0 and 1.

        Raises
        ------
        UnknownCountry, UnknownScenario, ContradictoryLevers, CannotForecast
        """
        ally = resolve(country)
        targets = targets or Targets()
        origin = self.figures.origin if origin is None else origin
        self._check(origin, targets.deadline)
        if isinstance(scenario, str):
            scenario = named_scenario(scenario, ally, origin, targets.deadline)
        scenario.check()
        fit = self.fit(ally, origin, trend=not scenario.pledge_effect)
        paths = scenario.apply(fit.paths.until(targets.deadline), growth(ally.code))
        shares = {name: x for name in COMPONENTS if (x := paths.component(name)) is not None}
        answers = tuple(self._answer(ally, name, shares.get(name), targets, paths) for name in COMPONENTS)
        lead = next((a for a in answers if a.outcome), None)
        by_member = lead.outcome.by_member if lead and lead.outcome and lead.component == "core" else {}
        ordered = tuple(sorted(set(levels)))
        return Forecast(
            id=self._id(
                fit_key=self.key(ally, origin, trend=not scenario.pledge_effect),
                scenario=scenario,
                targets=targets,
                levels=ordered,
            ),
            ally=ally,
            scenario=scenario,
            origin=origin,
            deadline=targets.deadline,
            vintage=self.figures.vintage,
            draws=self.draws,
            seed=self.seed,
            levels=ordered,
            targets=answers,
            years=tuple(int(y) for y in paths.years[1:]),
            components={
                name: ComponentPaths(
                    mean=x[:, 1:].mean(axis=0, dtype=np.float64), quantiles=quantiles(x[:, 1:], np.array(ordered))
                )
                for name, x in shares.items()
            },
            members=tuple((fit.members[i], fit.weights[fit.members[i]], p) for i, p in by_member.items()),
            left_out=fit.failed,
            notes=tuple(scenario.idle(origin, targets.deadline)),
        )

    def _check(self, origin: int, deadline: int) -> None:
        last = self.figures.origin
        if not FIRST_ORIGIN <= origin <= last:
            raise CannotForecast("origin", f"must be a year from {FIRST_ORIGIN} to {last}")
        if not origin < deadline <= LAST_DEADLINE:
            raise CannotForecast("deadline", f"must be a year from {origin + 1} to {LAST_DEADLINE}")

    def _answer(
        self, ally: Ally, component: str, shares: np.ndarray | None, targets: Targets, paths: Paths
    ) -> TargetAnswer:
        threshold = targets.threshold(component)
        prior = related_prior(ally.code).rests_on
        basis, rests_on = {
            "core": (
                "history",
                f"NATO's figures, vintage {self.figures.vintage}, and the longer history joined to them",
            ),
            "related": ("prior", prior),
            "total": ("history and prior", f"core: {self.figures.vintage}; related: {prior}"),
        }[component]
        if shares is None:
            reason = f"{ally.name} has no armed forces and no core defence spending, so this target does not apply."
            return TargetAnswer(component, threshold, basis, rests_on, None, None, reason)
        gdp = growth(ally.code).real_between(paths.origin + 1, targets.deadline)
        start = float(np.median(shares[:, 0]))
        return TargetAnswer(
            component,
            threshold,
            basis,
            rests_on,
            # One prior stands behind related spending, so there are no members to range over.
            assess(
                shares, threshold, paths.origin, np.zeros_like(paths.member) if component == "related" else paths.member
            ),
            required_growth(start, threshold, gdp),
            None,
        )

    def _id(self, fit_key: FitKey, scenario: Scenario, targets: Targets, levels: tuple[float, ...]) -> str:
        parts = {
            "fit": asdict(fit_key),
            "scenario": {"name": scenario.name, "levers": [_lever_facts(lever) for lever in scenario.levers]},
            "targets": asdict(targets),
            "levels": levels,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _lever_facts(lever: Lever) -> dict[str, object]:
    return {"type": lever.type} | asdict(lever)
