"""Lists of saved scenarios: every page is a few ranges of an index, however many there are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from forecast_service.store.database import database
from forecast_service.store.tables import ScenarioRow, ScenarioWord

_LAST = "\U0010ffff"


def fold(text: str) -> str:
    """``text`` without regard to case and to how its accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def words(name: str) -> list[str]:
    """``name`` from each of its words on: a search for the beginning of any of them finds it."""
    folded = fold(name)
    starts = {0} | {match.start() for match in re.finditer(r"\w+", folded)}
    return [folded[start : start + 100] for start in sorted(starts)]


def matches(name: str, wanted: str) -> bool:
    """Whether a search for ``wanted`` finds ``name``."""
    return any(tail.startswith(fold(wanted)) for tail in words(name))


@dataclass(frozen=True)
class Filter:
    """Which scenarios are wanted."""

    caller: str
    mine: bool = True
    public: bool = True
    based_on: str | None = None
    q: str | None = None


@dataclass(frozen=True)
class Found:
    """A scenario on a page, and where the next page goes on after it."""

    row: ScenarioRow
    after: tuple[str, ...]


def page(wanted: Filter, after: Sequence[str] | None, limit: int) -> list[Found]:
    """At most ``limit`` scenarios: the latest first, or by what the search found."""
    with database().reading() as session:
        if wanted.q is not None:
            return _search(session, wanted, fold(wanted.q), after, limit)
        found: dict[str, ScenarioRow] = {}
        # One query for each index: with an OR neither database would read only as far as the page goes.
        for one in _sources(wanted, ScenarioRow.owner, ScenarioRow.public):
            query = _filtered(select(ScenarioRow), wanted).where(one)
            if after:
                query = query.where(ScenarioRow.id < after[0])
            found |= {row.id: row for row in session.scalars(query.order_by(ScenarioRow.id.desc()).limit(limit))}
        return [Found(found[key], (key,)) for key in sorted(found, reverse=True)[:limit]]


def _search(session: Session, wanted: Filter, q: str, after: Sequence[str] | None, limit: int) -> list[Found]:
    found: list[Found] = []
    while True:
        batch: dict[tuple[str, str], tuple[ScenarioRow, int]] = {}
        key = tuple_(ScenarioWord.tail, ScenarioWord.scenario_id)
        for one in _sources(wanted, ScenarioWord.owner, ScenarioWord.public):
            query = select(ScenarioRow, ScenarioWord).join(ScenarioWord, ScenarioWord.scenario_id == ScenarioRow.id)
            query = _filtered(query, wanted).where(one, ScenarioWord.tail >= q, ScenarioWord.tail < q + _LAST)
            if after:
                query = query.where(key > tuple_(*after))
            query = query.order_by(ScenarioWord.tail, ScenarioWord.scenario_id).limit(limit)
            for row, word in session.execute(query):
                batch[word.tail, row.id] = (row, word.position)
        for place in sorted(batch)[:limit]:
            row, position = batch[place]
            # A name of which several words match is listed once, under the first of them.
            if _first(words(row.name), q) == position:
                found.append(Found(row, place))
            if len(found) == limit:
                return found
        if len(batch) < limit:
            return found
        after = sorted(batch)[:limit][-1]


def _first(tails: Iterable[str], q: str) -> int:
    return next(position for position, tail in enumerate(tails) if tail.startswith(q))


def _sources(wanted: Filter, owner: Any, public: Any) -> list[Any]:
    return [owner == wanted.caller] * wanted.mine + [public] * wanted.public


def _filtered(query: Any, wanted: Filter) -> Any:
    query = query.where(ScenarioRow.deleted_at.is_(None))
    return query if wanted.based_on is None else query.where(ScenarioRow.based_on == wanted.based_on)
