"""Each shipped scenario does what its sentence says, for every ally (:mod:`models.scenarios.directions`)."""

from dataclasses import dataclass, replace

import pytest

from models import Forecaster, load_figures
from models.analysis.alliance import alliance_forecast
from models.dataset.countries import allies
from models.dataset.groups import GROUPS
from models.scenarios.builtin import named_scenarios
from models.scenarios.directions import DIRECTIONS
from models.scenarios.levers import GdpGrowth
from models.scenarios.library import library
from models.simulation.path_store import PathStore

pytestmark = pytest.mark.slow

SAME, SMALL = 1e-9, 0.01
TODAY = {code: seen[-1].share_pct for code, seen in load_figures().observations.items() if seen}


@dataclass(frozen=True)
class Result:
    """One ally's probabilities at the deadline by component, and median core shares by year."""

    p: dict[str, float | None]
    median: dict[int, float]

    @property
    def core(self):
        return self.p["core"]


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits))


@pytest.fixture(scope="module")
def ask(forecaster):
    known = {}

    def one(code, scenario):
        if (code, scenario) not in known:
            known[code, scenario] = result(forecaster.forecast(code, scenario))
        return known[code, scenario]

    return one


def result(answer):
    p = {t.component: t.outcome and t.outcome.probability.at_deadline for t in answer.targets}
    core = answer.components.get("core")
    return Result(p, dict(zip(answer.years, core.median.tolist(), strict=True)) if core else {})


def falls(before, after):
    assert after.core < before.core


def rises(before, after):
    assert after.core > before.core


def stays(before, after):
    assert after.p == pytest.approx(before.p, abs=SAME)


def never_falls(before, after):
    assert after.core >= before.core - SAME


def nearly_nothing(_before, after):
    assert after.core < SMALL


def half_if_below(before, after):
    never_falls(before, after)
    if before.median[2035] < 3.5:
        assert after.core == pytest.approx(0.5, abs=0.03)


def plans(ally, before, after):
    ends = list(ally.own_plans.items())
    if ends and ends[-1][0] > 2026 and ends[-1][1] < 3.5:
        assert after.median[2035] == pytest.approx(ends[-1][1], abs=0.01)
        (falls if before.median[2035] > ends[-1][1] else rises)(before, after)
    else:
        never_falls(before, after)


def trend(_ally, before, after):
    change = after.median[2035] - before.median[2035]
    assert (after.core - before.core) * change >= 0 or abs(after.core - before.core) < SMALL


def stall(ally, before, after):
    (rises if TODAY[ally.code] > 3.5 else falls)(before, after)
    assert after.p["related"] < before.p["related"]


def border_war(ally, before, after):
    if ally.region != "Europe":
        assert after.median == pytest.approx(before.median, abs=0.01)
        return
    rises(before, after)
    gain = {year: after.median[year] - before.median[year] for year in (2028, 2030)}
    assert (gain[2028] > gain[2030]) is ally.borders_russia_or_belarus


def accounting(ally, before, after):
    (rises if ally.code in ("GBR", "ITA") else lambda b, a: never_falls(b, a) or never_falls(a, b))(before, after)
    assert after.p["related"] > before.p["related"]
    assert after.p["total"] > before.p["total"]


def only(codes, rule):
    return lambda ally, before, after: (rule if ally.code in codes else stays)(before, after)


def every(rule):
    return lambda _ally, before, after: rule(before, after)


EURO = {code for code, ally in allies().items() if GROUPS["euro-area"](ally)}
PLANNING = {code for code, ally in allies().items() if any(year > 2026 for year in ally.own_plans)}

RULES = {
    "baseline": every(stays),
    "trend": trend,
    "pledge": every(half_if_below),
    "national-plan": plans,
    "exemption": every(nearly_nothing),
    "stall": stall,
    "gdp-shock": every(rises),
    "hague-path": every(half_if_below),
    "national-plans": lambda ally, b, a: plans(ally, b, a) if ally.code in PLANNING else stays(b, a),
    "spain-exemption": only({"ESP"}, nearly_nothing),
    "reluctance": only({"BEL", "SVK"}, falls),
    "peace-dividend": every(falls),
    "us-withdrawal": lambda ally, b, a: falls(b, a) if ally.code == "USA" else never_falls(b, a),
    "border-war": border_war,
    "recession-fixed-money": lambda _ally, b, a: below(b, a),
    "euro-debt-crisis": only(EURO, falls),
    "creative-accounting": accounting,
}


def below(before, after):
    assert after.median[2035] < before.median[2035]


def test_every_shipped_scenario_has_a_sentence_and_a_rule():
    assert set(DIRECTIONS) == set(RULES) == set(named_scenarios())


@pytest.mark.parametrize("name", RULES)
def test_a_shipped_scenario_does_what_its_sentence_says_for_every_ally(name, ask):
    for code, ally in allies().items():
        if ally.has_armed_forces:
            RULES[name](ally, ask(code, "baseline"), ask(code, name))


def test_more_allies_are_at_the_target_if_europe_compensates(forecaster):
    counts = {
        name: alliance_forecast(forecaster, name).targets[0].at_deadline.mean for name in ("baseline", "us-withdrawal")
    }
    assert counts["us-withdrawal"] > counts["baseline"] + 1


def test_a_recession_helps_while_money_is_fixed_and_not_for_good(forecaster):
    """Against the same fixed money without lost output, and against the baseline."""
    shipped = library()["recession-fixed-money"]
    calm = replace(shipped, levers=tuple(x for x in shipped.levers if not isinstance(x, GdpGrowth)))
    for code in ("DEU", "ESP", "POL", "USA"):
        base, with_it, without = (result(forecaster.forecast(code, x)) for x in ("baseline", shipped, calm))
        for year in (2028, 2029):
            assert with_it.median[year] > without.median[year]
        assert with_it.median[2035] < base.median[2035]


def test_the_shipped_freeze_of_slovakia_does_not_snap_back(ask):
    share, before = ask("SVK", "reluctance").median, ask("SVK", "baseline").median
    for year in range(2027, 2035):
        assert share[year + 1] / share[year] == pytest.approx(before[year + 1] / before[year], rel=0.01)
