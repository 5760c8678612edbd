"""``POST /v1/sensitivity``."""


def test_the_widest_bar_comes_first_and_the_levers_have_bars(client):
    answer = client.post("/v1/sensitivity", json={"country": "DEU", "scenario": "pledge"}).get_json()
    assert answer["country"]["code"] == "DEU"
    assert answer["component"] == "core"
    swings = [bar["swing"] for bar in answer["bars"]]
    assert swings == sorted(swings, reverse=True)
    assert any(bar["assumption"] == "Pledge on related spending: its share of GDP" for bar in answer["bars"])


def test_what_does_not_apply_is_named(client):
    problem = client.post("/v1/sensitivity", json={"country": "ISL"})
    assert problem.status_code == 422
    assert problem.get_json()["errors"][0]["pointer"] == "/country"
