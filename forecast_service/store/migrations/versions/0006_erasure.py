"""Erase deleted scenarios instead of marking them; let idempotency keys grow old."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)
INDEXES = {
    "scenarios_of_owner": (["owner", "id"], False),
    "scenarios_public": (["id"], True),
    "scenarios_of_owner_based_on": (["owner", "based_on", "id"], False),
    "scenarios_public_based_on": (["based_on", "id"], True),
}
"""Columns of each index of scenarios, and whether it has the public ones only."""


def _make_indexes(*terms: str) -> None:
    """Make the indexes of the rows for which all ``terms`` hold."""
    for name, (columns, public) in INDEXES.items():
        where = " AND ".join([*terms, *(["public"] if public else [])])
        # SQLite has no booleans and uses a partial index only for queries with the same term.
        sqlite_where = where.replace("public", "public = 1")
        partial: dict[str, Any] = {"sqlite_where": sa.text(sqlite_where), "postgresql_where": sa.text(where)}
        op.create_index(name, "scenarios", columns, **(partial if where else {}))


def _drop_indexes() -> None:
    for name in INDEXES:
        op.drop_index(name, "scenarios")


def upgrade() -> None:
    deleted = "(SELECT id FROM scenarios WHERE deleted_at IS NOT NULL)"
    for table in ("kept_answers", "scenario_words", "scenario_versions"):
        op.execute(f"DELETE FROM {table} WHERE scenario_id IN {deleted}")  # noqa: S608
    op.execute("DELETE FROM scenarios WHERE deleted_at IS NOT NULL")
    op.execute("DELETE FROM scenario_room")
    op.execute(
        "INSERT INTO scenario_room (owner, bytes) SELECT owner, SUM(LENGTH(CAST(body AS TEXT))) "
        "FROM scenarios JOIN scenario_versions ON scenario_id = id GROUP BY owner"
    )
    _drop_indexes()
    # Not in a batch, which would copy the table: other tables refer to it.
    op.execute("ALTER TABLE scenarios DROP COLUMN deleted_at")
    _make_indexes()
    op.execute("DELETE FROM idempotency WHERE scenario_id IS NULL")
    with op.batch_alter_table("idempotency") as batch:
        batch.alter_column("scenario_id", new_column_name="created_id", existing_type=sa.String(26), nullable=False)
        batch.drop_column("version")
        batch.drop_column("status")
    op.create_index("idempotency_by_age", "idempotency", ["created_at"])


def downgrade() -> None:
    """Nothing; what was deleted stays erased."""
    op.drop_index("idempotency_by_age", "idempotency")
    with op.batch_alter_table("idempotency") as batch:
        batch.alter_column("created_id", new_column_name="scenario_id", existing_type=sa.String(26), nullable=True)
        batch.add_column(sa.Column("version", sa.Integer))
        batch.add_column(sa.Column("status", sa.Integer))
    op.execute("UPDATE idempotency SET status = 202 WHERE scenario_id IN (SELECT id FROM sweeps)")
    op.execute("UPDATE idempotency SET status = 201, version = 1 WHERE status IS NULL")
    with op.batch_alter_table("idempotency") as batch:
        batch.alter_column("status", existing_type=sa.Integer, nullable=False)
    _drop_indexes()
    op.add_column("scenarios", sa.Column("deleted_at", MOMENT))
    _make_indexes("deleted_at IS NULL")
