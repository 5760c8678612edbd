"""Saved answers of a scenario's version, so that a link shows the same answer later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from forecast_service.store.database import database
from forecast_service.store.inserts import has_written, insert
from forecast_service.store.scenarios import ScenarioVersion
from forecast_service.store.tables import SavedAnswer, VersionRow

MAX_PER_VERSION = 1000
"""Most saved answers of one version: 31 allies and a few dozen questions. Further answers are not saved."""


def saved_answer(version: ScenarioVersion, question_hash: str) -> dict[str, Any] | None:
    """The saved answer under ``version``'s own model version and vintage; None if there is none."""
    with database().reading() as session:
        key = (version.id, version.version, question_hash, version.model_version, version.vintage)
        found = session.get(SavedAnswer, key)
        return None if found is None else found.body


def save_answer(version: ScenarioVersion, question_hash: str, body: dict[str, Any]) -> None:
    """Save an answer, unless there is one, the version has :data:`MAX_PER_VERSION`, or it was deleted by now.

    While the database is read-only nothing is saved: the same answer is computed again.
    """
    if database().read_only:
        return
    with database().writing() as session:
        # The lock keeps the version, which others may use too, until the answer refers to it.
        if session.get(VersionRow, (version.id, version.version), with_for_update={"read": True}) is None:
            return
        of_version = (SavedAnswer.scenario_id == version.id, SavedAnswer.number == version.version)
        if (session.scalar(select(func.count()).where(*of_version)) or 0) >= MAX_PER_VERSION:
            return
        values = {
            "scenario_id": version.id,
            "number": version.version,
            "question_hash": question_hash,
            "model_version": version.model_version,
            "vintage": version.vintage,
            "body": body,
            "created_at": datetime.now(UTC),
        }
        has_written(session, insert(session, SavedAnswer).values(values).on_conflict_do_nothing())
