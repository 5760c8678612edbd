"""Feeds: the vintages of the figures, and what each switch between them moved.

No request for a feed computes anything. What a switch moved takes minutes to compute: a background process does it
once, for one switch after the other, the latest first, and the entry changes when it is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as Xml

from flask import Response, request

from forecast_service.forecasting import vintage_change_task
from forecast_service.forecasting.registry import forecasters
from forecast_service.formatting import percent
from forecast_service.http import atom, documents
from forecast_service.http.addresses import absolute
from forecast_service.http.atom import Entry, Feed, Link
from forecast_service.media_types import ATOM_TYPE, CONTENT_TYPES, JSON
from forecast_service.services.vintages import summary
from forecast_service.store.vintage_switches import Change, changes
from models.dataset.countries import allies
from models.scenarios.targets import CORE_TARGET, HAGUE_DEADLINE

AUTHOR = "forecast_service"
URN = "urn:forecast-service:"
QUESTION = (
    f"Probability that core spending is at least {CORE_TARGET:g} % of GDP in {HAGUE_DEADLINE}, on present course."
)
LEAST = 0.005
"""Smaller contributions (of a probability) round to no point."""
HTML = "text/html"

_begun: set[tuple[str, str]] = set()
"""The pairs of vintages whose change this process has had computed: one that fails is not begun by each reader anew."""


def answer(feed: Feed) -> Response:
    """The feed, or 304. No cache gives it unasked: it changes at a switch, and when a computation ends."""
    return documents.send(atom.write(feed), f"{ATOM_TYPE}; charset=utf-8", "private, no-cache", feed.updated)


def vintages() -> Feed:
    """An entry for each vintage, the latest first."""
    made = changes(forecasters().switches.read(), forecasters().switches.default)
    entries = [_vintage(name, made) for name in reversed(forecasters().vintages())]
    links = [_here(), Link(_address("dashboard.sources"), "alternate", HTML)]
    subtitle = "Editions of the figures that the forecasts rest on."
    return Feed(f"{URN}feed:vintages", "Vintages of the figures", subtitle, AUTHOR, links, entries)


def forecasts() -> Feed:
    """An entry for each switch of the current vintage, the latest first, and for the vintage that was the first."""
    reading, default = forecasters().switches.read(), forecasters().switches.default
    made = changes(reading, default)
    entries = [_switch(change) for change in made]
    _compute_next(made)
    if reading is None or not reading.rows or reading.rows[-1].number == 1:  # all switches were read
        entries.append(_first(default))
    links = [_here(), Link(_address("dashboard.over_time"), "alternate", HTML)]
    return Feed(f"{URN}feed:forecasts", "How the forecasts moved", QUESTION, AUTHOR, links, entries)


def _address(endpoint: str, **values: Any) -> str:
    return absolute(endpoint, forecasters().settings.public_address, **values)


def _here() -> Link:
    return Link(_address(str(request.endpoint)), "self", ATOM_TYPE)


def _appeared(facts: dict[str, Any]) -> datetime:
    """When a vintage was imported; of one that ships, when its core shares were published."""
    published = forecasters().forecaster(facts["name"]).figures.published
    return datetime.fromisoformat(facts["created_at"] or published).replace(tzinfo=UTC)


def _vintage(name: str, made: list[Change]) -> Entry:
    facts = summary(name)
    appeared = _appeared(facts)
    state = "In use." if facts["current"] else "Not in use."
    source = (
        "It ships with the service." if facts["bundled"] else f"It was imported; what it lacks is {facts['base']}'s."
    )
    said = f"Its figures end in {facts['origin']}. {source} {state}"
    content = Xml.Element("div")
    _add(content, "p", said)
    sources = Xml.SubElement(content, "ul")
    for each in facts["sources"]:
        item = _add(sources, "li", f"{each.publisher}, {each.date}: ")
        web = each.public_address.startswith("https://")
        _add(item, "a", each.title, href=each.public_address) if web else _add(item, "span", each.title)
    return Entry(
        # Another service may have imported other figures under the same name.
        f"{URN}vintage:{name}" if facts["bundled"] else f"{URN}vintage:{name}:{facts['sha256'][:16]}",
        f"Figures of {name}",
        max([appeared, *(one.row.effective_at for one in made if name in {one.before, one.after})]),
        appeared,
        said,
        [
            Link(_address("dashboard.over_time", b=name), "alternate", HTML),
            Link(_address("vintages.get_vintage", name=name), "related", CONTENT_TYPES[JSON]),
        ],
        content,
    )


def _first(name: str) -> Entry:
    """The entry for the vintage that was current before any switch."""
    facts = summary(name)
    appeared, said = _appeared(facts), f"Forecasts rest on {name}, whose figures end in {facts['origin']}."
    content = Xml.Element("div")
    _add(content, "p", said)
    links = [
        Link(_address("dashboard.overview"), "alternate", HTML),
        Link(_address("vintages.get_vintage", name=name), "related", CONTENT_TYPES[JSON]),
    ]
    return Entry(f"{URN}first:{name}", f"Forecasts from {name}", appeared, appeared, said, links, content)


def _switch(change: Change) -> Entry:
    row, (a, b) = change.row, (change.before, change.after)
    settings = forecasters().settings
    found = vintage_change_task.saved(settings, a, b)
    saved_at = vintage_change_task.saved_at(settings, a, b)
    moved = [] if found is None else _moved(found, b)
    content = Xml.Element("div")
    if found is not None:
        said = _headline(moved, a, b)
        _add(content, "p", f"{said} {QUESTION}")
        _table(content, moved, a, b)
        _add(content, "p", _left_out(found, b))
    else:
        said = f"Forecasts rest on {b} instead of {a}. {_why_nothing(a, b)}"
        _add(content, "p", said)
    moment = row.effective_at
    return Entry(
        f"{URN}switch:{row.number}:{row.written_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}:{b}",
        f"Forecasts from {b}{' again' if row.undoes else ''}, no longer from {a}",
        max(moment, saved_at or moment),
        moment,
        said,
        [
            Link(_address("dashboard.over_time", a=a, b=b), "alternate", HTML),
            Link(_address("vintages.get_diff", a=a, b=b), "related", CONTENT_TYPES[JSON]),
        ],
        content,
    )


def _moved(found: Iterable[dict[str, Any]], vintage: str) -> list[dict[str, Any]]:
    """The allies whose change is known, by name, the largest change first."""
    known = allies(forecasters().forecaster(vintage).figures.tables)
    rows = [row["change"] | {"name": known[row["code"]].name} for row in found if row["change"]]
    return sorted(rows, key=lambda row: (-abs(row["after"] - row["before"]), row["name"]))


def _headline(moved: list[dict[str, Any]], a: str, b: str) -> str:
    if not moved:
        return f"Forecasts rest on {b} instead of {a}."
    most = moved[0]
    up, down = (sum(sign * (row["after"] - row["before"]) >= LEAST for row in moved) for sign in (1, -1))
    told = f"{most['name']} moved most: {percent(most['before'])} by {a}, {percent(most['after'])} by {b}."
    return f"{told} Of {len(moved)} allies, {up} went up by a point or more and {down} went down."


def _why_nothing(a: str, b: str) -> str:
    if _are_here(a, b):
        return "The service computes what moved, the latest switch first; then this entry changes."
    return "One of the two is here no more, so what moved cannot be computed."


def _table(parent: Xml.Element, moved: list[dict[str, Any]], a: str, b: str) -> None:
    table = Xml.SubElement(parent, "table")
    head = Xml.SubElement(Xml.SubElement(table, "thead"), "tr")
    for title in ("Ally", a, b, "Points", "Moved by"):
        _add(head, "th", title)
    body = Xml.SubElement(table, "tbody")
    for row in moved:
        parts = sorted(row["parts"].items(), key=lambda part: (-abs(part[1]), part[0]))
        by = ", ".join(f"{name} {_points(value)}" for name, value in parts if abs(value) >= LEAST)
        line = Xml.SubElement(body, "tr")
        difference = _points(row["after"] - row["before"])
        for cell in (row["name"], percent(row["before"]), percent(row["after"]), difference, by):
            _add(line, "td", cell)


def _left_out(found: Iterable[dict[str, Any]], vintage: str) -> str:
    known = allies(forecasters().forecaster(vintage).figures.tables)
    note = (
        "Figures, growth, plans, model: what of the new vintage moved it. Parts of less than half a point are left out."
    )
    gone = [f"{known[row['code']].name} is left out: {row['reason']}." for row in found if row["change"] is None]
    return " ".join((note, *gone))


def _points(change: float) -> str:
    """A change of a probability in percentage points, with its sign."""
    rounded = round(100 * change)
    return f"{rounded:+d}".replace("-", "−") if rounded else "0"


def _add(parent: Xml.Element, tag: str, text: str, **attributes: str) -> Xml.Element:
    child = Xml.SubElement(parent, tag, attributes)
    child.text = text
    return child


def _are_here(a: str, b: str) -> bool:
    return forecasters().has(a) and forecasters().has(b)


def _compute_next(made: list[Change]) -> None:
    """Begin to compute what the latest switch moved of which that is not known, once in the life of this process."""
    settings = forecasters().settings
    for change in made:
        a, b = pair = (change.before, change.after)
        if pair in _begun or vintage_change_task.saved_at(settings, a, b) or not _are_here(a, b):
            continue
        for name in pair:
            forecasters().vintage_store.require_copy(name)  # the process has no database
        if vintage_change_task.start(settings, a, b):
            _begun.add(pair)
        return
