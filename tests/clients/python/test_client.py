"""The Python client against the service under gunicorn, and against the application where it must refuse."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from forecast_service_client import (
    AsyncClient,
    Client,
    FieldError,
    Forbidden,
    Forecast,
    InvalidInput,
    NotFound,
    Stale,
    SweepFailed,
)
from tests.clients.python.scenarios import HALF_WAY, SWEEP
from tests.support.callers import key, keyed
from tests.support.service import PATIENCE_S, Service


@pytest.fixture
def client(live_service: Service) -> Any:
    with Client(live_service.url, timeout=PATIENCE_S) as found:
        yield found


def test_a_forecast_is_the_one_of_the_service(client: Client, live_service: Service) -> None:
    found = client.forecast("DEU", deadline=2030, quantiles=[0.1, 0.5])
    raw = live_service.ask("GET", "/v1/countries/DEU/forecast?scenario=baseline&deadline=2030&quantiles=0.1,0.5")[1]
    assert found.document == raw
    assert found.probability() == raw["targets"][0]["probability"]["at_deadline"]
    assert found.probability("total", "held") == raw["targets"][2]["probability"]["held"]
    assert client.forecast("Iceland").probability() is None
    own = client.forecast("ESP", scenario=HALF_WAY, deadline=2030)
    assert own.document["scenario"]["name"] == "client half way"
    history = {year: 1.0 + 0.05 * (year - 2010) for year in range(2010, 2025)}
    assert client.forecast(history=history, deadline=2030).document["origin"] == 2024


def test_a_forecast_is_typed(client: Client) -> None:
    found = client.forecast("DEU", deadline=2030)
    assert (found.country["code"], found.deadline, found.scenario["name"]) == ("DEU", 2030, "baseline")
    assert [target["component"] for target in found.targets] == ["core", "related", "total"]
    assert found.target("related")["threshold"] == 1.5
    core = found.paths["core"]
    assert core
    assert len(core["median"]) == len(found.paths["years"])
    assert found.paths["years"][0] == found.origin + 1
    why = found.explanation()
    assert why
    assert why["sentence"]
    assert sum(member["weight"] or 0 for member in found.members) == pytest.approx(1)
    assert found.money
    assert found.money["usd"]["median"]
    assert found.vintage == client.history("DEU").vintage
    assert found.model_version == found.document["model_version"]
    assert found.notes == found.document["notes"]
    assert found.cite
    assert found.cite["text"]


def test_fields_that_the_client_does_not_know_do_no_harm(client: Client) -> None:
    document = client.forecast("DEU", deadline=2030).document
    newer = Forecast(document | {"from_a_newer_service": 1})  # type: ignore[operator]
    assert newer.probability() == Forecast(document).probability()
    assert newer.document["from_a_newer_service"] == 1  # type: ignore[typeddict-item]


def test_batch_alliance_and_requirement(client: Client) -> None:
    first, second = client.batch([{"country": "EST"}, {"country": "Atlantis"}])
    assert (first["status"], second["status"]) == (200, 422)
    assert first["forecast"]
    assert first["forecast"]["id"] == client.forecast("EST").id
    alliance = client.alliance(deadline=2030)
    assert alliance.deadline == 2030
    ranking = [standing["at_deadline"] for standing in alliance.ranking()]
    assert ranking == sorted(ranking, reverse=True)
    assert alliance.count() == pytest.approx(sum(ranking), abs=0.01)
    needed = client.requirement("DEU", 0.8)
    assert needed.probability["reached"] >= 0.79
    assert needed.extra_growth_pp > 0
    assert needed.money["usd"]
    assert len({alliance.id, needed.id}) == 2


def test_sensitivity_and_comparison(client: Client) -> None:
    shipped = client.sensitivity("DEU", deadline=2030)
    assert shipped.probability == client.forecast("DEU", deadline=2030).probability()
    swings = [bar["swing"] for bar in shipped.bars]
    assert swings == sorted(swings, reverse=True)
    own = client.sensitivity("DEU", scenario=HALF_WAY, deadline=2030, component="total")
    assert own.document["component"] == "total"
    assert own.deadline == 2030
    compared = client.compare("DEU", ["baseline", "stall"], deadline=2030, quantiles=[0.1, 0.9])
    assert compared.forecasts["baseline"].probability() == shipped.probability
    assert list(compared.forecasts["stall"].paths["core"]["quantiles"]) == ["0.1", "0.9"]  # type: ignore[index]
    assert compared.differences.keys() == {"baseline", "stall"}


def test_figures_vintages_and_the_track_record(client: Client, live_service: Service) -> None:
    assert "EST" in {country["code"] for country in client.countries()}
    [current] = [vintage for vintage in client.vintages() if vintage["current"]]
    history = client.history("Estonia", vintage=current["name"])
    assert (history.country["code"], max(history.shares())) == ("EST", current["origin"])
    record = client.track_record()
    assert record.document == live_service.ask("GET", "/v1/track-record")[1]
    assert {member["name"] for member in record.members} <= {"panel", "plans", "pledge"}
    assert record.model_version == client.forecast("EST").model_version
    assert record.baseline == record.document["baseline"]
    assert record.frozen == record.document["frozen"]
    past = client.past_forecasts("EST", origin=2010).document["items"]
    assert {(one["country"], one["origin"]) for one in past} == {("EST", 2010)}


def test_scenarios_from_keeping_to_deleting(client: Client) -> None:
    kept = client.create_scenario(HALF_WAY)
    assert (kept.version, kept.etag) == (1, f'"{kept.id}-1"')
    changed = client.replace_scenario(kept, HALF_WAY | {"description": "why"})
    assert changed.version == 2
    with pytest.raises(Stale) as stale:
        client.replace_scenario(kept, HALF_WAY)
    assert (stale.value.status, [error.field for error in stale.value.errors]) == (412, ["If-Match"])
    copy = client.fork_scenario(changed.id, name="client copy")
    assert client.scenario(copy.id).document["based_on"] == kept.id
    assert client.scenario("baseline").version == 0
    assert {item["id"] for item in client.scenarios(q="client", owner="me")} == {kept.id, copy.id}
    for one in (changed, copy):
        client.delete_scenario(one)
    with pytest.raises(NotFound):
        client.scenario(kept.id)


def test_a_list_is_read_over_all_its_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [client.create_scenario(HALF_WAY | {"name": f"paged {number}"}) for number in range(5)]
    asked: list[str] = []
    send = httpx.Client.send

    def small(http: httpx.Client, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_merge_params({"limit": 2})
        asked.append(request.url.path)
        return send(http, request)

    monkeypatch.setattr(httpx.Client, "send", small)
    names = [item["name"] for item in client.scenarios(q="paged")]
    assert sorted(names) == [f"paged {number}" for number in range(5)]
    assert len(asked) == 3
    monkeypatch.undo()
    for one in kept:
        client.delete_scenario(one)


def test_a_sweep_tells_how_far_it_is_and_gives_every_row(client: Client) -> None:
    seen: list[float] = []
    done = client.sweep(SWEEP, progress=lambda state: seen.append(state.progress))
    assert done.status == "done"
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    rows = list(client.sweep_results(done.id))
    assert [(row["country"], row["point"]) for row in rows] == [(c, p) for c in ("DEU", "ISL") for p in range(1200)]
    full = client.forecast("DEU", scenario={"name": "s", "levers": [HALF_WAY["levers"][0] | {"credibility": 1}]})  # type: ignore[index, operator]
    assert rows[1199]["core"]["at_deadline"] == full.probability()
    client.delete_sweep(done.id)
    with pytest.raises(NotFound):
        next(client.watch_sweep(done.id))


def test_a_cancelled_sweep_is_an_error_to_who_waits_for_it(client: Client) -> None:
    def stop(state: Any) -> None:
        client.cancel_sweep(state.id)

    big = SWEEP | {"countries": "all"}
    with pytest.raises(SweepFailed, match="cancelled"):
        client.sweep(big, progress=stop)


def test_bad_input_is_an_exception_that_names_the_field(client: Client) -> None:
    with pytest.raises(InvalidInput) as refused:
        client.forecast("DEU", deadline=1990)
    assert refused.value.errors == [FieldError("deadline", "must be a year from 2000 to 2060")]
    assert refused.value.request_id
    assert "deadline: must be" in str(refused.value)
    with pytest.raises(InvalidInput) as refused:
        client.forecast("DEU", scenario={"name": "x", "levers": [{"type": "cap", "share_pct": -1}]})
    assert refused.value.errors[0].field == "/scenario/levers/0/share_pct"
    with pytest.raises(NotFound) as missing:
        client.forecast("Atlantis")
    assert missing.value.type == "urn:forecast-service:problem:unknown-country"


def test_an_answer_is_fetched_again_only_when_it_has_changed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    forecast, scenario = client.forecast("DEU", deadline=2031), client.scenario("baseline")
    codes: list[int] = []
    send = httpx.Client.send

    def watched(http: httpx.Client, request: httpx.Request) -> httpx.Response:
        response = send(http, request)
        codes.append(response.status_code)
        return response

    monkeypatch.setattr(httpx.Client, "send", watched)
    assert client.forecast("DEU", deadline=2031) == forecast
    assert codes == []  # the service says how long it is fresh
    assert client.scenario("baseline") == scenario
    client.forecast("DEU", deadline=2032)
    assert codes == [304, 200]


def test_keys_are_sent(state_dir: Path, tmp_path: Path) -> None:
    from forecast_service.store.database import EXTENSION
    from forecast_service.store.migrate import upgrade

    app = keyed(state_dir, tmp_path)
    upgrade(app.extensions[EXTENSION].engine)
    secret = key(app, "ada", "read")["X-API-Key"]
    transport = httpx.WSGITransport(app)
    for credentials in ({"api_key": secret}, {"token": secret}):
        with Client("http://service", transport=transport, **credentials) as known:
            assert known.forecast("DEU").probability()
            with pytest.raises(Forbidden):
                known.create_scenario(HALF_WAY)
    with Client("http://service", transport=transport) as stranger, pytest.raises(Forbidden) as refused:
        stranger.forecast("DEU")
    assert refused.value.status == 401


def test_the_asynchronous_client_does_the_same(live_service: Service, client: Client) -> None:
    async def ask() -> None:
        async with AsyncClient(live_service.url, timeout=PATIENCE_S) as found:
            answers = await asyncio.gather(*(found.forecast(code) for code in ("DEU", "ESP", "EST")))
            assert answers == [client.forecast(code) for code in ("DEU", "ESP", "EST")]
            seen: list[str] = []
            small = SWEEP | {"countries": ["DEU"]}
            done = await found.sweep(small, progress=lambda state: seen.append(state.status))
            assert (done.status, seen[-1]) == ("done", "done")
            rows = [row async for row in found.sweep_results(done.id)]
            assert len(rows) == 1200
            states = [state.status async for state in found.watch_sweep(done.id)]
            assert states == ["done"]
            names = [item["name"] async for item in found.scenarios(owner="shipped")]
            assert "baseline" in names
            with pytest.raises(InvalidInput):
                await found.forecast("DEU", deadline=1990)

    asyncio.run(ask())


def test_both_clients_have_the_same_methods() -> None:
    names = [{name for name in vars(kind) if name[0] != "_"} for kind in (Client, AsyncClient)]
    assert names[0] == names[1]
    assert Client.forecast.__doc__ == AsyncClient.forecast.__doc__
