"""Saved scenarios in SQL. Every function is one transaction; a scenario that the caller may not see raises a 404."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forecast_service.errors import ServiceError
from forecast_service.ids import is_id, new_id
from forecast_service.store.database import database
from forecast_service.store.erasure import erase_scenario
from forecast_service.store.idempotency import IdempotentRequest, KeyOfDeleted, claim_key, used_key
from forecast_service.store.inserts import has_written, insert
from forecast_service.store.search import words
from forecast_service.store.tables import ScenarioRoom, ScenarioRow, ScenarioWord, VersionRow
from models.scenarios.after import stating_after

MAX_NUMBER = 2**31 - 1


class NoSuchScenario(ServiceError):
    """No scenario has this id, or the caller may not see it."""

    status, kind = 404, "no-such-scenario"
    detail = "There is no saved scenario, or no version of it, at this address."


class NotTheOwner(ServiceError):
    """The caller may read the scenario, but not change it."""

    status, detail = 403, "Only the owner may change it. POST to its fork to make your own copy."


class Stale(ServiceError):
    """The scenario has changed since the version named in If-Match."""

    status = 412
    detail = "If-Match names a version that is not current. Read it again, and apply your change to that."
    errors = ({"parameter": "If-Match", "detail": "must be the ETag of the current version"},)


class QuotaExceeded(ServiceError):
    """The caller's saved scenarios have reached their quota."""

    status, kind = 409, "no-room"

    def __init__(self, limit: int) -> None:
        used = f"Your quota of {limit:,} bytes of scenarios is used up."
        super().__init__(detail=f"{used} All versions count. Delete scenarios that you no longer need.")


@dataclass(frozen=True)
class Draft:
    """The content of a new version, with the model version and vintage it was written for."""

    body: dict[str, Any]
    public: bool
    based_on: str | None
    model_version: str
    vintage: str


@dataclass(frozen=True)
class ScenarioVersion:
    """One version of a saved scenario."""

    id: str
    version: int
    body: dict[str, Any]
    public: bool
    mine: bool
    based_on: str | None
    model_version: str
    vintage: str
    created_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        """The strong validator of this version, without its quotes."""
        return f"{self.id}-{self.version}"


def create(
    owner: str, draft: Draft, idempotent: IdempotentRequest | None = None, quota: int | None = None
) -> ScenarioVersion:
    """Save a new scenario. If the idempotency key was used before, return the scenario saved then.

    Parameters
    ----------
    quota : how many bytes of scenarios the owner may save; any number if None.

    Raises
    ------
    KeyReused, KeyOfDeleted, QuotaExceeded
    """
    identifier, now = new_id(), datetime.now(UTC)
    with database().writing() as session:
        if idempotent and (earlier := claim_key(session, owner, idempotent, identifier, now)):
            return _first_version(session, owner, earlier)
        _charge_quota(session, owner, draft, quota)
        row = ScenarioRow(
            id=identifier,
            owner=owner,
            name=draft.body["name"],
            description=draft.body["description"],
            public=draft.public,
            based_on=draft.based_on,
            current_version=1,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        version = _add_version(session, row, draft, now)
        return _version(row, version, owner)


def _charge_quota(session: Session, owner: str, draft: Draft, quota: int | None) -> None:
    """Add the draft's bytes to its owner's total; raise :class:`QuotaExceeded` if the quota is used up already."""
    added = insert(session, ScenarioRoom).values(owner=owner, bytes=len(json.dumps(draft.body)))
    counted = added.on_conflict_do_update(
        index_elements=["owner"],
        set_={"bytes": ScenarioRoom.bytes + added.excluded.bytes},
        where=None if quota is None else ScenarioRoom.bytes < quota,
    )
    if not has_written(session, counted) and quota is not None:
        raise QuotaExceeded(quota)


def created_before(owner: str, idempotent: IdempotentRequest) -> ScenarioVersion | None:
    """The scenario created earlier under this key; None if there is none.

    Raises
    ------
    KeyReused, KeyOfDeleted
    """
    with database().reading() as session:
        earlier = used_key(session, owner, idempotent, datetime.now(UTC))
        return _first_version(session, owner, earlier) if earlier else None


def _first_version(session: Session, owner: str, identifier: str) -> ScenarioVersion:
    row, first = session.get(ScenarioRow, identifier), session.get(VersionRow, (identifier, 1))
    if row is None or first is None:
        raise KeyOfDeleted
    return _version(row, first, owner)


def _add_version(session: Session, row: ScenarioRow, draft: Draft, now: datetime) -> VersionRow:
    version = VersionRow(
        scenario_id=row.id,
        number=row.current_version,
        body=draft.body,
        public=draft.public,
        model_version=draft.model_version,
        vintage=draft.vintage,
        created_at=now,
    )
    session.add(version)
    session.execute(delete(ScenarioWord).where(ScenarioWord.scenario_id == row.id))
    for position, tail in enumerate(words(row.name)):
        session.add(ScenarioWord(scenario_id=row.id, position=position, tail=tail, owner=row.owner, public=row.public))
    return version


def _version(row: ScenarioRow, version: VersionRow, caller: str) -> ScenarioVersion:
    return ScenarioVersion(
        id=row.id,
        version=version.number,
        body=stating_after(version.body, "resume"),
        public=version.public,
        mine=row.owner == caller,
        based_on=row.based_on,
        model_version=version.model_version,
        vintage=version.vintage,
        created_at=row.created_at,
        updated_at=version.created_at,
    )


def _row(session: Session, caller: str, identifier: str, *, lock: bool = False) -> ScenarioRow:
    row = session.get(ScenarioRow, identifier, with_for_update=lock) if is_id(identifier) else None
    if row is None or not (row.public or row.owner == caller):
        raise NoSuchScenario
    return row


def _row_to_change(session: Session, caller: str, identifier: str, expected: set[str] | None) -> ScenarioRow:
    row = _row(session, caller, identifier, lock=True)
    if row.owner != caller:
        raise NotTheOwner
    if expected is not None and not expected & {"*", f"{row.id}-{row.current_version}"}:
        raise Stale
    return row


def read(caller: str, identifier: str, number: int | None = None) -> ScenarioVersion:
    """One version of a scenario; the current one if ``number`` is None.

    Other callers see only those versions of a public scenario that were public themselves.

    Raises
    ------
    NoSuchScenario
    """
    with database().reading() as session:
        row = _row(session, caller, identifier)
        number = row.current_version if number is None else number
        version = session.get(VersionRow, (row.id, number)) if 0 < number <= MAX_NUMBER else None
        if version is None or not (version.public or row.owner == caller):
            raise NoSuchScenario
        return _version(row, version, caller)


def check_owner(caller: str, identifier: str) -> None:
    """Check that the caller may change the scenario.

    Raises
    ------
    NoSuchScenario, NotTheOwner
    """
    with database().reading() as session:
        if _row(session, caller, identifier).owner != caller:
            raise NotTheOwner


def versions(caller: str, identifier: str, before: int | None, limit: int) -> list[ScenarioVersion]:
    """The versions of a scenario below ``before``, latest first, at most ``limit``.

    Raises
    ------
    NoSuchScenario
    """
    with database().reading() as session:
        row = _row(session, caller, identifier)
        found = select(VersionRow).where(VersionRow.scenario_id == row.id)
        if before is not None:
            found = found.where(VersionRow.number < before)
        if row.owner != caller:
            found = found.where(VersionRow.public)
        found = found.order_by(VersionRow.number.desc()).limit(limit)
        return [_version(row, version, caller) for version in session.scalars(found)]


def replace(
    caller: str, identifier: str, draft: Draft, expected: set[str], quota: int | None = None
) -> ScenarioVersion:
    """Save a new version of a scenario. One of the validators in ``expected`` must be current.

    Raises
    ------
    NoSuchScenario, NotTheOwner, Stale, QuotaExceeded
    """
    now = datetime.now(UTC)
    with database().writing() as session:
        row = _row_to_change(session, caller, identifier, expected)
        _charge_quota(session, caller, draft, quota)
        row.name, row.description = draft.body["name"], draft.body["description"]
        row.public, row.updated_at = draft.public, now
        if draft.based_on is not None:
            row.based_on = draft.based_on
        row.current_version += 1
        return _version(row, _add_version(session, row, draft, now), caller)


def remove(caller: str, identifier: str, expected: set[str] | None) -> None:
    """Erase a scenario with all its versions and saved answers.

    Raises
    ------
    NoSuchScenario, NotTheOwner, Stale
    """
    with database().writing() as session:
        erase_scenario(session, _row_to_change(session, caller, identifier, expected))
    database().empty_log()
