"""forecast_service.client against the service under gunicorn, and against the application where it must refuse."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from forecast_service import create_app
from forecast_service.client import (
    AsyncClient,
    Client,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    Problem,
    Stale,
    SweepFailed,
    Unavailable,
)
from forecast_service.settings import Settings
from tests.support.callers import key, keyed
from tests.support.service import DRAWS, Service

HALF_WAY = {
    "name": "client half way",
    "levers": [{"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": 0.5}],
}
SWEEP = {
    "countries": ["DEU", "ISL"],
    "scenario": {
        "name": "s",
        "levers": [
            {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": {"from": 0, "to": 1, "steps": 1200}}
        ],
    },
}


@pytest.fixture
def client(live_service: Service) -> Any:
    with Client(live_service.url) as found:
        yield found


def test_it_needs_nothing_of_what_the_service_is_made_of() -> None:
    code = (
        "import sys, forecast_service.client\n"
        "heavy = {'flask', 'statsmodels', 'numpy', 'pandas', 'scipy', 'sqlalchemy', 'marshmallow', 'models'}\n"
        "print(*heavy & {name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


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


def test_batch_alliance_and_requirement(client: Client) -> None:
    first, second = client.batch([{"country": "EST"}, {"country": "Atlantis"}])
    assert (first["status"], second["status"]) == (200, 422)
    assert first["forecast"]["id"] == client.forecast("EST").id
    assert client.alliance(deadline=2030)["deadline"] == 2030
    needed = client.requirement("DEU", 0.8)
    assert needed["probability"]["reached"] >= 0.79


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
    first = client.forecast("DEU", deadline=2031)
    codes: list[int] = []
    send = httpx.Client.send

    def watched(http: httpx.Client, request: httpx.Request) -> httpx.Response:
        response = send(http, request)
        codes.append(response.status_code)
        return response

    monkeypatch.setattr(httpx.Client, "send", watched)
    assert client.forecast("DEU", deadline=2031) == first
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


def ask(client: Client, times: int) -> None:
    for _ in range(times):
        client.forecast("DEU")


def test_a_limit_is_waited_for_but_not_for_long(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, rate_limit="1/second"))
    waits: list[float] = []
    import time

    sleep = time.sleep
    monkeypatch.setattr("forecast_service.client.clients.time.sleep", lambda s: (waits.append(s), sleep(s)))
    with Client("http://service", transport=httpx.WSGITransport(app)) as patient:
        for _ in range(3):
            assert patient.forecast("DEU").probability()
    assert waits
    assert all(0 < wait <= 2 for wait in waits)
    hasty = Client("http://service", transport=httpx.WSGITransport(app), retries=0)
    with hasty, pytest.raises(Unavailable) as refused:
        ask(hasty, 3)
    assert refused.value.status == 429
    assert refused.value.retry_after is not None
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, rate_limit="1/hour"))
    waits.clear()
    bounded = Client("http://service", transport=httpx.WSGITransport(app), longest_wait=2)
    with bounded, pytest.raises(Unavailable):
        ask(bounded, 2)
    assert waits == []


def test_it_gives_up_after_its_tries() -> None:
    asked: list[httpx.Request] = []

    def away(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503, headers={"Retry-After": "0"}, text="a gateway's page, not a problem")

    with Client("http://service", transport=httpx.MockTransport(away)) as found, pytest.raises(Unavailable) as gone:
        found.create_scenario(HALF_WAY)
    assert len(asked) == 4
    assert len({request.headers["Idempotency-Key"] for request in asked}) == 1
    assert (gone.value.status, gone.value.title) == (503, "HTTP 503")


@pytest.mark.parametrize(
    ("ask", "argument", "deleted"),
    [
        ("create_scenario", HALF_WAY, False),
        ("create_scenario", HALF_WAY, True),
        ("fork_scenario", "peace-dividend", False),
        ("fork_scenario", "peace-dividend", True),
        ("sweep", SWEEP, True),
    ],
)
def test_a_lost_answer_creates_nothing_twice(
    state_dir: Path, tmp_path: Path, ask: str, argument: Any, deleted: bool
) -> None:
    url = f"sqlite:///{tmp_path}/lost.sqlite"
    to_service = httpx.WSGITransport(create_app(Settings(state_dir=state_dir, draws=DRAWS, database_url=url)))
    created: list[str] = []

    def lose_first(request: httpx.Request) -> httpx.Response:
        answer = to_service.handle_request(request)
        answer.read()
        if request.method != "POST" or created:
            return answer
        created.append(answer.headers["Location"])
        if deleted:
            to_service.handle_request(httpx.Request("DELETE", f"http://service{created[0]}"))
        raise httpx.RemoteProtocolError("the connection is lost")

    with Client("http://service", transport=httpx.MockTransport(lose_first)) as found:
        if not deleted:
            assert getattr(found, ask)(argument).id == created[0].rsplit("/", 1)[1]
            return
        with pytest.raises(Problem) as gone:
            getattr(found, ask)(argument)
    assert (gone.value.status, gone.value.type.rsplit(":", 1)[1]) == (409, "key-of-deleted")
    assert gone.value.errors[0].field == "Idempotency-Key"


def test_the_asynchronous_client_does_the_same(live_service: Service, client: Client) -> None:
    async def ask() -> None:
        async with AsyncClient(live_service.url) as found:
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


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_may_be_repeated_is_sent_again_where_a_kept_connection_had_just_been_closed(asynchronous: bool) -> None:
    sent: list[str] = []

    def closing(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        if len(sent) == 1:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx.Response(200, json={"items": [], "next": None})

    transport = httpx.MockTransport(closing)
    if asynchronous:

        async def listed() -> list[Any]:
            async with AsyncClient("http://service", transport=transport) as found:
                return [one async for one in found.scenarios()]

        assert asyncio.run(listed()) == []
    else:
        with Client("http://service", transport=transport) as found:
            assert list(found.scenarios()) == []
    assert sent == ["GET", "GET"]
    sent.clear()
    with Client("http://service", transport=transport) as found, pytest.raises(httpx.RemoteProtocolError):
        found.forecast("DEU", scenario=HALF_WAY)
    assert sent == ["POST"]
