"""An analyst's own figures, and older vintages of NATO's."""

import numpy as np
import pytest

RISING = {str(year): round(1.0 + 0.05 * (year - 2010), 3) for year in range(2010, 2026)}


def ask(client, **body):
    return client.post("/v1/forecasts", json=body)


def test_own_figures_take_the_place_of_the_allys(client):
    doubled = {str(year): 5.0 for year in range(2010, 2027)}
    answer = ask(client, country="DEU", history=doubled).get_json()
    assert answer["country"]["code"] == "DEU"
    assert answer["targets"][0]["rests_on"] == "the history that was sent"
    assert answer["targets"][0]["probability"]["at_deadline"] > 0.65
    assert answer["money"] is None
    assert answer["targets"][2]["probability"] is not None
    assert answer["id"] != ask(client, country="DEU").get_json()["id"]


def test_a_series_may_belong_to_no_ally(client):
    answer = ask(client, history=RISING, targets={"core": 2.5, "deadline": 2035}).get_json()
    assert answer["country"] == {"code": "XXX", "code2": "XX", "name": "Own series"}
    assert answer["origin"] == 2025
    assert 0 < answer["targets"][0]["probability"]["at_deadline"] < 1
    assert answer["targets"][1]["probability"] is None
    assert "belongs to no ally" in answer["targets"][1]["reason"]
    # Without a GDP the required growth is that of the series.
    grown = 1.75 * (1 + answer["targets"][0]["required"]["real_growth_pct"] / 100) ** 10
    assert grown == pytest.approx(2.5, abs=0.01)
    assert (answer["targets"][0]["required"] | {"real_growth_pct": 0}) == {
        "real_growth_pct": 0, "from_year": 2025, "from_share_pct": 1.75,
    }  # fmt: skip
    assert any(note.startswith("No GDP is known") for note in answer["notes"])
    assert answer["links"] == {}
    assert answer["pledge_credibility"] is None


def test_the_same_history_gives_the_same_bytes(client):
    assert ask(client, history=RISING).data == ask(client, history=RISING).data


@pytest.mark.parametrize("length", [8, 9, 12, 25, 100])
@pytest.mark.parametrize("shape", ["constant", "trend", "noise", "huge", "tiny", "jump"])
@pytest.mark.slow
def test_any_series_is_answered(client, length, shape):
    rng = np.random.default_rng(length)
    t = np.arange(length)
    values = {
        "constant": np.full(length, 2.0),
        "trend": np.exp(0.05 * t),
        "noise": np.exp(0.3 * rng.standard_normal(length)),
        "huge": 1e9 * np.exp(np.cumsum(0.1 * rng.standard_normal(length))),
        "tiny": 1e-4 * np.exp(np.cumsum(0.1 * rng.standard_normal(length))),
        "jump": np.where(t < length // 2, 1.0, 3.0),
    }[shape]
    history = {str(2026 - length + 1 + i): float(v) for i, v in enumerate(values)}
    response = ask(client, history=history, scenario="trend")
    assert response.status_code == 200, response.get_json()
    assert b"NaN" not in response.data
    assert b"Infinity" not in response.data


def test_tiny_figures_keep_three_digits(client):
    history = {year: value * 1e-6 for year, value in RISING.items()}
    tiny = ask(client, history=history, targets={"core": 0.01}).get_json()
    usual = ask(client, history=RISING, targets={"core": 100}).get_json()
    for level, values in tiny["paths"]["core"]["quantiles"].items():
        expected = [value * 1e-6 for value in usual["paths"]["core"]["quantiles"][level]]
        assert values == pytest.approx(expected, rel=0.006)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"2015": None}, "/history"),
        ({"2015": 0}, "/history/2015"),
        ({"2015": -1}, "/history/2015"),
        ({"2015": "2"}, "/history/2015"),
        ({"15": 2}, "/history/15"),
        ({"2028": 2}, "/history"),
    ],
)
def test_a_history_that_cannot_be_used_is_refused(client, change, field):
    history = {k: v for k, v in (RISING | change).items() if v is not None}
    problem = ask(client, country="DEU", history=history)
    assert problem.status_code == 422
    assert field in [e["pointer"] for e in problem.get_json()["errors"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"history": dict(list(RISING.items())[:7])}, "/history"),
        ({"history": RISING, "origin": 2020}, "/origin"),
        ({"history": {str(int(year) + 9): value for year, value in RISING.items()}}, "/history"),
        ({"country": "ISL", "history": RISING}, "/history"),
        ({"history": RISING, "targets": {"deadline": 2025}}, "/targets/deadline"),
    ],
)
def test_other_contradictions_are_refused_at_their_field(client, body, field):
    problem = ask(client, **body)
    assert problem.status_code == 422
    assert field in [e["pointer"] for e in problem.get_json()["errors"]]


def test_an_older_vintage_answers_from_its_own_last_year(client):
    new = client.get("/v1/countries/DEU/forecast").get_json()
    old = client.get("/v1/countries/DEU/forecast?vintage=nato-2025").get_json()
    assert (new["vintage"], new["origin"]) == ("nato-2026", 2026)
    assert (old["vintage"], old["origin"]) == ("nato-2025", 2024)
    assert old["targets"] != new["targets"]
    assert ask(client, country="DEU", vintage="nato-2025").get_json()["id"] == old["id"]


def test_a_vintage_without_the_ally_says_so(client):
    problem = client.get("/v1/countries/FIN/forecast?vintage=nato-2019")
    assert problem.status_code == 422
    assert "Finland has 0 figures" in problem.get_json()["errors"][0]["detail"]


def test_the_money_is_the_share_of_gdp(client):
    """At the origin Germany's amount over its share is its GDP; the median path's money grows from there."""
    answer = client.get("/v1/countries/DEU/forecast?quantiles=0.5").get_json()
    share, usd = answer["paths"]["core"]["quantiles"]["0.5"][0], answer["money"]["usd"]["quantiles"]["0.5"][0]
    assert 3.8e6 < usd / share * 100 < 5.0e6  # million USD of 2021
    national = answer["money"]["national"]["quantiles"]["0.5"][0]
    assert answer["money"]["national"]["currency"] == "EUR"
    assert answer["money"]["usd"]["currency"] == "USD"
    assert 4300 < national / share * 100 < 5300  # billion EUR of 2027
    assert client.get("/v1/countries/LUX/forecast").get_json()["money"]["national"] is None


def test_bulgarias_money_is_in_the_leva_that_its_gdp_is_counted_in(client):
    money = client.get("/v1/countries/BGR/forecast?quantiles=0.5").get_json()["money"]["national"]
    assert (money["currency"], money["unit"]) == ("BGN", "billion, at current prices")


def test_learned_credibility_is_accepted_and_said(client):
    lever = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": "learned"}
    answer = ask(client, country="ITA", scenario={"levers": [lever]}).get_json()
    assert 0 < answer["pledge_credibility"] < 1
    assert answer["scenario"]["levers"][0]["credibility"] == "learned"
