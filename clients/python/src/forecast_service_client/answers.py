"""Answers of the service. Properties return the most used values; ``document`` is the whole JSON, with its types.

A newer service may send fields that these types do not name: they are in ``document`` all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from forecast_service_client import documents
from forecast_service_client.tables import Kind, Table, Tabular

Component = Literal["core", "related", "total"]
Way = Literal["at_deadline", "by_deadline", "held"]
COMPONENTS: tuple[Component, ...] = ("core", "related", "total")
WAYS: tuple[Way, ...] = ("at_deadline", "by_deadline", "held")

CONTEXT: dict[str, Kind] = {"scenario": str, "origin": int, "deadline": int, "vintage": str}
"""The last columns of the tables of answers, so that rows of several answers can stand in one table."""

Row = documents.SweepResult
"""One evaluation of a sweep: country, targets, point, values, core, related, total, core_median_pct, failure."""


def _context(document: Any) -> tuple[Any, ...]:
    """The cells of :data:`CONTEXT`; ``scenario`` is the name of the scenario, also of one of your own."""
    scenario = document.get("scenario")
    name = scenario["name"] if isinstance(scenario, dict) else scenario
    return (name, document.get("origin"), document.get("deadline"), document["vintage"])


@dataclass(frozen=True)
class Computed:
    """An answer of the model, with what determines its numbers."""

    document: Any
    """The whole answer as JSON."""

    @property
    def vintage(self) -> str:
        """Vintage of the figures."""
        return str(self.document["vintage"])

    @property
    def model_version(self) -> str:
        """Version of the statistics: answers of different versions cannot be compared."""
        return str(self.document["model_version"])

    @property
    def origin(self) -> int:
        """The last year whose figure the forecast knows."""
        return int(self.document["origin"])

    @property
    def deadline(self) -> int:
        """The year of the targets."""
        return int(self.document["deadline"])

    @property
    def cite(self) -> documents.Cite | None:
        """How to cite the answer; None from a service that does not say it yet."""
        found: documents.Cite | None = self.document.get("cite")
        return found


@dataclass(frozen=True)
class Forecast(Computed, Tabular):
    """How likely one ally meets the targets. Its table has the paths, a row for each component and year."""

    document: documents.Forecast

    @property
    def id(self) -> str:
        """A hash of everything that determines the numbers."""
        return self.document["id"]

    @property
    def country(self) -> documents.CountryRef:
        """The ally."""
        return self.document["country"]

    @property
    def scenario(self) -> documents.ScenarioOut:
        """What was assumed."""
        return self.document["scenario"]

    @property
    def targets(self) -> list[documents.Target]:
        """Core, related and total, each with threshold, probability and what it rests on."""
        return self.document["targets"]

    def target(self, component: Component = "core") -> documents.Target:
        """The target of one component."""
        return next(target for target in self.targets if target["component"] == component)

    def probability(self, component: Component = "core", when: Way = "at_deadline") -> float | None:
        """Probability of meeting the target, 0 to 1; None where it does not apply (core and total of Iceland)."""
        found = self.target(component)["probability"]
        return found[when] if found else None

    def explanation(self, component: Component = "core") -> documents.TargetWhy | None:
        """Why the probability is what it is: a sentence, and parts in percentage points."""
        return self.target(component)["why"]

    @property
    def paths(self) -> documents.Paths:
        """Mean, median and quantiles of each component by year (% of GDP)."""
        return self.document["paths"]

    @property
    def money(self) -> documents.Money | None:
        """Core spending in money; None where no amount is published for the origin."""
        return self.document["money"]

    @property
    def members(self) -> list[documents.Member]:
        """The ensemble behind core: weight and probability of each member."""
        return self.document["members"]

    @property
    def notes(self) -> list[str]:
        """Remarks about this answer."""
        return self.document["notes"]

    def table(self) -> Table:
        """The paths: country, component, year, mean_pct, median_pct, a column for each quantile (% of GDP), context."""
        context = _context(self.document)
        fans = {component: fan for component in COMPONENTS if (fan := self.paths[component])}
        levels = list(next(iter(fans.values()))["quantiles"]) if fans else []
        kinds: dict[str, Kind] = {"country": str, "component": str, "year": int, "mean_pct": float, "median_pct": float}
        rows = [
            (self.country["code"], component, *values, *context)
            for component, fan in fans.items()
            for values in zip(
                self.paths["years"],
                fan["mean"],
                fan["median"],
                *(fan["quantiles"][level] for level in levels),
                strict=True,
            )
        ]
        return Table(kinds | {f"q{level}_pct": float for level in levels} | CONTEXT, rows)


@dataclass(frozen=True)
class Alliance(Computed, Tabular):
    """How many allies meet the targets. Its table has the ranking, a row for each target and ally."""

    document: documents.AllianceForecast

    @property
    def id(self) -> str:
        """A hash of everything that determines the numbers."""
        return self.document["id"]

    def target(self, component: Component = "core") -> documents.AllianceTarget:
        """The target of one component: how many allies meet it, and the ranking."""
        return next(target for target in self.document["targets"] if target["component"] == component)

    def count(
        self, component: Component = "core", when: Literal["at_deadline", "by_deadline"] = "at_deadline"
    ) -> float:
        """How many allies are expected to meet the target: the mean across the simulated futures."""
        return self.target(component)[when]["mean"]

    def ranking(self, component: Component = "core") -> list[documents.Standing]:
        """The allies by their probability, the likeliest first."""
        return self.target(component)["ranking"]

    def table(self) -> Table:
        """The ranking: component, threshold_pct, rank, country, name, probabilities and context."""
        texts: dict[str, Kind] = {"component": str, "threshold_pct": float, "rank": int, "country": str, "name": str}
        numbers = ("at_deadline", "by_deadline", "standard_error", "latest_share_pct")
        review = {"review_on_track": "on_track", "review_at_threshold": "at_threshold"}
        rows, context = [], _context(self.document)
        for target in self.document["targets"]:
            for rank, standing in enumerate(target["ranking"], 1):
                ally = (standing["country"]["code"], standing["country"]["name"])
                found: dict[str, Any] = {**standing}
                reviewed: dict[str, Any] = {**(standing["review"] or {})}
                values = (*map(found.get, numbers), *map(reviewed.get, review.values()))
                rows.append((target["component"], target["threshold"], rank, *ally, *values, *context))
        return Table(texts | dict.fromkeys((*numbers, *review), float) | CONTEXT, rows)


@dataclass(frozen=True)
class Requirement(Computed):
    """What raises an ally's probability to the one asked for."""

    document: documents.Requirement

    @property
    def id(self) -> str:
        """A hash of everything that determines the numbers."""
        return self.document["id"]

    @property
    def extra_growth_pp(self) -> float:
        """Extra growth of spending (percentage points a year)."""
        return self.document["extra_growth_pp"]

    @property
    def probability(self) -> documents.AskedProbability:
        """The probability asked for, reached, and without the extra growth."""
        return self.document["probability"]

    @property
    def money(self) -> documents.NeededMoney:
        """The money that it takes, in US dollars and in the ally's currency."""
        return self.document["money"]


@dataclass(frozen=True)
class Sensitivity(Computed):
    """The assumptions that move an ally's probability most."""

    document: documents.Sensitivity

    @property
    def probability(self) -> float:
        """The probability under the scenario as it is."""
        return self.document["probability"]

    @property
    def bars(self) -> list[documents.Bar]:
        """The assumptions, the one with the largest effect first."""
        return self.document["bars"]


@dataclass(frozen=True)
class Comparison:
    """Forecasts of one ally under several scenarios."""

    document: documents.Comparison

    @property
    def forecasts(self) -> dict[str, Forecast]:
        """The forecast under each scenario, by the name or id asked for."""
        return {item["id"]: Forecast(cast(documents.Forecast, item["forecast"])) for item in self.document["items"]}

    @property
    def differences(self) -> dict[str, dict[str, Any]]:
        """Each probability, path and amount of money minus the first scenario's, by the name or id asked for."""
        return {item["id"]: item["difference"] for item in self.document["items"]}


@dataclass(frozen=True)
class History(Tabular):
    """The figures of one ally. Its table has a row for each component and year."""

    document: documents.History

    @property
    def country(self) -> documents.CountryRef:
        """The ally."""
        return self.document["country"]

    @property
    def vintage(self) -> str:
        """Vintage of the figures."""
        return self.document["vintage"]

    def shares(self, component: Literal["core"] = "core") -> dict[int, float]:
        """Spending by year (% of GDP)."""
        parts = (part for part in self.document["components"] if part["component"] == component)
        return {seen["year"]: seen["share_pct"] for part in parts for seen in part["observations"]}

    def table(self) -> Table:
        """The figures: country, component, year, share_pct, definition, estimate, source and context."""
        kinds: dict[str, Kind] = {"country": str, "component": str, "year": int, "share_pct": float}
        kinds |= {"definition": str, "estimate": bool, "source": str}
        context = _context(self.document)
        rows = [
            (self.country["code"], part["component"], *map({**seen}.get, list(kinds)[2:]), *context)
            for part in self.document["components"]
            for seen in part["observations"]
        ]
        return Table(kinds | CONTEXT, rows)


@dataclass(frozen=True)
class TrackRecord:
    """How good past forecasts were."""

    document: documents.TrackRecord

    @property
    def model_version(self) -> str:
        """Version of the statistics that was scored."""
        return self.document["model_version"]

    @property
    def members(self) -> list[documents.MemberScores]:
        """The scores of each member of the ensemble."""
        return self.document["members"]

    @property
    def baseline(self) -> documents.Scores:
        """The scores of the baseline's forecasts."""
        return self.document["baseline"]

    @property
    def frozen(self) -> list[documents.Frozen]:
        """What earlier releases forecast, with its scores as figures come in."""
        return self.document["frozen"]


@dataclass(frozen=True)
class PastForecasts(Tabular):
    """What would have been forecast from earlier origins, beside what came. Its table has a row for each."""

    document: documents.PastForecasts

    def table(self) -> Table:
        """The forecasts: country, origin, year, a column for each quantile, outcome_pct, outcome_estimate, context."""
        kinds: dict[str, Kind] = {"country": str, "origin": int, "year": int}
        kinds |= {f"q{level:g}_pct": float for level in self.document["levels"]}
        kinds |= {"outcome_pct": float, "outcome_estimate": bool}
        scenario, _, *context = _context(self.document)  # the origin is a column of its own
        rows = []
        for one in self.document["items"]:
            came = (one["outcome_pct"], one["outcome_estimate"])
            rows.append((one["country"], one["origin"], one["year"], *one["quantiles"], *came, scenario, *context))
        return Table(kinds | {name: kind for name, kind in CONTEXT.items() if name != "origin"}, rows)


@dataclass(frozen=True)
class SavedScenario:
    """One version of a scenario; ``etag``, for changes and deletion, is empty for shipped scenarios."""

    document: documents.AnyScenario
    etag: str

    @property
    def id(self) -> str:
        return self.document["id"]

    @property
    def name(self) -> str:
        return self.document["name"]

    @property
    def version(self) -> int:
        """Number of this version, from 1; 0 for shipped scenarios."""
        return self.document.get("version", 0)


@dataclass(frozen=True)
class Sweep:
    """The state of a sweep."""

    document: documents.Sweep

    @property
    def id(self) -> str:
        return self.document["id"]

    @property
    def status(self) -> str:
        """queued, running, done, cancelled or failed."""
        return self.document["status"]

    @property
    def progress(self) -> float:
        """The fraction done, 0 to 1."""
        return float(self.document["progress"])

    @property
    def finished(self) -> bool:
        """Whether the sweep is done, cancelled or failed."""
        return self.status not in {"queued", "running"}


def _axis(values: Iterable[Any]) -> Kind:
    """The type of an axis: text if any value is text, integer if all are integers, otherwise float."""
    kinds = {type(value) for value in values}
    return str if str in kinds else int if kinds == {int} else float


def table_of(rows: list[Row]) -> Table:
    """A row for each evaluation: ally, targets, point, a column for each axis and each outcome, failure."""
    kinds: dict[str, Kind] = {"country": str, "deadline": int}
    kinds |= {"core_threshold_pct": float, "related_threshold_pct": float, "point": int}
    kinds |= {axis: _axis(row["values"][axis] for row in rows) for axis in (rows[0]["values"] if rows else ())}
    kinds |= {f"{component}_{way}": float for component in COMPONENTS for way in WAYS}
    kinds |= {"core_median_pct": float, "failure": str}
    cells = []
    for row in rows:
        asked = (row["country"], *map(row["targets"].get, ("deadline", "core", "related")), row["point"])
        found = [swept[way] if (swept := row[component]) else None for component in COMPONENTS for way in WAYS]
        cells.append((*asked, *row["values"].values(), *found, row["core_median_pct"], row["failure"]))
    return Table(kinds, cells)
