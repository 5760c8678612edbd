"""The feeds as a feed reader reads them: valid, with what each switch moved, and not sent again unless they changed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as Xml

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from forecast_service import create_app
from forecast_service.forecasting import vintage_change_task
from forecast_service.forecasting.registry import EXTENSION as FORECASTERS
from forecast_service.http.atom import NAMESPACE
from forecast_service.services import feeds
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION as DATABASE
from forecast_service.store.migrate import upgrade
from forecast_service.store.tables import SwitchRow
from forecast_service.store.vintage_switches import LEAST_AHEAD_S
from models.dataset.tables import VINTAGES
from tests.support.contract import CheckedClient
from tests.support.databases import KINDS, fresh
from tests.support.service import DRAWS

BOTH = ("/feeds/vintages.atom", "/feeds/forecasts.atom")
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARTS = {"figures": 0.001, "growth": -0.05, "plans": 0.21, "model": 0.209}
MOVED = [
    {"code": "BEL", "change": {"before": 0.3, "after": 0.26, "standard_error": 0.01, "parts": PARTS}, "reason": None},
    {"code": "DEU", "change": {"before": 0.1, "after": 0.47, "standard_error": 0.01, "parts": PARTS}, "reason": None},
    {"code": "ISL", "change": None, "reason": "<Iceland> & no armed forces"},
]


@pytest.fixture(params=KINDS)
def own(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with an empty database of each kind, behind a proxy; nothing is computed."""
    begun: list[tuple[str, str]] = []
    monkeypatch.setattr(
        vintage_change_task, "spawn_once", lambda command, *_: begun.append(tuple(command[4:6])) or True
    )
    monkeypatch.setattr(feeds, "_begun", set())
    with fresh(request.param, tmp_path) as url:
        settings = Settings(state_dir=tmp_path, draws=DRAWS, database_url=url, trusted_proxies=1, log_level="error")
        app = create_app(settings)
        app.test_client_class = CheckedClient
        app.extensions["begun"] = begun
        upgrade(app.extensions[DATABASE].engine)
        yield app
        app.extensions[DATABASE].close()


@pytest.fixture
def reading(own: Flask) -> FlaskClient:
    return own.test_client()


def read(client: FlaskClient, address: str, **headers: str) -> Any:
    """The feed, valid by feedparser's strict parser."""
    answer = client.get(address, headers=headers)
    assert (answer.status_code, answer.content_type) == (200, "application/atom+xml; charset=utf-8")
    feed = feedparser.parse(answer.data, sanitize_html=False)
    assert (feed.bozo, feed.version) == (0, "atom10")
    well_formed(answer.data)
    return feed


def well_formed(text: bytes) -> None:
    """Fail unless the feed has what RFC 4287 asks of it."""
    root = Xml.fromstring(text)  # noqa: S314  our own
    ids = [element.text for element in root.iter(f"{{{NAMESPACE}}}id")]
    assert len(ids) == len(set(ids))
    assert all(str(one).startswith("urn:forecast-service:") for one in ids)
    for place in (root, *root.iterfind(f"{{{NAMESPACE}}}entry")):
        for name in ("id", "title", "updated"):
            assert len(place.findall(f"{{{NAMESPACE}}}{name}")) == 1
        links = {link.get("rel"): link.get("href") for link in place.iterfind(f"{{{NAMESPACE}}}link")}
        assert "alternate" in links
        assert all(urlsplit(str(href)).scheme in {"http", "https"} for href in links.values())
    assert root.find(f"{{{NAMESPACE}}}author/{{{NAMESPACE}}}name") is not None


def switched(app: Flask, *vintages: str, apart: timedelta = timedelta(hours=1), **facts: Any) -> None:
    """Write switches that took effect one after the other from :data:`MOMENT` on."""
    with app.extensions[DATABASE].writing() as session:
        for number, vintage in enumerate(vintages, start=1):
            write(session, number, vintage, MOMENT + (number - 1) * apart, **facts)


def write(session: Session, number: int, vintage: str, effective_at: datetime, **facts: Any) -> None:
    written = {"written_at": effective_at - timedelta(seconds=20), "written_by": "anna", "undoes": None} | facts
    session.add(SwitchRow(number=number, vintage=vintage, effective_at=effective_at, **written))


def computed(app: Flask, a: str, b: str, rows: Any = MOVED, at: datetime = MOMENT + timedelta(minutes=9)) -> None:
    """Save what moved between two vintages, as the background process does."""
    file = vintage_change_task._file(app.extensions[FORECASTERS].settings, a, b)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(rows))
    os.utime(file, (at.timestamp(), at.timestamp()))


def test_there_is_an_entry_for_each_vintage(reading: FlaskClient) -> None:
    feed = read(reading, BOTH[0])
    assert [entry.title for entry in feed.entries] == [f"Figures of {name}" for name in reversed(VINTAGES)]
    newest = feed.entries[0]
    assert newest.summary == "Its figures end in 2026. It ships with the service. In use."
    assert newest.updated == newest.published == feed.feed.updated == "2026-07-10T00:00:00Z"
    assert "Not in use." in feed.entries[1].summary
    assert "Defence Investment of NATO Countries (2014-2026)" in newest.content[0].value
    assert {link.rel: link.href for link in newest.links} == {
        "alternate": "http://localhost/over-time?b=nato-2026",
        "related": "http://localhost/v1/vintages/nato-2026",
    }
    for link in newest.links:
        assert reading.get(link.href.removeprefix("http://localhost")).status_code == 200


def test_where_nothing_was_ever_switched_the_forecasts_have_one_entry(reading: FlaskClient) -> None:
    feed = read(reading, BOTH[1])
    assert [entry.title for entry in feed.entries] == ["Forecasts from nato-2026"]
    assert reading.application.extensions["begun"] == []


def test_a_switch_adds_an_entry_with_what_moved_by_ally(own: Flask, reading: FlaskClient) -> None:
    before = [entry.id for entry in read(reading, BOTH[1]).entries]
    switched(own, "nato-2025")
    computed(own, "nato-2026", "nato-2025")
    feed = read(reading, BOTH[1])
    assert [entry.id for entry in feed.entries][1:] == before, "ids stay"
    entry = feed.entries[0]
    assert entry.title == "Forecasts from nato-2025, no longer from nato-2026"
    assert entry.summary == (
        "Germany moved most: 10 % by nato-2026, 47 % by nato-2025. "
        "Of 2 allies, 1 went up by a point or more and 1 went down."
    )
    rows = Xml.fromstring(entry.content[0].value).findall(".//tbody/tr")  # noqa: S314  our own
    assert [[cell.text for cell in row] for row in rows] == [
        ["Germany", "10 %", "47 %", "+37", "plans +21, model +21, growth −5"],
        ["Belgium", "30 %", "26 %", "−4", "plans +21, model +21, growth −5"],
    ]
    assert "Iceland is left out: &lt;Iceland&gt; &amp; no armed forces." in entry.content[0].value
    assert (entry.published, entry.updated) == ("2026-03-01T12:00:00Z", "2026-03-01T12:09:00Z")
    assert {link.rel: link.href for link in entry.links} == {
        "alternate": "http://localhost/over-time?a=nato-2026&b=nato-2025",
        "related": "http://localhost/v1/vintages/nato-2026/diff/nato-2025",
    }


def test_what_moved_is_computed_once_for_one_switch_at_a_time(own: Flask, reading: FlaskClient) -> None:
    switched(own, "nato-2025", "nato-2019")
    begun = own.extensions["begun"]
    latest, older = ("nato-2025", "nato-2019"), ("nato-2026", "nato-2025")
    entry = read(reading, BOTH[1]).entries[0]
    assert "The service computes what moved, the latest switch first" in entry.summary
    assert entry.updated == entry.published
    assert begun == [latest]
    computed(own, *latest, at=MOMENT + timedelta(hours=2))
    entry = read(reading, BOTH[1]).entries[0]
    assert entry.summary.startswith("Germany moved most")
    assert entry.updated > entry.published
    assert begun == [latest, older]
    for _ in range(3):
        read(reading, BOTH[1])
    assert begun == [latest, older], "no reader begins it anew"


def test_a_change_that_waits_for_its_turn_is_asked_for_again(own: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(vintage_change_task, "spawn_once", lambda *command: bool(asked.append(command)))
    switched(own, "nato-2025")
    for number in (1, 2):
        read(own.test_client(), BOTH[1])
        assert len(asked) == number


def test_only_what_took_effect_is_in_the_feed(own: Flask, reading: FlaskClient) -> None:
    soon = datetime.now(UTC) + timedelta(days=9)
    with own.extensions[DATABASE].writing() as session:
        write(session, 1, "nato-2025", MOMENT)
        write(session, 2, "nato-2019", MOMENT + timedelta(seconds=60))  # taken back before its moment
        write(session, 3, "nato-2025", MOMENT + timedelta(seconds=50), undoes=2)
        write(session, 4, "nato-2026", MOMENT + timedelta(days=1), undoes=1)
        write(session, 5, "nato-2019", soon)
    assert [entry.title for entry in read(reading, BOTH[1]).entries] == [
        "Forecasts from nato-2026 again, no longer from nato-2025",
        "Forecasts from nato-2025, no longer from nato-2026",
        "Forecasts from nato-2026",
    ]


def test_the_feed_has_at_most_fifty_entries(own: Flask, reading: FlaskClient) -> None:
    switched(own, *(["nato-2025", "nato-2026"] * 30))
    entries = read(reading, BOTH[1]).entries
    assert len(entries) == 49, "what the oldest of the 50 switches that are read came from is not known"
    assert entries[-1].published == (MOMENT + timedelta(hours=11)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_real_switch_is_followed_by_both_feeds(own: Flask, reading: FlaskClient) -> None:
    old = read(reading, BOTH[0]), reading.get(BOTH[0]).headers["ETag"]
    switches = own.extensions[FORECASTERS].switches
    row = switches.use("nato-2025", "anna")
    with own.extensions[DATABASE].writing() as session:
        session.get(SwitchRow, row.number).effective_at -= timedelta(seconds=2 * LEAST_AHEAD_S + 60)
    own.extensions[FORECASTERS].current_vintage._ready |= {"nato-2025"}
    own.extensions[FORECASTERS].current_vintage.poll()
    new = read(reading, BOTH[0])
    assert ["In use." in entry.summary for entry in new.entries][:2] == [False, True]
    assert new.feed.updated > old[0].feed.updated
    assert [entry.id for entry in new.entries] == [entry.id for entry in old[0].entries]
    assert reading.get(BOTH[0], headers={"If-None-Match": old[1]}).status_code == 200
    assert len(read(reading, BOTH[1]).entries) == 2


@pytest.mark.parametrize("address", BOTH)
def test_a_reader_that_has_it_is_told_so(own: Flask, reading: FlaskClient, address: str) -> None:
    switched(own, "nato-2025")
    first = reading.get(address)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert reading.get(address).data == first.data, "the same bytes each time"
    held = {"If-None-Match": first.headers["ETag"]}, {"If-Modified-Since": first.headers["Last-Modified"]}
    for headers in held:
        again = reading.get(address, headers=headers)
        assert (again.status_code, again.data) == (304, b"")
    long_ago = {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}
    assert reading.get(address, headers=long_ago).status_code == 200
    assert reading.get(address, headers={"If-None-Match": '"x"'} | held[1]).status_code == 200
    packed = reading.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers.get("Content-Encoding") == "gzip"
    with own.extensions[DATABASE].writing() as session:
        write(session, 2, "nato-2026", MOMENT + timedelta(days=300) - timedelta(days=100))
    assert [reading.get(address, headers=headers).status_code for headers in held] == [200, 200]


def test_links_have_the_prefix_and_host_of_the_gateway(reading: FlaskClient) -> None:
    gateway = {"X-Forwarded-Prefix": "/forecasting", "X-Forwarded-Host": "api.example", "X-Forwarded-Proto": "https"}
    for address in BOTH:
        feed = read(reading, address, **gateway)
        links = [link.href for part in (feed.feed, *feed.entries) for link in part.links]
        assert all(link.startswith("https://api.example/forecasting/") for link in links)
        assert f"https://api.example/forecasting{address}" in links
        assert [entry.id for entry in feed.entries] == [entry.id for entry in read(reading, address).entries]


def test_links_have_the_public_address_if_it_is_set(own: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = own.extensions[FORECASTERS]
    known = {name: getattr(registry.settings, name) for name in ("state", "draws", "seed", "sipri")}
    monkeypatch.setattr(registry, "settings", SimpleNamespace(public_address="https://nato.example/api/", **known))
    feed = read(own.test_client(), BOTH[0], **{"X-Forwarded-Prefix": "/forecasting"})
    assert feed.feed.links[0].href == "https://nato.example/api/feeds/vintages.atom"


def test_the_pages_name_the_feeds(reading: FlaskClient) -> None:
    for page in ("/", "/sources", "/method"):
        text = reading.get(page, headers={"X-Forwarded-Prefix": "/forecasting"}).text
        for address in BOTH:
            assert re.search(
                rf'<link rel="alternate" type="application/atom\+xml" title="[^"]+" href="/forecasting{address}">', text
            )
