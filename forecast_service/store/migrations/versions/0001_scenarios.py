"""Scenarios, their versions, idempotency keys and saved answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# A migration describes the tables of its time, so it imports nothing from tables.py, which changes.
MOMENT = sa.DateTime(timezone=True)
BYTEWISE = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    # SQLite has no booleans and uses a partial index only for queries with the same term.
    sqlite_where = where.replace("public", "public = 1")
    op.create_index(name, table, columns, sqlite_where=sa.text(sqlite_where), postgresql_where=sa.text(where))


def upgrade() -> None:
    op.create_table(
        "scenarios",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("based_on", sa.String(100)),
        sa.Column("current_version", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT),
    )
    live, public = "deleted_at IS NULL", "deleted_at IS NULL AND public"
    _partial_index("scenarios_of_owner", "scenarios", ["owner", "id"], live)
    _partial_index("scenarios_public", "scenarios", ["id"], public)
    _partial_index("scenarios_of_owner_based_on", "scenarios", ["owner", "based_on", "id"], live)
    _partial_index("scenarios_public_based_on", "scenarios", ["based_on", "id"], public)
    op.create_table(
        "scenario_words",
        sa.Column("scenario_id", sa.String(26), sa.ForeignKey("scenarios.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tail", BYTEWISE, nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
    )
    op.create_index("scenario_words_of_owner", "scenario_words", ["owner", "tail", "scenario_id"])
    _partial_index("scenario_words_public", "scenario_words", ["tail", "scenario_id"], "public")
    op.create_table(
        "scenario_versions",
        sa.Column("scenario_id", sa.String(26), sa.ForeignKey("scenarios.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("model_version", sa.String(50), nullable=False),
        sa.Column("vintage", sa.String(50), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("owner", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("scenario_id", sa.String(26)),
        sa.Column("version", sa.Integer),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "kept_answers",
        sa.Column("scenario_id", sa.String(26), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("question_hash", sa.String(64), primary_key=True),
        sa.Column("model_version", sa.String(50), primary_key=True),
        sa.Column("vintage", sa.String(50), primary_key=True),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["scenario_id", "number"], ["scenario_versions.scenario_id", "scenario_versions.number"]
        ),
    )


def downgrade() -> None:
    """All scenarios, with their versions and answers."""
    for table in ("kept_answers", "idempotency", "scenario_versions", "scenario_words", "scenarios"):
        op.drop_table(table)
