"""Finished answers under a version of a scenario: what a link showed, it shows again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from forecast_service.store.database import database
from forecast_service.store.scenarios import ScenarioVersion, insert_new
from forecast_service.store.tables import SavedAnswer

MAX_PER_VERSION = 1000
"""Answers kept of one version: 31 allies and a few dozen questions. What is asked beyond is answered, not kept."""


def saved_answer(version: ScenarioVersion, question_hash: str) -> dict[str, Any] | None:
    """What was answered under the model and figures that ``version`` was written for."""
    with database().reading() as session:
        key = (version.id, version.version, question_hash, version.model_version, version.vintage)
        found = session.get(SavedAnswer, key)
        return None if found is None else found.body


def save_answer(version: ScenarioVersion, question_hash: str, body: dict[str, Any]) -> None:
    """Keep an answer; the first one stays."""
    with database().writing() as session:
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
        insert_new(session, SavedAnswer, values)
