"""Many forecasts at once."""

import pytest


def batch(client, *items):
    return client.post("/v1/forecasts/batch", json={"items": list(items)})


def test_each_item_is_answered_as_it_would_be_alone(client):
    questions = [{"country": "DEU"}, {"country": "fr", "scenario": "stall", "targets": {"deadline": 2030}}]
    answer = batch(client, *questions)
    assert answer.status_code == 200
    for item, question in zip(answer.get_json()["items"], questions, strict=True):
        assert item["status"] == 200
        assert item["problem"] is None
        assert item["forecast"] == client.post("/v1/forecasts", json=question).get_json()


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({"country": "Atlantis"}, "/items/1/country"),
        ({"country": "DEU", "targets": {"deadline": 2061}}, "/items/1/targets/deadline"),
        ({"country": "DEU", "targets": {"deadline": 2026}}, "/items/1/targets/deadline"),
        ({"country": "DEU", "surprise": 1}, "/items/1/surprise"),
        ({}, "/items/1"),
        ({"country": "DEU", "history": {str(2007 + i): (1e-4, 1e4)[i % 2] for i in range(20)}}, "/items/1/history"),
        (
            {
                "country": "DEU",
                "scenario": {"levers": [{"type": "cap", "share_pct": 1}, {"type": "floor", "share_pct": 2}]},
            },
            "/items/1/scenario/levers/1",
        ),
    ],
)
def test_one_bad_item_spoils_no_other(client, item, pointer):
    items = batch(client, {"country": "DEU"}, item, {"country": "FRA"}).get_json()["items"]
    assert [i["status"] for i in items] == [200, 422, 200]
    assert items[1]["forecast"] is None
    assert pointer in [e["pointer"] for e in items[1]["problem"]["errors"]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"items": []}, "/items"),
        ({"items": [{"country": "DEU"}] * 101}, "/items"),
        ({"items": ["DEU"]}, "/items/0"),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused_whole(client, body, pointer):
    problem = client.post("/v1/forecasts/batch", json=body)
    assert problem.status_code == 422
    assert pointer in [e["pointer"] for e in problem.get_json()["errors"]]
