"""Lists of saved scenarios. Every page reads a few ranges of an index, for any number of scenarios."""

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
    """``text`` with case and the encoding of accents made uniform, for comparisons."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def words(name: str) -> list[str]:
    """The parts of ``name`` that begin at each of its words: a search finds the beginning of any of them."""
    folded = fold(name)
    starts = {0} | {match.start() for match in re.finditer(r"\w+", folded)}
    return [folded[start : start + 100] for start in sorted(starts)]


def matches(name: str, wanted: str) -> bool:
    """Whether a search for ``wanted`` finds ``name``."""
    return any(tail.startswith(fold(wanted)) for tail in words(name))


@dataclass(frozen=True)
class Filter:
    """Which scenarios a list contains."""

    caller: str
    mine: bool = True
    public: bool = True
    based_on: str | None = None
    q: str | None = None


@dataclass(frozen=True)
class Listed:
    """A scenario on a page, and the cursor of the page that begins after it."""

    row: ScenarioRow
    after: tuple[str, ...]


def page(wanted: Filter, after: Sequence[str] | None, limit: int) -> list[Listed]:
    """At most ``limit`` scenarios, latest first; those of a search in the order of the words found."""
    with database().reading() as session:
        if wanted.q is not None:
            return _search(session, wanted, fold(wanted.q), after, limit)
        found: dict[str, ScenarioRow] = {}
        # One query for each index: with an OR, both databases would read more rows than the page needs.
        for one in _sources(wanted, ScenarioRow.owner, ScenarioRow.public):
            query = _filtered(select(ScenarioRow), wanted).where(one)
            if after:
                query = query.where(ScenarioRow.id < after[0])
            found |= {row.id: row for row in session.scalars(query.order_by(ScenarioRow.id.desc()).limit(limit))}
        return [Listed(found[key], (key,)) for key in sorted(found, reverse=True)[:limit]]


def _search(session: Session, wanted: Filter, q: str, after: Sequence[str] | None, limit: int) -> list[Listed]:
    found: list[Listed] = []
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
            # List a name once, under its first matching word.
            if _first(words(row.name), q) == position:
                found.append(Listed(row, place))
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
    return query if wanted.based_on is None else query.where(ScenarioRow.based_on == wanted.based_on)
