"""A sweep: one scenario whose levers take many values, for many allies, cut into chunks.

Everything here is a pure function of a document (the request with all defaults filled in) and a chunk's number, so
any process may compute a chunk, any number of times. An *evaluation* is one ally, one set of
targets and one point, which is one value for every axis; a *chunk* is up to ``chunk_points`` points of one ally
and one set of targets.
"""

from __future__ import annotations

import copy
import json
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from models.dataset.countries import COMPONENTS
from models.errors import CannotForecast
from models.forecast import Forecaster, Question
from models.paths import Floats, quantiles, rounded_shares
from models.scenarios.after import stating_after
from models.scenarios.scenario import Scenario, UnusableLever
from models.scenarios.targets import Targets, held, met, proportion
from models.series import Array

CHUNK_POINTS = 250
"""A second's work or less, so that a lost worker costs little and progress shows."""
MAX_EVALUATIONS = 1_000_000
WAYS = ("at_deadline", "by_deadline", "held")
OUTCOMES = (*(f"{component}_{way}" for component in COMPONENTS for way in WAYS), "core_median_pct")
"""The outcomes of every point, in the order of the columns."""
TRACEPARENT = "traceparent"
"""The one field of a document that changes no result: the W3C Trace Context of the request."""

AxisPath = tuple[str | int, ...]
Value = float | int | str
Read = Callable[[dict[str, Any]], Scenario]


class InvalidPoint(ValueError):
    """Values that make no scenario together; the text says why."""


def read_document(text: str) -> dict[str, Any]:
    """The document of a saved sweep, given as JSON."""
    document = json.loads(text)
    return {**document, "scenario": stating_after(document["scenario"], "resume")}


def public_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a document that determine the results."""
    return {name: value for name, value in document.items() if name != TRACEPARENT}


def is_axis(value: object) -> bool:
    """Whether a value of a lever is an axis of many values."""
    return isinstance(value, dict) and bool(value.keys() & {"grid", "steps", "low", "high"})


def find_axes(scenario: Mapping[str, Any]) -> list[tuple[AxisPath, dict[str, Any]]]:
    """The axes of a scenario's levers, each with its path in the scenario, in the order they are written."""
    levers = scenario.get("levers")
    return list(_walk(levers, ("levers",))) if isinstance(levers, list) else []


def _walk(value: object, path: AxisPath) -> Iterator[tuple[AxisPath, dict[str, Any]]]:
    if isinstance(value, dict):
        if len(path) > 2 and is_axis(value):
            yield path, value
        else:
            for key, inner in value.items():
                yield from _walk(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, (*path, index))


@dataclass(frozen=True)
class Axis:
    """The values that one value of a lever takes.

    An axis of a Latin hypercube has none: only releases before 0.9 computed those, and their rows hold the values.
    """

    path: AxisPath
    values: tuple[Value, ...]

    @classmethod
    def of(cls, path: AxisPath, given: Mapping[str, Any]) -> Axis:
        """From its JSON: ``grid``; or ``from``, ``to`` and ``steps``."""
        if "grid" in given:
            return cls(path, tuple(given["grid"]))
        if "steps" in given:
            return cls(path, tuple(_steps(given["from"], given["to"], int(given["steps"]))))
        return cls(path, ())

    @property
    def name(self) -> str:
        """Its path in the scenario, such as ``levers/0/credibility``."""
        return "/".join(map(str, self.path))

    def value(self, place: float) -> Value:
        """The value at ``place``, a number of :meth:`Sweep.places`."""
        if self.values:
            return self.values[int(place)]
        return int(place) if place.is_integer() else place


def _steps(first: float, last: float, steps: int) -> Iterator[Value]:
    whole = float(first).is_integer() and (last - first) % (steps - 1) == 0
    for k in range(steps):
        # Rounded, so that 0.3 is not written as 0.30000000000000004.
        value = round(first + (last - first) * k / (steps - 1), 12)
        yield int(value) if whole else value


@dataclass(frozen=True)
class Span:
    """What one chunk holds: an ally (ISO alpha-3), targets, and points from ``start`` up to ``stop``."""

    country: str
    targets: Targets
    start: int
    stop: int

    @property
    def points(self) -> range:
        return range(self.start, self.stop)


@dataclass(frozen=True)
class Sweep:
    """A sweep, given by its document; docs/sweeps.md describes the format."""

    document: Mapping[str, Any]

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        return tuple(Axis.of(path, given) for path, given in find_axes(self.document["scenario"]))

    @property
    def countries(self) -> list[str]:
        return list(self.document["countries"])

    @cached_property
    def targets(self) -> tuple[Targets, ...]:
        return tuple(Targets(**one) for one in self.document["targets"])

    @cached_property
    def points(self) -> int:
        """How many points there are; a hypercube of a release before 0.9 says so itself."""
        return int(self.document["sampling"].get("points", 0)) or math.prod(len(axis.values) for axis in self.axes)

    @property
    def evaluations(self) -> int:
        return len(self.countries) * len(self.targets) * self.points

    @property
    def _chunks_each(self) -> int:
        return -(-self.points // int(self.document["chunk_points"]))

    @property
    def chunks(self) -> int:
        """How many chunks there are, in the order of allies, targets and points."""
        return len(self.countries) * len(self.targets) * self._chunks_each

    def span(self, chunk: int) -> Span:
        """What chunk number ``chunk`` (from 0) holds."""
        unit, part = divmod(chunk, self._chunks_each)
        country, targets = divmod(unit, len(self.targets))
        start = part * int(self.document["chunk_points"])
        stop = min(start + int(self.document["chunk_points"]), self.points)
        return Span(self.countries[country], self.targets[targets], start, stop)

    def places(self, start: int, stop: int) -> Array:
        """The index of each axis's value, array (points, axes)."""
        lengths = [len(axis.values) for axis in self.axes]
        if not lengths:
            return np.empty((stop - start, 0))
        return np.stack(np.unravel_index(np.arange(start, stop), lengths), axis=1).astype(np.float64)

    def scenario(self, values: list[Value]) -> dict[str, Any]:
        """The scenario's JSON with one value for every axis."""
        scenario: Any = self.document["scenario"]
        for axis, value in zip(self.axes, values, strict=True):
            scenario = with_value(scenario, axis.path, value)
        return dict(scenario)


def with_value(written: Any, path: AxisPath, value: Value | dict[str, Any]) -> Any:
    """``written`` with ``value`` at ``path``. A sweep calls it a million times, so it copies only along ``path``."""
    if not path:
        return value
    changed = copy.copy(written)
    changed[path[0]] = with_value(written[path[0]], path[1:], value)
    return changed


@dataclass(frozen=True)
class Columns:
    """The results of a chunk.

    Attributes
    ----------
    places : array (axes, points), see :meth:`Sweep.places`.
    outcomes : array (OUTCOMES, points); NaN if it does not apply or the point failed.
    failures : index of a point in the chunk -> why it has no outcome.
    """

    places: Array
    outcomes: Array
    failures: Mapping[int, str]

    def pack(self) -> bytes:
        """Bytes that are the same for the same numbers on any machine."""
        head = {"axes": self.places.shape[0], "points": self.places.shape[1], "failures": self.failures}
        text = json.dumps(head, sort_keys=True).encode()
        numbers = np.vstack([self.places, self.outcomes]).astype("<f8").tobytes()
        return zlib.compress(len(text).to_bytes(4, "little") + text + numbers)

    @classmethod
    def unpack(cls, packed: bytes) -> Columns:
        """The columns that :meth:`pack` packed."""
        whole = zlib.decompress(packed)
        end = 4 + int.from_bytes(whole[:4], "little")
        head = json.loads(whole[4:end])
        numbers = np.frombuffer(whole, "<f8", offset=end).reshape(-1, head["points"])
        failures = {int(index): why for index, why in head["failures"].items()}
        return cls(numbers[: head["axes"]], numbers[head["axes"] :], failures)


def evaluate(forecaster: Forecaster, sweep: Sweep, chunk: int, read: Read) -> Columns:
    """Compute one chunk.

    Parameters
    ----------
    forecaster : on the figures, draws and seed that the sweep is about.
    chunk : its number, from 0.
    read : makes a scenario from its JSON.

    A point whose values make no scenario, or whose ally has no forecast, is a failure of that point alone.
    """
    span = sweep.span(chunk)
    places = sweep.places(span.start, span.stop)
    outcomes = np.full((len(OUTCOMES), len(span.points)), np.nan)
    failures: dict[int, str] = {}
    question = Question.resolve(forecaster.basis, span.country, targets=span.targets, origin=sweep.document["origin"])
    reader = _Reader(forecaster, question)
    for index, place in enumerate(places.tolist()):
        values = [axis.value(at) for axis, at in zip(sweep.axes, place, strict=True)]
        try:
            outcomes[:, index] = reader.outcome(read(sweep.scenario(values)))
        except InvalidPoint as error:
            failures[index] = str(error)
        except UnusableLever as error:
            failures[index] = f"levers/{error.index}: {error.detail}"
        except CannotForecast as error:
            failures[index] = f"{error.field}: {error.detail}"
    return Columns(np.ascontiguousarray(places.T), outcomes, failures)


class _Reader:
    """Computes outcomes from one ally's paths, and reuses the last point's where the shares are the same."""

    def __init__(self, forecaster: Forecaster, question: Question) -> None:
        self.forecaster = forecaster
        self.question = question
        self._last: dict[str, tuple[Floats, list[float]]] = {}

    def outcome(self, scenario: Scenario) -> list[float]:
        """The numbers of :data:`OUTCOMES`."""
        paths = self.forecaster.scenario_paths(replace(self.question, scenario=scenario))
        found: list[float] = []
        for component in COMPONENTS:
            shares = paths.component(component)
            found += [np.nan] * len(WAYS) if shares is None else self._probabilities(component, shares)
        core = paths.shares.get("core")
        return [*found, np.nan if core is None else float(quantiles(core[:, -1:], np.array([0.5]))[0, 0])]

    def _probabilities(self, component: str, shares: Floats) -> list[float]:
        last = self._last.get(component)
        if last is not None and np.array_equal(last[0], shares):
            return last[1]
        # Years in rows, as in the store, so that each step reads contiguous memory.
        reached = met(shares.T, self.question.targets.threshold(component))
        at = reached[-1]
        hits = (at, reached.any(axis=0), held(reached))
        found = [proportion(int(np.count_nonzero(hit)), at.size) for hit in hits]
        self._last[component] = (shares, found)
        return found


def table(sweep: Sweep, chunk: int, columns: Columns) -> dict[str, list[Any]]:
    """The rows of one chunk as named columns, rounded as answers are; None where something does not apply."""
    span = sweep.span(chunk)
    size = len(span.points)
    found: dict[str, list[Any]] = {
        "country": [span.country] * size,
        "deadline": [span.targets.deadline] * size,
        "core_threshold_pct": [span.targets.core] * size,
        "related_threshold_pct": [span.targets.related] * size,
        "point": list(span.points),
    }
    for axis, places in zip(sweep.axes, columns.places, strict=True):
        found[axis.name] = [axis.value(place) for place in places.tolist()]
    for name, numbers in zip(OUTCOMES, columns.outcomes, strict=True):
        rounded = rounded_shares(numbers.tolist()) if name.endswith("_pct") else np.round(numbers, 6).tolist()
        found[name] = [None if number != number else number for number in rounded]
    found["failure"] = [columns.failures.get(index) for index in range(size)]
    return found
