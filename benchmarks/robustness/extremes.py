"""Requests at the bounds of the contract, for every operation and every page, drawn by hypothesis.

Bounds, lengths, enumerations and shapes are read from the contract, so that a new route or lever is drawn as soon as it
is in there. Beside them are the values of what a schema cannot say: allies, vintages, histories without gaps, levers
that can hold together. ``tests/forecast_service/test_extremes.py`` sends these requests to the application,
:mod:`benchmarks.robustness.fuzz` to the service.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from marshmallow import ValidationError

from forecast_service.dashboard import lever_form
from forecast_service.dashboard.pages.alliance import SORTS
from forecast_service.schemas.levers import ScenarioSchema
from models.dataset.countries import COMPONENTS, allies
from models.dataset.groups import GROUPS
from models.dataset.tables import BUNDLED, VINTAGES
from models.scenarios.builtin import named_scenarios
from models.scenarios.conflicts import find

Json = Any
Values = st.SearchStrategy[Json]

ALLIES = ("ISL", "DEU", "USA", "EST", "LUX", "FIN", "MKD", "tr", "türkiye", "United Kingdom")
"""Of every kind: without armed forces, with GNI for GDP, recent members, the largest, names in any case."""
SCENARIOS = tuple(named_scenarios())
DEADLINES, ORIGINS = (2027, 2035, 2060, 2060), (1999, 2013, 2018, 2026)
EARLY = 1999
SELDOM = st.integers(0, 15).map(lambda n: n == 9)  # hypothesis prefers the ends
TEXTS = (
    "x", "\U0001f642", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "سيناريو", "תרחיש", "e\u0301\u0323", "日本",
    "\U00020000", "<b>&\"'</b>", "{{7*7}}", "%s %d", "a,b;c\t\u00a0d", "=1+1", "null",
)  # fmt: skip
"""Emoji, letters from right to left, combining marks, characters of four bytes, and what other languages would run."""


@dataclass(frozen=True)
class Request:
    """A request; ``body`` is sent as JSON, ``content`` as it is."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    content: bytes | None = None


@dataclass
class Known:
    """What the service that is asked has: ids of scenarios and sweeps, and cursors of its lists."""

    scenarios: tuple[str, ...] = ()
    sweeps: tuple[str, ...] = ()
    cursors: tuple[str, ...] = ()


def text(least: int, most: int) -> Values:
    """Texts of the least and of the most characters, and short ones."""
    lengths = st.sampled_from([least, min(most, 7), most])
    return st.builds(lambda part, n: (part * (n + 1))[:n], st.sampled_from(TEXTS), lengths)


def _ramp(first: float, last: float, years: int) -> list[float]:
    return [first * (last / first) ** (i / (years - 1)) for i in range(years)]


SHAPES: tuple[Callable[[float, float, int], list[float]], ...] = (
    lambda low, _high, n: [low] * n,
    lambda _low, high, n: [high] * n,
    lambda low, high, n: [low if i % 2 else high for i in range(n)],
    _ramp,
    lambda low, high, n: _ramp(high, low, n),
    lambda low, high, n: [low] * (n - 1) + [high],
    lambda low, high, n: [high] * (n - 1) + [low],
    lambda low, high, n: [high if i == n // 2 else low for i in range(n)],
    lambda low, _high, n: [low * (1 + i * 1e-12) for i in range(n)],
)


@st.composite
def histories(draw: st.DrawFn) -> Json:
    """An analyst's own figures: short and long, tiny and huge, constant, alternating, with one jump."""
    years = draw(st.sampled_from([8, 9, 30, 150]))
    last = draw(st.sampled_from([2026, 2026, 2025, 1999, 2059]))
    low, high = sorted(draw(st.lists(st.sampled_from([1e-6, 0.01, 1.0, 2.0, 100.0, 1e12]), min_size=2, max_size=2)))
    values = draw(st.sampled_from(SHAPES))(low, high, years)
    first = last - years + 1
    return {str(first + i): min(max(x, 1e-6), 1e12) for i, x in enumerate(values) if first + i >= 1900}


@st.composite
def years_to(draw: st.DrawFn, values: Values, years: tuple[int, ...]) -> Json:
    """Points: a value for some of the years, or for all."""
    chosen = draw(st.one_of(st.just(years), st.lists(st.sampled_from(years), min_size=1, max_size=3, unique=True)))
    low, high = draw(values), draw(values)
    return {str(year): high if i % 2 else low for i, year in enumerate(sorted(chosen))}


FIGHTS: tuple[list[Json], ...] = (
    [
        {"type": "spending_growth", "rate_pct": -50, "to": 2045},
        {"type": "spending_growth", "rate_pct": 50, "from": 2046},
    ],
    [
        {"type": "gdp_growth", "change_pp": -50, "to": 2045},
        {"type": "gdp_growth", "change_pp": 50, "from": 2046},
        {"type": "shock", "spread_factor": 5, "tails": 2},
    ],
    [{"type": "freeze", "what": "nominal"}, {"type": "step", "share_pct": 100, "from": 2027}],
    [{"type": "cap", "share_pct": 0.01}, {"type": "step", "share_pct": 100, "from": 2028}],
    [{"type": "floor", "share_pct": 100}, {"type": "shock", "spread_factor": 5, "tails": 2}],
    [{"type": "cap", "share_pct": 0.01, "component": name} for name in ("core", "related")],
    [{"type": "floor", "share_pct": 100, "component": name} for name in ("core", "related")],
    [{"type": "shock", "spread_factor": 5, "tails": 2, "component": name} for name in ("core", "related")] * 25,
    [{"type": "delay", "years": 30}, {"type": "exit", "year": 2027, "probability": 0, "over_years": 1}],
    [{"type": "exit", "year": 2027 + i, "reversion": 1, "probability": 1, "toward": "origin"} for i in range(30)],
    [{"type": "pledge", "share_pct": 100, "year": 2027, "credibility": credibility} for credibility in (0, 1)],
    [{"type": "reclassify", "share_pct": 100}, {"type": "shock", "spread_factor": 0.1}],
    [{"type": "reclassify", "component": "related", "from_component": "core", "share_pct": 100}],
    [{"type": "history_override", "points": {"2026": 100, "2025": 0.01}}],
    [{"type": "history_override", "points": {str(year): 100 if year % 2 else 0.01 for year in range(1961, 2061)}}],
    [{"type": "share_path", "points": {"2027": 100, "2028": 0.01, "2060": 100}}],
)
"""Levers that pull in opposite directions, as hard as they may."""


def together(levers: list[Json], most: int) -> list[Json]:
    """The first ``most`` of ``levers`` that can hold together; those that are refused by themselves stay."""
    kept: list[Json] = []
    for lever in levers[:most]:
        try:
            parsed = ScenarioSchema().load({"levers": [*kept, lever]})
        except ValidationError:
            continue
        if find(parsed.levers, ()) is None:
            kept.append(lever)
    return kept


class Extremes:
    """Strategies of requests to the service whose contract is ``document``."""

    def __init__(self, document: Mapping[str, Any], known: Known | None = None) -> None:
        self.document = document
        self.known = known or Known()
        schemas = document["components"]["schemas"]
        self.lever = self.values(schemas["Scenario"]["properties"]["levers"]["items"], "lever")

    @property
    def operations(self) -> dict[str, tuple[str, str]]:
        """Path and method by the id of the operation."""
        methods = ("get", "post", "put", "delete", "patch")
        return {
            item[method]["operationId"]: (path, method)
            for path, item in self.document["paths"].items()
            for method in methods
            if method in item
        }

    def request(self, operation_id: str) -> st.SearchStrategy[Request]:
        """Requests of one operation."""
        path, method = self.operations[operation_id]
        item = self.document["paths"][path]
        operation = item[method]
        parameters = [self._found(one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        content = self._found(operation.get("requestBody", {})).get("content", {})
        return _requests(self, method.upper(), path, parameters, content)

    def _found(self, schema: Json) -> Json:
        """``schema``, or that which it refers to."""
        while isinstance(schema, dict) and "$ref" in schema:
            at = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            schema = at
        return schema

    def values(self, schema: Json, name: str) -> Values:
        """Values at the bounds of ``schema``, that of the property or parameter ``name``."""
        schema = self._found(schema)
        special = self._special(name, schema)
        if special is not None:
            return special
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return st.one_of([self.values(one, "") for one in schema[choice]])
        kinds = schema.get("type", "")
        kind = next((one for one in kinds if one != "null"), "null") if isinstance(kinds, list) else kinds
        if kind == "null":
            return st.none()
        if kind in {"number", "integer"}:
            return _numbers(schema, whole=kind == "integer")
        if kind == "boolean":
            return st.booleans()
        if kind == "array":
            least, most = schema.get("minItems", 0), schema.get("maxItems", 50)
            sizes = st.sampled_from(sorted({least, max(least, 1), max(least, 2), most}))
            each = self.values(schema["items"], "")
            return sizes.flatmap(lambda size: st.lists(each, min_size=size, max_size=size))
        if kind == "object" or "properties" in schema:
            return self._objects(schema)
        if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True)
        return text(schema.get("minLength", 1), schema.get("maxLength", 300))

    def _objects(self, schema: Json) -> Values:
        properties = {name: self.values(one, name) for name, one in schema.get("properties", {}).items()}
        always = set(schema.get("required", ()))
        optional = sorted(properties.keys() - always)
        few = st.lists(st.sampled_from(optional), max_size=3, unique=True) if optional else st.just([])
        names = st.one_of(few, few, st.just(optional))
        instead = schema.get("if", {}).get("not", {}).get("required", [])
        then = schema.get("then", {}).get("required", [])
        never = schema.get("not", {}).get("required", [])

        def chosen(some: list[str]) -> Values:
            keys = always | set(some)
            if instead and not keys.issuperset(instead):
                keys |= set(then)
            if never and keys.issuperset(never):
                keys -= set(never[1:])
            return st.fixed_dictionaries({key: properties[key] for key in sorted(keys)}).map(_in_order)

        return names.flatmap(chosen)

    def _special(self, name: str, schema: Json) -> Values | None:
        """Values of a property that the schema alone does not describe; None of any other."""
        if name == "countries" and schema.get("type") == "array":  # of a lever or a scenario
            most = schema["maxItems"]
            sizes = st.sampled_from(sorted({schema.get("minItems", 0), 1, 2, most}))
            one = st.sampled_from([*ALLIES, *GROUPS])
            return sizes.flatmap(lambda size: st.lists(one, min_size=size, max_size=size))
        if name in {"country", "code", "countries"}:
            return self._allies(schema)
        if name == "points":
            allowed = re.compile(schema["propertyNames"]["pattern"])
            years = tuple(year for year in range(1900, 2061) if allowed.match(str(year)))[-schema["maxProperties"] :]
            return years_to(self.values(schema["additionalProperties"], ""), years)
        scenarios = st.one_of(st.sampled_from(SCENARIOS), st.sampled_from([*self.known.scenarios, SCENARIOS[0]]))
        found: dict[str, Callable[[], Values]] = {
            "levers": lambda: self.levers(schema["maxItems"]),
            "history": histories,
            "deadline": lambda: st.sampled_from(DEADLINES),
            "origin": lambda: st.sampled_from(ORIGINS),
            "vintage": lambda: st.sampled_from(VINTAGES),
            "base": lambda: st.sampled_from(VINTAGES),
            "based_on": lambda: scenarios,
            "ids": lambda: st.lists(scenarios, min_size=2, max_size=10),
            "overlay": lambda: st.lists(scenarios, min_size=1, max_size=3),
            "components": lambda: st.sampled_from([["core", "related"], ["related", "core"]]),
            "cursor": lambda: st.one_of(st.sampled_from([*self.known.cursors, "x"]), text(1, 1000)),
            "items": self._batch,
            "Idempotency-Key": lambda: st.builds(
                lambda n, m: f"{n}~" * m, st.integers(0, 10**9), st.sampled_from([1, 20])
            ),
            "If-Match": lambda: st.sampled_from(
                ["*", "*", *(f'"{i}-1"' for i in self.known.scenarios), '"' + "x" * 999 + '"']
            ),
        }
        if name == "scenario" and "oneOf" in schema:  # in a body it may be written out
            return st.one_of(scenarios, *[self.values(one, "") for one in schema["oneOf"] if "$ref" in one] * 4)
        if name == "scenario" and schema.get("type") == "object":
            levers = schema["properties"]["levers"].get("maxItems", 50)
            return st.fixed_dictionaries({"levers": self.levers(min(levers, 8)).flatmap(axes)})
        if name == "scenario":
            return scenarios
        return found[name]() if name in found else None

    def path(self, path: str, name: str, schema: Json) -> Values:
        """Values of the parameter ``name`` in ``path``."""
        if name == "id":
            known = self.known.sweeps if path.startswith("/v1/sweeps") else (*self.known.scenarios, *SCENARIOS[-2:])
            return st.sampled_from([*known, *known, *known, "x" * 200])
        if name == "number":
            return st.sampled_from([1, 1, 1, 2, 2**31 - 1])
        if name in {"name", "a", "b"}:
            return st.sampled_from([*VINTAGES, *VINTAGES, "x" * 50])
        return self.values(schema, name)

    @staticmethod
    def _allies(schema: Json) -> Values:
        one = st.sampled_from(ALLIES)
        if "oneOf" not in schema:
            return one
        every = list(allies())
        return st.one_of(st.just("all"), st.lists(one, min_size=1, max_size=3), st.just(every))

    def levers(self, most: int) -> Values:
        """Lists of levers, most of which can hold together."""
        sizes = st.sampled_from([0, 1, 1, 2, 3, 8, most])
        some = sizes.flatmap(lambda size: st.lists(self.lever, min_size=size, max_size=size))
        fitting = st.one_of(some, some, st.sampled_from(FIGHTS)).map(lambda levers: together(levers, most))
        return st.tuples(SELDOM, fitting, some).map(lambda drawn: drawn[2] if drawn[0] else drawn[1])

    def _batch(self) -> Values:
        schema = self.document["components"]["schemas"]["ForecastRequest"]
        one = st.deferred(lambda: self.values(schema, "").map(possible))
        any_items = st.lists(one, min_size=1, max_size=3)
        plain = st.fixed_dictionaries({"country": st.sampled_from(ALLIES), "scenario": st.sampled_from(SCENARIOS)})
        return st.one_of(any_items, any_items, st.lists(plain, min_size=100, max_size=100))


@st.composite
def _requests(
    draw: st.DrawFn, extremes: Extremes, method: str, path: str, parameters: list[Json], content: Json
) -> Request:
    whole = path.startswith("/v1/alliance")
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    for one in parameters:
        name, written_as_json = one["name"], "content" in one
        schema = one["content"]["application/json"]["schema"] if written_as_json else one["schema"]
        if one["in"] != "path" and not one.get("required") and draw(st.integers(0, 5)) != 2:
            continue
        if whole and name in {"origin", "vintage"}:  # each asks for the fits of all allies
            value = draw(st.sampled_from([EARLY] if name == "origin" else [VINTAGES[0], VINTAGES[-1]]))
        elif one["in"] == "path":
            value = draw(extremes.path(path, name, schema))
        else:
            value = draw(extremes.values(schema, name))
        if written_as_json:
            value = json.dumps(possible(value))
        written = ",".join(map(_written, value)) if isinstance(value, list) else _written(value)
        if one["in"] == "path":
            path = path.replace("{" + name + "}", quote(written, safe=""))
        elif one["in"] == "header":
            headers[name] = written
        else:
            query += [(name, written)] * (2 if draw(SELDOM) else 1)
    if query and draw(SELDOM):
        query[-1] = (query[-1][0], "")
    body = raw = None
    if "application/json" in content:
        body = possible(draw(extremes.values(content["application/json"]["schema"], "")))
    elif content:
        raw, headers["Content-Type"] = draw(files()), "text/csv"
    return Request(method, path, tuple(query), headers, body, raw)


def _in_order(values: Json) -> Json:
    """``values`` with 'from' not after 'to'."""
    if isinstance(values.get("from"), int) and isinstance(values.get("to"), int):
        values["from"], values["to"] = sorted((values["from"], values["to"]))
    return values


@st.composite
def axes(draw: st.DrawFn, levers: list[Json]) -> list[Json]:
    """``levers`` with an axis in the place of a number of some, at most three of them."""
    found = [dict(lever) for lever in levers]
    numbers = [(lever, name) for lever in found for name, value in lever.items() if isinstance(value, float)]
    for lever, name in draw(st.lists(st.sampled_from(numbers), max_size=3)) if numbers else ():
        value = lever[name]
        if isinstance(value, float):
            ends = st.sampled_from([{"grid": [value]}, {"grid": [value, value * 0.99]}, {"grid": [value] * 1000}])
            lever[name] = draw(st.one_of(ends, st.just({"from": value * 0.99, "to": value, "steps": 2})))
    return found


def possible(question: Json) -> Json:
    """``question``, changed where its fields contradict each other: the property is about what is answered."""
    scenario, history = question.get("scenario"), question.get("history")
    targets = question.get("targets")
    if history:
        question.pop("origin", None)
        if max(map(int, history)) >= (targets or {}).get("deadline", DEADLINES[1]):
            question["targets"] = (targets or {}) | {"deadline": DEADLINES[-1]}
    if question.get("origin") and question.get("vintage"):
        question["origin"] = min(question["origin"], ORIGINS[-2])
    if isinstance(scenario, dict) and any(lever["type"] == "counting_rule" for lever in scenario["levers"]):
        question.pop("rule", None)
    return question


def _written(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _numbers(schema: Json, *, whole: bool) -> Values:
    low, high = schema.get("minimum", -1000), schema.get("maximum", 1000)
    if whole:
        return st.one_of(st.sampled_from([low, high]), st.integers(int(low), int(high)))
    between = st.floats(low, high, allow_nan=False)
    return st.one_of(st.sampled_from([float(low), float(high)]), between)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A plain table of core shares, some as far from the bundled ones as an import takes, or one step further."""
    factor = draw(st.sampled_from([0.34, 1.0, 2.99, 100.0]))
    chosen = draw(st.sampled_from(["DEU", "EST", "all"]))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["iso3", "year", "share_pct", "estimate"])
    for i, row in enumerate(BUNDLED.read("core_share")):
        share = float(row["share_pct"])
        if chosen in {row["iso3"], "all"} and i % 2:
            share = min(share * factor, 14.99)
        writer.writerow([row["iso3"], row["year"], f"{share:.4g}", row["estimate"]])
    return out.getvalue().encode()


# Pages. Their fields are no part of the contract; a page answers 422 where the API would.

_LEVERS = {
    control.name: tuple(str(x) for x in (control.low, control.high, -50, 0, 0.01, 100, "x"))
    for control in lever_form.CONTROLS
}
PAGES = {
    "/": False, "/countries": False, "/compare": False, "/track-record": False, "/method": False, "/sources": False,
    "/countries/{code}": True, "/countries/{code}/live": True, "/countries/{code}/sensitivity": True,
    "/over-time": False, "/track-record/{code}": False, "/scenarios": False, "/embed": False, "/embed/{code}": True,
} | {f"/countries/{{code}}/own.{form}": True for form in ("svg", "png", "csv", "json", "vl.json")} | {
    f"/countries/{{code}}/own-card.{form}": True for form in ("svg", "png")
}  # fmt: skip
"""The pages, and whether they read the reader's own levers."""
FIELDS: dict[str, tuple[str, ...]] = {
    "scenario": SCENARIOS,
    "deadline": tuple(map(str, DEADLINES)),
    "core": ("0.01", "100", "3.5"),
    "related": ("0.01", "100", "1.5"),
    "rule": ("strict", "claimed", "broad"),
    "origin": (str(EARLY), "2026"),
    "vintage": (VINTAGES[0], VINTAGES[-1]),
    "component": (*COMPONENTS, "x"),
    "q": ("x", "Half", "%"),
    "mine": ("x", "WyJhIl0"),
    "others": ("x", "WyJhIl0"),
    "wanted": ("0.01", "0.99", "0", "1", "x"),
    "ghost": ("0", "1", "baseline"),
    "theme": ("light", "dark", "x"),
    "sort": SORTS,
    "allies": (*ALLIES, ",".join(ALLIES), "x,,DEU"),
    "a": ALLIES,
    "b": ALLIES,
    "country": (*ALLIES, "x" * 60, *TEXTS),
    "pledge_year": ("2027", "2060", "x"),
    "belief": ("0", "1", "learned"),
    "freeze": (*lever_form.FREEZES, "x"),
    "from": ("1999", "2027", "2060"),
    "to": ("1999", "2027", "2060"),
    "overlay": (",".join(SCENARIOS[:3]), "trend", ",,"),
    "width": ("280", "1600"),
    "ahead": ("1", "10", "x"),
} | _LEVERS
"""The fields of the pages, with the values that are drawn."""


@st.composite
def page(draw: st.DrawFn, path: str) -> Request:
    """The request of a page of :data:`PAGES` with any of its fields."""
    known = [name for name in FIELDS if PAGES[path] or name not in lever_form.FIELDS]
    few = st.lists(st.sampled_from(known), max_size=5, unique=True)
    names = draw(st.one_of(few, few, few, st.just(known)))
    query = [(name, draw(st.sampled_from([*FIELDS[name], FIELDS[name][0]]))) for name in names]
    if query and not draw(st.integers(0, 5)):
        query += [query[0], (query[0][0], "")]
    return Request("GET", path.replace("{code}", quote(draw(st.sampled_from(ALLIES)))), tuple(query))
