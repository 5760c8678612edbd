"""The page without a browser: a readable report whose every link leads somewhere, to whoever may see it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.dashboard import lever_form
from forecast_service.dashboard.page_state import PASSED
from forecast_service.dashboard.rendering import POLICY
from forecast_service.http.budget import EXTENSION as BUDGET
from forecast_service.schemas.lever_types import SCHEMAS
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from tests.support.callers import SCENARIO, key, keyed
from tests.support.service import DRAWS, FIT_TIMEOUT_S

VIEWS = (
    "/",
    "/?component=total&sort=name",
    "/countries",
    "/countries/DEU",
    "/countries/ISL",
    "/countries/LUX?component=related",
    "/countries/DEU?scenario=stall&overlay=trend,pledge",
    "/countries/DEU?cap=3&gdp=-1&from=2028",
    "/countries/DEU/sensitivity",
    "/compare",
    "/compare?a=ISL&b=USA&component=total",
    "/compare?allies=ISL,USA,EST,TUR&scenario=stall",
    "/countries/DEU?component=total&rule=broad&related=2",
    "/?component=related&rule=strict",
    "/over-time",
    "/track-record",
    "/track-record/DEU?origin=2015&ahead=1",
    "/method",
    "/sources",
)


def text_of(page: str) -> str:
    """What a reader reads."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", bare))).replace("\u00a0", " ")


def addresses(page: str) -> set[str]:
    """Everything of our own that the page links to or shows."""
    found = re.findall(r'(?:href|src|srcset|action|data-(?:light|dark)-[a-z]+)="([^"#]+)[^"]*"', page)
    return {html.unescape(address) for address in found if not address.startswith(("http", "data:"))}


def test_the_page_says_why_the_probability_is_what_it_is(client: FlaskClient) -> None:
    target = client.get("/v1/countries/DEU/forecast").json["targets"][0]
    assert target["why"]["sentence"] in text_of(client.get("/countries/DEU").text)


def test_the_page_says_how_much_is_the_rule_and_lets_choose_one(client: FlaskClient) -> None:
    def read(query: str) -> str:
        return text_of(client.get(f"/countries/DEU?component=total{query}").text)

    mixed = read("")
    assert "Nobody has settled the rule: 20 %, 50 %, 30 % of the futures follow each" in mixed
    assert "At most 1.5 % counts towards the total." in mixed
    assert "Only new money of the kinds that the declaration lists, as you chose." in read("&rule=strict")
    assert "At most 2.5 % counts towards the total." in read("&related=2.5")
    assert "Nobody has settled" not in text_of(client.get("/countries/DEU").text)
    # With a lever of the reader's, and for what else the page asks, the rule stays.
    assert "as you chose" in read("&rule=strict&cap=3")
    strict, broad = (
        client.get(f"/countries/DEU/sensitivity?component=related&rule={x}").text for x in ("strict", "broad")
    )
    assert text_of(strict) != text_of(broad)
    assert "The rule that counts related spending" not in text_of(strict)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_a_whole_document_with_its_own_policy(client: FlaskClient, view: str) -> None:
    response = client.get(view)
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert response.headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.text.count("<h1") == 1
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", response.text), "the policy would stop it"
    for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", response.text, re.DOTALL):
        if attributes == ' type="application/ld+json"':
            assert json.loads(content)["@type"] == "Dataset"  # a block of data, which no browser runs
        else:
            assert "src=" in attributes
            assert not content.strip()


@pytest.mark.slow
def test_every_link_of_every_view_leads_somewhere(client: FlaskClient) -> None:
    seen: set[str] = set()
    for view in VIEWS:
        seen |= addresses(client.get(view).text)
    # A picture of each kind is enough; they are drawn elsewhere often.
    picture = re.compile(r"\.(svg|png|vl\.json)\?")
    drawn = {re.sub(r"/[A-Z]{3}/|\?.*", "/", address): address for address in seen if picture.search(address)}
    others = {address for address in seen if not picture.search(address)}
    countries = sorted(address for address in others if re.match(r"/countries/[A-Z]{3}", address))
    assert len(others) > 80
    assert len(drawn) >= 8
    for address in (others - set(countries[20:])) | set(drawn.values()):
        with client.get(address) as response:
            assert response.status_code in {200, 303, 308}, address


def test_the_report_says_what_the_api_says(client: FlaskClient) -> None:
    forecast = client.get("/v1/countries/DEU/forecast").json
    text = text_of(client.get("/countries/DEU").text)
    p = forecast["targets"][0]["probability"]
    assert f"{round(100 * p['at_deadline'])} %" in text
    assert f"about {round(10 * p['at_deadline'])} in 10" in text
    assert f"{round(100 * p['by_deadline'])} %" in text
    assert f"{forecast['targets'][0]['required']['real_growth_pct']:.1f} % a year" in text
    assert f"{forecast['paths']['core']['quantiles']['0.5'][-1]:.2f} %" in text
    assert forecast["targets"][0]["rests_on"] in text
    assert f"Answer {forecast['id'][:12]}" in text
    for member in forecast["members"]:
        if member["weight"] is not None:
            assert f"{max(1, round(100 * member['weight']))} %" in text


def test_all_allies_are_in_the_table_of_the_alliance(client: FlaskClient) -> None:
    ranking = client.get("/v1/alliance/forecast").json["targets"][0]
    page = client.get("/").text
    for ally in client.get("/v1/countries").json["items"]:
        assert f'href="/countries/{ally["code"]}"' in page
    assert f"{ranking['at_deadline']['median']} of {ranking['at_deadline']['allies']} allies" in text_of(page)
    names = re.findall(r'<th scope="row"><a href="/countries/([A-Z]{3})', page)
    assert names[:31] == [it["country"]["code"] for it in ranking["ranking"]]


def test_a_search_leads_to_the_ally_and_keeps_the_question(client: FlaskClient) -> None:
    response = client.get("/countries?country=poland&scenario=stall&deadline=2032")
    assert response.status_code == 303
    assert response.headers["Location"] == "/countries/POL?scenario=stall&deadline=2032"
    missing = client.get("/countries?country=Germny")
    assert missing.status_code == 404
    assert "Did you mean Germany ?" in text_of(missing.text)


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/countries/Germny", 404, "Did you mean Germany ?"),
        ("/countries/DEU?deadline=soon", 422, "deadline: must be a year from"),
        ("/countries/DEU?deadline=1999", 422, "deadline: must be a year from"),
        ("/?scenario=wishes", 422, "scenario: must be the id"),
        ("/compare?a=Austria", 404, "Austria is no member of NATO"),
    ],
)
def test_what_the_api_refuses_the_page_says_in_html(client: FlaskClient, address: str, status: int, said: str) -> None:
    response = client.get(address)
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert said in text_of(response.text).replace(" :", ":")


@pytest.mark.parametrize(
    ("query", "name", "said"),
    [
        ("cap=1000", "cap", "must be a number from 0.01 to 100"),
        ("cap=much", "cap", "must be a number"),
        ("cap=nan", "cap", "must be a number"),
        ("cap=1e999", "cap", "must be a number"),
        ("gdp=-99", "gdp", "must be a number from -50 to 50"),
        ("gdp=1&from=2031&to=2029", "to", "must not lie before"),
        ("pledge=3&belief=7", "belief", "must be a number from 0 to 1"),
        ("spend=2&scenario=peace-dividend", "spend", ""),
        ("cap=2&floor=3", "cap", ""),
    ],
)
def test_a_lever_that_cannot_be_used_is_named_at_its_field(
    client: FlaskClient, query: str, name: str, said: str
) -> None:
    response = client.get(f"/countries/DEU?{query}")
    assert response.status_code == 422
    fault = re.search(rf'id="fault-{name}">([^<]+)<', response.text)
    assert fault, re.findall(r'id="fault-[^<]+', response.text)
    assert said in html.unescape(fault[1])
    field = re.search(rf'<(?:input|select) id="lever-{name}"[^>]*>', response.text)
    assert field
    assert 'aria-invalid="true"' in field[0]


def test_a_crash_is_told_without_what_it_was(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(**_: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("forecast_service.dashboard.pages.track_record.track_record", crash)
    response = app.test_client().get("/track-record")
    assert (response.status_code, response.mimetype) == (500, "text/html")
    assert "hunter2" not in response.text
    assert "ask once more" in response.text


def test_what_is_typed_is_escaped(client: FlaskClient) -> None:
    attack = "%3Cscript%3Ealert(1)%3C/script%3E"
    for address in (f"/countries?country={attack}", f"/countries/DEU?cap={attack}", f"/countries/{attack}"):
        response = client.get(address)
        assert "<script>alert" not in response.text or response.mimetype == "application/problem+json"


def test_own_levers_give_what_a_post_gives(client: FlaskClient) -> None:
    address = "/countries/DEU/own.json?cap=3&gdp=-1&from=2028&scenario=trend"
    levers = [
        {"type": "gdp_growth", "change_pp": -1, "from": 2028},
        {"type": "cap", "share_pct": 3, "from": 2028},
    ]
    scenario = {"name": "own levers", "levers": levers, "pledge_effect": False, "based_on": "trend"}
    posted = client.post("/v1/forecasts", json={"country": "DEU", "scenario": scenario}).json
    assert client.get(address).json == posted
    assert posted["targets"][0]["probability"]["at_deadline"] < 0.01
    with client.get(address.replace(".json", ".csv")) as table:
        assert table.mimetype == "text/csv"
    wrong = client.get("/countries/DEU/own.json?cap=much")
    assert (wrong.status_code, wrong.mimetype) == (422, "application/problem+json")


@pytest.mark.parametrize("control", lever_form.CONTROLS, ids=lambda control: control.name)
def test_every_control_makes_a_lever_that_the_api_takes(client: FlaskClient, control: lever_form.Control) -> None:
    schema = SCHEMAS[control.lever]()
    for number in (control.low, control.high, control.neutral):
        ((_, lever),) = lever_form.levers({control.name: f"{number:g}"}, 2035)
        schema.load(lever)
    assert control.low <= control.neutral <= control.high
    assert client.get(f"/countries/FRA?{control.name}={control.high}").status_code == 200


def test_no_lever_goes_by_the_name_of_what_the_api_takes() -> None:
    assert not set(lever_form.FIELDS) & {*PASSED, "component", "overlay", "ghost", "theme", "wanted", "sort", "a", "b"}


def test_the_address_holds_the_levers_and_nothing_else(client: FlaskClient) -> None:
    page = client.get("/countries/DEU?cap=3&gdp=&floor=&overlay=stall&scenario=baseline&deadline=2035").text
    shared = re.search(r"<code data-share>([^<]+)<", page)
    assert shared
    assert html.unescape(shared[1]) == "http://localhost/countries/DEU?cap=3&overlay=stall"


def test_lines_of_curl_and_python_ask_the_same(client: FlaskClient) -> None:
    page = html.unescape(client.get("/countries/DEU?scenario=stall&deadline=2031").text)
    assert "curl 'http://localhost/v1/countries/DEU/forecast?scenario=stall&deadline=2031'" in page
    assert 'pd.read_csv("http://localhost/v1/countries/DEU/forecast.csv?scenario=stall&deadline=2031")' in page
    own = html.unescape(client.get("/countries/DEU?cap=3").text)
    assert "curl 'http://localhost/v1/forecasts' -H 'Content-Type: application/json' -d '{" in own


def test_files_are_kept_for_good_under_their_own_vintage_alone(client: FlaskClient) -> None:
    page = client.get("/method").text
    address = re.search(r'href="(/assets/[0-9a-f]{12}/page\.css)"', page)
    assert address
    with client.get(address[1]) as styles:
        assert "immutable" in styles.headers["Cache-Control"]
    with client.get("/assets/000000000000/page.css") as older:
        assert (older.status_code, older.headers["Cache-Control"]) == (200, "no-cache")
    for path in ("/assets/x/../views.py", "/assets/x/..%2fviews.py", "/assets/x/views.py"):
        assert client.get(path).status_code == 404


def test_the_scripts_import_only_each_other() -> None:
    folder = Path(__file__).parents[3] / "forecast_service" / "dashboard" / "static"
    files = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.js")}
    for name, text in files.items():
        assert not re.search(r"https?:|\beval\b|new Function|innerHTML|document\.write", text), name
        for imported in re.findall(r'(?:from|import) "([^"]+)"', text):
            assert imported.removeprefix("./") in files, name


# ---- Under a gateway's prefix, and with keys -----------------------------------------------------------------------


@pytest.fixture
def behind(state_dir: Path, tmp_path: Path) -> Iterator[Flask]:
    """An application that believes one proxy."""
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, trusted_proxies=1))
    yield app
    app.extensions[EXTENSION].close()


@pytest.mark.parametrize(
    "view", ["/", "/countries/DEU?cap=3", "/compare", "/over-time", "/track-record/DEU", "/sources"]
)
def test_every_address_bears_the_gateways_prefix(behind: Flask, view: str) -> None:
    headers = {"X-Forwarded-Prefix": "/forecasting", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "api.example"}
    page = behind.test_client().get(view, headers=headers).text
    found = addresses(page)
    assert len(found) > 10
    assert [address for address in found if not address.startswith("/forecasting/")] == []
    assert "localhost" not in page


@pytest.fixture
def locked(state_dir: Path, tmp_path: Path) -> Iterator[Flask]:
    """An application that takes keys."""
    app = keyed(state_dir, tmp_path)
    yield app
    app.extensions[EXTENSION].close()


def test_without_a_key_no_number_is_shown(locked: Flask) -> None:
    client = locked.test_client()
    for view in VIEWS[:-2]:
        response = client.get(view)
        assert response.status_code == 200
        assert "needs a key" in text_of(response.text)
        assert not re.search(r"[0-9] %", text_of(response.text.split("<main")[1].split("</main>")[0]))
        assert response.headers["Cache-Control"] == "no-store"
    for view in VIEWS[-2:]:
        assert "needs a key" not in text_of(client.get(view).text)
    assert client.get("/countries/DEU/own.svg?cap=3").status_code == 401


def test_with_a_key_that_may_read_the_page_is_whole(locked: Flask) -> None:
    client, headers = locked.test_client(), key(locked, "alice", "read")
    text = text_of(client.get("/countries/DEU", headers=headers).text)
    assert "Germany spends at least 3.5 % of GDP" in text
    assert "X-API-Key: …" in text
    assert "may not read" in text_of(client.get("/", headers=key(locked, "bob", "write")).text)
    assert "needs a key" in text_of(client.get("/", headers={"X-API-Key": "fs_wrong_key"}).text)


@pytest.mark.slow
def test_who_tried_too_many_keys_gets_a_page_that_says_to_wait(state_dir: Path, tmp_path: Path) -> None:
    app = keyed(state_dir, tmp_path, auth_failures="2/hour")
    client, wrong = app.test_client(), {"X-API-Key": "fs_wrong_key"}
    pages = [client.get(view, headers=wrong) for view in ("/", "/countries/DEU", "/compare")]
    assert [page.status_code for page in pages] == [200, 200, 429]
    assert re.search(r"wrong keys came from your address\. Try again in [0-9]+ seconds", text_of(pages[2].text))
    assert "data-key-form" not in pages[2].text
    assert 0 < int(pages[2].headers["Retry-After"]) <= 3600
    app.extensions[EXTENSION].close()


def test_a_saved_scenario_is_shown_to_its_owner_alone(locked: Flask) -> None:
    client, alice = locked.test_client(), key(locked, "alice", "read", "write")
    made: Any = client.post("/v1/scenarios", json=SCENARIO, headers=alice).json
    address = f"/countries/DEU?scenario={made['id']}"
    hers = client.get(address, headers=alice)
    assert hers.status_code == 200
    assert "half way (saved)" in text_of(hers.text)
    assert "Fork it" in hers.text
    theirs = client.get(address, headers=key(locked, "bob", "read"))
    assert theirs.status_code == 422
    assert "half way" not in theirs.text


def test_the_gateways_word_is_enough(state_dir: Path) -> None:
    app = create_app(
        Settings(
            state_dir=state_dir,
            draws=DRAWS,
            fit_timeout_s=FIT_TIMEOUT_S,
            trusted_proxies=1,
            identity_header="X-Forecast-Caller",
        )
    )
    headers = {"X-Forwarded-For": "192.0.2.1", "X-Forecast-Caller": "alice"}
    client = app.test_client()
    assert "of 31 allies" in text_of(client.get("/", headers=headers).text)
    assert "needs a key" in text_of(client.get("/", headers={"X-Forwarded-For": "192.0.2.1"}).text)
    app.extensions[EXTENSION].close()


def test_the_budget_lets_a_reader_drag_sliders_without_end(state_dir: Path) -> None:
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S))
    reader, changes, a_second = app.test_client(), 8, 20
    reader.get("/countries/DEU?gdp=9&spend=1.5&cap=4")
    before = left(reader)
    for change in range(changes):
        assert reader.get(f"/countries/DEU/live?gdp={change / 10:g}&spend=1.5&cap=4").status_code == 200
    spent = before - left(reader)
    # A forecast costs less with the few draws of the tests.
    assert spent / changes * a_second * 60 * Settings.draws / DRAWS < app.extensions[BUDGET].limit.amount
    app.extensions[EXTENSION].close()


def left(reader: FlaskClient) -> int:
    """What is left of the budget after one more answer."""
    answer = reader.post("/v1/forecasts", json={"country": "DEU"})
    return int(answer.headers["RateLimit"].rsplit("=", 1)[1])
