"""Two spellings of one question have one id; two questions have two."""

from __future__ import annotations

import json
import math
import random
import unicodedata
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_service.http.parsing import load_json
from forecast_service.schemas.forecast_request import ForecastRequestSchema
from models import load_figures
from models.dataset.countries import allies
from models.dataset.groups import GROUPS, canonical
from models.forecast import Question
from models.forecast.question import LEVELS, Basis
from models.scenarios.levers import GdpGrowth
from models.scenarios.scenario import Scenario
from models.scenarios.targets import Targets

DEFAULTS: dict[str, Any] = {
    "component": "core", "countries": [], "credibility": 1, "tails": 1, "what": "share", "reversion": 1,
    "over_years": 4, "toward": "trend", "probability": 1, "from_component": "other", "years": 1, "after": "continue",
    "deadline": 2035, "core": 3.5, "related": 1.5,
    "name": "custom", "description": "", "components": [], "pledge_effect": True,
    "scenario": "baseline", "targets": {"deadline": 2035, "core": 3.5, "related": 1.5}, "quantiles": list(LEVELS),
    "origin": 2026, "vintage": "nato-2026",
}  # fmt: skip
"""What a field that is left out stands for."""
NEEDED = {("delay", "years")}
SETS = {"countries": [*GROUPS, *allies()], "components": ["core", "related"]}
"""Lists whose order and repetitions mean nothing, with their possible members."""

SHARE = st.integers(1, 10_000).map(lambda n: n / 100)
FRACTION = st.integers(0, 100).map(lambda n: n / 100)
YEAR = st.integers(2027, 2040)
GROUPED = st.sets(st.sampled_from(["european", "euro-area", "DEU", "FRA", "SWE"])).map(sorted)
ON = {"component": st.sampled_from(["core", "related"]), "countries": GROUPED}
LEVERS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "cap": ON | {"share_pct": SHARE, "from": YEAR},
    "floor": ON | {"share_pct": SHARE, "to": YEAR, "after": st.sampled_from(["continue", "resume"])},
    "pledge": ON | {"share_pct": SHARE, "year": YEAR, "credibility": FRACTION | st.just("learned")},
    "gdp_growth": {"change_pp": st.integers(-20, 20).map(lambda n: n / 4), "countries": GROUPED},
    "shock": ON | {"spread_factor": st.sampled_from([0.5, 1, 1.5]), "tails": st.sampled_from([1, 1.25])},
    "freeze": ON | {"what": st.sampled_from(["share", "nominal", "real"])},
    "reclassify": ON | {"share_pct": SHARE, "years": st.integers(1, 3)},
    "exit": ON | {"year": YEAR, "reversion": FRACTION, "over_years": st.integers(1, 5), "probability": FRACTION},
    "delay": ON | {"years": st.integers(0, 3)},
    "share_path": ON | {"points": st.dictionaries(YEAR.map(str), SHARE, min_size=1, max_size=3)},
}
LEVER = st.sampled_from(list(LEVERS)).flatmap(lambda t: st.fixed_dictionaries({"type": st.just(t)} | LEVERS[t]))
SCENARIO = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["custom", "Élan"]),
        "description": st.sampled_from(["", "one\ntwo"]),
        "levers": st.lists(LEVER, max_size=1),
        "pledge_effect": st.booleans(),
        "countries": GROUPED,
    }
)
QUESTION = st.fixed_dictionaries(
    {
        "country": st.sampled_from(["DEU", "GRC"]),
        "scenario": st.sampled_from(["baseline", "trend"]) | SCENARIO,
        "targets": st.fixed_dictionaries({"deadline": YEAR, "core": SHARE | st.just(3.5), "related": SHARE}),
        "quantiles": st.sets(st.integers(1, 999).map(lambda n: n / 1000), min_size=1, max_size=4).map(sorted)
        | st.just(list(LEVELS)),
        "origin": st.sampled_from([2026, 2020]),
    }
)


class Speller:
    """Writes a question as JSON, in one of very many ways."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def write(self, name: str, value: Any) -> str:
        if isinstance(value, dict):
            return self.object(value)
        if name in SETS or name == "quantiles":
            return self.set(name, value)
        if isinstance(value, list):
            return f"[{', '.join(self.write('', item) for item in value)}]"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return json.dumps(self.text(name, value), ensure_ascii=self.chance.random() < 0.5)
        return self.number(value)

    def object(self, value: dict[str, Any]) -> str:
        kind = value.get("type")
        members = [
            (name, inner)
            for name, inner in value.items()
            if (kind, name) in NEEDED or inner != DEFAULTS.get(name) or self.chance.random() < 0.5
        ]
        self.chance.shuffle(members)
        return "{" + ", ".join(f"{json.dumps(name)}: {self.write(name, inner)}" for name, inner in members) + "}"

    def set(self, name: str, value: list[Any]) -> str:
        members = value or ["all", *self.chance.sample(SETS[name], 2)]
        members = [*members, self.chance.choice(members)]
        self.chance.shuffle(members)
        return f"[{', '.join(self.write('', member) for member in members)}]"

    def text(self, name: str, value: Any) -> Any:
        if name == "country":
            return self.chance.choice([value, value.lower(), *{"DEU": ["DE", "Germany"], "GRC": ["gr"]}[value]])
        if name in {"name", "description"}:
            form = unicodedata.normalize(self.chance.choice(["NFC", "NFD"]), value)
            return self.chance.choice(["", " ", "\n\u3000"]) + form.replace("\n", self.chance.choice(["\n", "\r\n"]))
        return value

    def number(self, value: float) -> str:
        spelled = [repr(value), f"{value:.4f}", f"{value:.13e}", repr(float(value))]
        if value == 0:
            spelled += ["-0.0", "-0", "0e5"]
        elif isinstance(value, float):
            spelled += [repr(math.nextafter(value, 0)), repr(math.nextafter(value, 1e9)), repr(value * 3 / 3)]
        return self.chance.choice(spelled)


@cache
def basis() -> Basis:
    return Basis(load_figures())


def identify(text: str) -> str:
    asked = ForecastRequestSchema().load(load_json(text.encode()))
    asked.pop("vintage", None)
    return Question.resolve(basis(), **asked).id


def plain_of(question: dict[str, Any]) -> str:
    return json.dumps(question | {"scenario": _without_empty_lists(question["scenario"])})


def _without_empty_lists(scenario: Any) -> Any:
    if not isinstance(scenario, dict):
        return scenario
    levers = [{name: x for name, x in lever.items() if x != []} for lever in scenario["levers"]]
    return {name: x for name, x in scenario.items() if x != []} | {"levers": levers}


@settings(max_examples=300)
@given(question=QUESTION, chance=st.randoms())
def test_every_spelling_of_a_question_has_its_id(question: dict[str, Any], chance: random.Random) -> None:
    text = Speller(chance).write("", question)
    assert identify(text) == identify(plain_of(question)), text


@settings(max_examples=200)
@given(one=QUESTION, other=QUESTION, mixed=st.sets(st.sampled_from(["country", "scenario", "targets", "quantiles"])))
def test_different_questions_have_different_ids(one: dict[str, Any], other: dict[str, Any], mixed: set[str]) -> None:
    other = one | {name: other[name] for name in mixed}
    assert (identify(plain_of(one)) == identify(plain_of(other))) == (one == other)


def test_the_statistics_know_no_minus_zero_either() -> None:
    ids = [
        Question.resolve(basis(), "DEU", Scenario("x", levers=(GdpGrowth(change_pp=change),)), Targets()).id
        for change in (0.0, -0.0, 1.0)
    ]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("countries", "one"),
    [
        ((), ()),
        (("all",), ()),
        (("DEU", "all"), ()),
        (("SWE", "DEU", "SWE"), ("DEU", "SWE")),
        (("DEU", "european"), ("european", "DEU")),
    ],
)
def test_countries_have_one_order(countries: tuple[str, ...], one: tuple[str, ...]) -> None:
    assert canonical(countries) == one
