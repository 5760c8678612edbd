"""The tables. Migrations create them; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """A time in UTC. SQLite stores it without a time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Both databases compare it byte by byte in every locale, which searches for a prefix need.
BYTEWISE = String(100).with_variant(String(100, collation="C"), "postgresql")
NAME = String(100)


class Base(DeclarativeBase):
    """All tables."""


class ScenarioRow(Base):
    """The current state of a saved scenario; ``VersionRow`` holds its content."""

    __tablename__ = "scenarios"

    # Begins with the time of creation, so that ids sort by time.
    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(NAME)
    description: Mapped[str] = mapped_column(Text)
    public: Mapped[bool] = mapped_column(Boolean)
    based_on: Mapped[str | None] = mapped_column(NAME)
    current_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)


# The same words as in the queries: SQLite has no booleans and uses a partial index only for the same term.
_IS_PUBLIC: dict[str, Any] = {"sqlite_where": text("public = 1"), "postgresql_where": text("public")}
# One index for each list: its filter, then the id that the cursor holds.
Index("scenarios_of_owner", ScenarioRow.owner, ScenarioRow.id)
Index("scenarios_public", ScenarioRow.id, **_IS_PUBLIC)
Index("scenarios_of_owner_based_on", ScenarioRow.owner, ScenarioRow.based_on, ScenarioRow.id)
Index("scenarios_public_based_on", ScenarioRow.based_on, ScenarioRow.id, **_IS_PUBLIC)


class ScenarioWord(Base):
    """A part of a name that begins at one of its words, in lower case, for searches."""

    __tablename__ = "scenario_words"

    scenario_id: Mapped[str] = mapped_column(String(26), ForeignKey("scenarios.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tail: Mapped[str] = mapped_column(BYTEWISE)
    owner: Mapped[str] = mapped_column(String(200))
    public: Mapped[bool] = mapped_column(Boolean)


Index("scenario_words_of_owner", ScenarioWord.owner, ScenarioWord.tail, ScenarioWord.scenario_id)
Index(
    "scenario_words_public",
    ScenarioWord.tail,
    ScenarioWord.scenario_id,
    **_IS_PUBLIC,
)


class ScenarioRoom(Base):
    """Bytes of all versions that an owner has saved."""

    __tablename__ = "scenario_room"

    owner: Mapped[str] = mapped_column(String(200), primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)


class VersionRow(Base):
    """One version of a scenario, with its model version and vintage. It never changes."""

    __tablename__ = "scenario_versions"

    scenario_id: Mapped[str] = mapped_column(String(26), ForeignKey("scenarios.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    public: Mapped[bool] = mapped_column(Boolean)
    model_version: Mapped[str] = mapped_column(String(50))
    vintage: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime] = mapped_column(Moment)


class IdempotencyKey(Base):
    """A request carried out under an Idempotency-Key of its caller; ``created_id`` may be deleted by now."""

    __tablename__ = "idempotency"

    owner: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    created_id: Mapped[str] = mapped_column(String(26))
    created_at: Mapped[datetime] = mapped_column(Moment)


Index("idempotency_by_age", IdempotencyKey.created_at)


class SavedAnswer(Base):
    """A saved answer under a version of a scenario."""

    __tablename__ = "kept_answers"
    __table_args__ = (
        ForeignKeyConstraint(["scenario_id", "number"], ["scenario_versions.scenario_id", "scenario_versions.number"]),
    )

    scenario_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    question_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    model_version: Mapped[str] = mapped_column(String(50), primary_key=True)
    vintage: Mapped[str] = mapped_column(String(50), primary_key=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Moment)


class KeyRow(Base):
    """An API key."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[str] = mapped_column(String(100))
    hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)


class SweepRow(Base):
    """A sweep; ``document`` determines its results (:class:`models.analysis.sweep.Sweep`)."""

    __tablename__ = "sweeps"

    # Begins with the time of creation, so that ids sort by time.
    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10))
    document: Mapped[str] = mapped_column(Text)
    model_version: Mapped[str] = mapped_column(String(50))
    evaluations: Mapped[int] = mapped_column(Integer)
    evaluations_done: Mapped[int] = mapped_column(Integer)
    chunks: Mapped[int] = mapped_column(Integer)
    chunks_done: Mapped[int] = mapped_column(Integer)
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


Index("sweeps_of_owner", SweepRow.owner, SweepRow.id)


class ChunkRow(Base):
    """One chunk of a sweep. Chunks of an ended sweep that have no result are deleted."""

    __tablename__ = "sweep_chunks"

    sweep_id: Mapped[str] = mapped_column(String(26), ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    evaluations: Mapped[int] = mapped_column(Integer)
    attempts: Mapped[int] = mapped_column(Integer)
    leased_by: Mapped[str | None] = mapped_column(String(200))
    leased_until: Mapped[datetime | None] = mapped_column(Moment)
    result: Mapped[bytes | None] = mapped_column(LargeBinary)


_OPEN = text("result IS NULL")
# Workers lease low numbers first, so that a small sweep does not wait for a large one before it.
Index("sweep_chunks_open", ChunkRow.number, ChunkRow.sweep_id, sqlite_where=_OPEN, postgresql_where=_OPEN)


class SwitchRow(Base):
    """From ``effective_at`` on, ``vintage`` is current, unless a row with a higher number is in effect."""

    __tablename__ = "vintage_switches"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    vintage: Mapped[str] = mapped_column(String(50))
    effective_at: Mapped[datetime] = mapped_column(Moment)
    written_at: Mapped[datetime] = mapped_column(Moment)
    written_by: Mapped[str] = mapped_column(String(200))
    undoes: Mapped[int | None] = mapped_column(Integer)


class VintageRow(Base):
    """An imported vintage. It never changes.

    ``archive`` is the ZIP of its files, ``sha256`` the hash of its tables and ``size`` the bytes of the archive.
    """

    __tablename__ = "vintages"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)
    archive: Mapped[bytes] = mapped_column(LargeBinary)


class DownloadRow(Base):
    """The validators of the file that was last imported from a URL."""

    __tablename__ = "downloads"

    url_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    etag: Mapped[str] = mapped_column(Text)
    last_modified: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))


class RefreshRow(Base):
    """When all files of a source were last refreshed; ``failed_at`` if the last refresh failed."""

    __tablename__ = "refreshes"

    source: Mapped[str] = mapped_column(String(50), primary_key=True)
    succeeded_at: Mapped[datetime | None] = mapped_column(Moment)
    failed_at: Mapped[datetime | None] = mapped_column(Moment)
