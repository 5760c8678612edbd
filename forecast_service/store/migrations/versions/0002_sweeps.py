"""Sweeps and their chunks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("model_version", sa.String(50), nullable=False),
        sa.Column("evaluations", sa.Integer, nullable=False),
        sa.Column("evaluations_done", sa.Integer, nullable=False),
        sa.Column("chunks", sa.Integer, nullable=False),
        sa.Column("chunks_done", sa.Integer, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
    )
    op.create_index("sweeps_of_owner", "sweeps", ["owner", "id"])
    op.create_table(
        "sweep_chunks",
        sa.Column("sweep_id", sa.String(26), sa.ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("evaluations", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_by", sa.String(200)),
        sa.Column("leased_until", MOMENT),
        sa.Column("result", sa.LargeBinary),
    )
    open_chunks = sa.text("result IS NULL")
    op.create_index(
        "sweep_chunks_open",
        "sweep_chunks",
        ["number", "sweep_id"],
        sqlite_where=open_chunks,
        postgresql_where=open_chunks,
    )


def downgrade() -> None:
    """All sweeps, with their results."""
    for table in ("sweep_chunks", "sweeps"):
        op.drop_table(table)
