"""The published proof belongs to the model that answers."""

from models.dataset.tables import NEWEST
from models.ensemble.learned_weights import weights_at
from models.ensemble.members.registry import POOL
from models.forecast import MODEL_VERSION


def test_the_track_record_is_this_models(client):
    record = client.get("/v1/track-record").get_json()
    assert record["model_version"] == MODEL_VERSION
    assert record["vintage"] == NEWEST
    assert record["baseline"]["skill"] > record["trend"]["skill"] > 0
    assert len(record["by_country"]) == 31
    assert abs(sum(record["pit"]) - 1) < 1e-3
    assert record["wales"]["reached_in_2024"] < record["wales"]["below_in_2014"]


def test_weights_are_learned_for_every_origin():
    for origin in range(1999, 2027):
        weights = weights_at(origin)
        assert set(weights.pool) == set(POOL)
        assert abs(sum(weights.pool.values()) - 1) < 1e-3
        assert 0 < weights.pledge_weight < 1
    assert weights_at(1999) != weights_at(2026)
