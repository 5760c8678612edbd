"""The published proof belongs to the model that answers."""

import csv
import io
import re
from pathlib import Path

import pytest

from forecast_service import create_app
from forecast_service.settings import Settings
from models.dataset.observations import load_figures
from models.dataset.tables import NEWEST
from models.ensemble.learned_trust import trust_at
from models.ensemble.stacking import TRUST
from models.evaluation import frozen, published
from models.evaluation.frozen import FrozenForecast
from models.forecast import MODEL_VERSION
from tests.support.contract import CheckedClient
from tests.support.frozen import made
from tests.support.service import DRAWS


def test_the_track_record_is_this_models(client):
    record = client.get("/v1/track-record").get_json()
    assert record["model_version"] == MODEL_VERSION
    assert record["vintage"] == NEWEST
    assert record["baseline"]["skill"] > record["trend"]["skill"] > 0
    assert len(record["by_country"]) == 31
    assert abs(sum(record["pit"]) - 1) < 1e-3
    assert record["wales"]["reached_in_2024"] < record["wales"]["below_in_2014"]


def test_the_record_says_where_forecasts_are_wrong_and_names_every_parameter(client):
    record = client.get("/v1/track-record").get_json()
    assert record["since_1965"]["skill"] > 0
    periods = {(row["scenario"], row["from_origin"]) for row in record["by_level"]}
    assert periods == {("trend", 1965), ("trend", 1999), ("baseline", 1999)}
    learned = {row["name"]: row["at"] for row in record["parameters"] if row["at"]}
    assert {"return", "momentum", "trust in pledges"} <= learned.keys()
    assert all(list(at) == ["1970", "1999", "2014", "2026"] for at in learned.values())
    # What the evidence cannot move is called a constant: what is called learned moves.
    assert all(len({value["mean"] for value in at.values()}) > 1 for at in learned.values())
    assert {"fading", "memory", "level"} <= {row["name"] for row in record["parameters"] if not row["at"]}


def test_trust_in_pledges_starts_at_one_half_and_is_learned():
    assert [trust_at(origin) for origin in (1990, 1999, 2014)] == [TRUST] * 3
    assert all(0 < trust_at(origin) < 1 for origin in range(1999, 2027))
    assert trust_at(2026) != TRUST


@pytest.fixture
def frozen_once(
    state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[CheckedClient, FrozenForecast]:
    """A client of a service with one frozen forecast, of 2024."""
    monkeypatch.setattr(frozen, "FOLDER", tmp_path)
    kept = frozen.save(made())
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS))
    return CheckedClient(app, app.response_class), kept


def test_bundled_frozen_forecasts_are_listed(client):
    listed = client.get("/v1/track-record").json["frozen"]
    assert [it["sha256"] for it in listed] == [it.sha256 for it in frozen.read_all()]
    assert client.get("/v1/track-record").json["altered"] == []


def test_a_frozen_forecast_is_scored_by_the_current_figures(frozen_once):
    client, kept = frozen_once
    (found,) = client.get("/v1/track-record").json["frozen"]
    assert (found["date"], found["vintage"], found["sha256"]) == ("2025-07-01", "nato-2024", kept.sha256)
    assert (found["scored_on"], found["allies"], found["resolved"]) == ("nato-2026", 2, 4)
    assert found == frozen.record(load_figures(), [kept])[0]
    assert 0 < found["crps"] < 2


def test_it_expires_with_the_vintage_and_links_to_none(frozen_once):
    """The figures that score a frozen forecast are the current ones, and no address asks for others."""
    client, _ = frozen_once
    headers = client.get("/v1/track-record").headers
    assert headers["Cache-Control"] == "public, max-age=60"
    assert "Link" not in headers
    picture = client.get("/v1/track-record/reliability.svg").headers
    assert picture["Cache-Control"] == "public, max-age=300, stale-while-revalidate=86400"


@pytest.mark.parametrize(
    ("alter", "said", "left"),
    [
        (lambda folder, name: (folder / name).write_text("{}"), "NAME is not the file that was frozen", 0),
        (lambda folder, name: (folder / name).unlink(), "NAME is missing", 0),
        (lambda folder, name: ((folder / name).unlink(), (folder / name).mkdir()), "NAME cannot be read", 0),
        (lambda folder, _: (folder / "2020-01-01-x-m1.json").write_text("{}"), "2020-01-01-x-m1.json is not listed", 1),
        (lambda folder, _: (folder / "SHA256SUMS").unlink(), "NAME is not listed in SHA256SUMS", 0),
        (lambda folder, _: (folder / "SHA256SUMS").write_text("<html>"), "SHA256SUMS cannot be read", 0),
    ],
)
def test_an_altered_forecast_is_left_out_and_named(frozen_once, tmp_path, alter, said, left):
    client, kept = frozen_once
    alter(tmp_path, kept.name)
    record = client.get("/v1/track-record").json
    (altered,) = record["altered"]
    assert altered.startswith(said.replace("NAME", kept.name))
    assert len(record["frozen"]) == left
    assert altered in client.get("/track-record").text


def test_the_page_shows_frozen_forecasts(frozen_once):
    client, kept = frozen_once
    page = client.get("/track-record").text
    assert "Said before it was known" in page
    assert f'title="{kept.sha256}"' in page


def test_past_forecasts_are_beside_what_came(client):
    found = client.get("/v1/track-record/forecasts?country=Germany&origin=2015").json
    record = client.get("/v1/track-record").json
    assert [found[name] for name in ("vintage", "model_version")] == [record["vintage"], record["model_version"]]
    assert (found["scored_on"], found["component"], found["scenario"]) == ("nato-2026", "core", "baseline")
    assert [row["year"] for row in found["items"]] == list(range(2016, 2026))
    assert all(len(row["quantiles"]) == len(found["levels"]) == 9 for row in found["items"])
    history = client.get("/v1/countries/DEU/history").json["components"][0]["observations"]
    came = {one["year"]: (one["share_pct"], one["estimate"]) for one in history}
    assert [(row["outcome_pct"], row["outcome_estimate"]) for row in found["items"]] == [
        came[row["year"]] for row in found["items"]
    ]
    later = client.get("/v1/track-record/forecasts?country=DEU&origin=2025").json["items"]
    assert (later[0]["outcome_pct"], later[0]["outcome_estimate"]) == (2.69, True)
    assert {(row["outcome_pct"], row["outcome_estimate"]) for row in later[1:]} == {(None, None)}


def test_all_past_forecasts_come_at_once_and_as_a_table(client):
    whole = client.get("/v1/track-record/forecasts").json["items"]
    assert sum(row["outcome_pct"] is not None for row in whole) == published.load()["baseline"]["forecasts"]
    table = list(csv.DictReader(io.StringIO(client.get("/v1/track-record/forecasts.csv?origin=2015").text)))
    of = [row for row in whole if row["origin"] == 2015]
    assert [(row["country"], int(row["year"]), float(row["q0.5_pct"])) for row in table] == [
        (row["country"], row["year"], row["quantiles"][4]) for row in of
    ]
    described = client.get("/v1/track-record/forecasts.csv-metadata.json?origin=2015").json
    assert [column["name"] for column in described["tableSchema"]["columns"]] == list(table[0])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("country=Atlantis", "no ally goes by 'Atlantis'"),
        ("origin=1998", "must be a year from 1999"),
        ("origin=x", "must be a year from 1999"),
        ("year=2015", "is not known here"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(client, query, said):
    answer = client.get(f"/v1/track-record/forecasts?{query}")
    assert answer.status_code == 422
    assert said in answer.json["errors"][0]["detail"]
    assert client.get("/v1/track-record/forecasts?origin=2040").json["items"] == []


def test_without_sipri_none_of_its_figures_come(state_dir):
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, sipri=False))
    items = (
        CheckedClient(app, app.response_class).get("/v1/track-record/forecasts?country=DEU&origin=1999").json["items"]
    )
    assert len(items) == 10
    assert {row["outcome_pct"] for row in items} == {None}


def test_a_frozen_forecast_is_beside_what_came(frozen_once):
    client, kept = frozen_once
    name = kept.name.removesuffix(".json")
    found = client.get(f"/v1/track-record/frozen/{name}").json
    assert [found[field] for field in ("date", "vintage", "sha256")] == ["2025-07-01", "nato-2024", kept.sha256]
    assert {row["country"] for row in found["items"]} == {"DEU", "POL"}, "Iceland has no core spending"
    came = {(row["country"], row["year"]): row["outcome_pct"] for row in found["items"]}
    assert (came["DEU", 2025], came["DEU", 2026], came["DEU", 2027]) == (2.22, 2.69, None)
    one = client.get(f"/v1/track-record/frozen/{name}?country=POL").json["items"]
    assert one == [row for row in found["items"] if row["country"] == "POL"]
    assert client.get(f"/v1/track-record/frozen/{name}.csv").text.count("\r\n") == 7
    assert client.get(f"/v1/track-record/frozen/{name}").headers["Cache-Control"] == "public, max-age=60"
    assert client.get("/v1/track-record/frozen/2020-01-01-x-m1").status_code == 404


def test_an_altered_forecast_is_not_shown_by_its_name(frozen_once, tmp_path):
    client, kept = frozen_once
    (tmp_path / kept.name).write_text("{}")
    assert client.get(f"/v1/track-record/frozen/{kept.name.removesuffix('.json')}").status_code == 404


def test_the_page_shows_what_a_frozen_forecast_said_and_what_came(frozen_once):
    client, _ = frozen_once
    text = re.sub(r"<[^>]+>", "", client.get("/track-record").text)
    assert "2.20 (1.94 to 2.50)came 2.22, inside" in text
    assert "2.40 (2.11 to 2.73)came 2.69, inside" in text
    assert "2027not known yet" in text
