"""Switches between vintages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "vintage_switches",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("vintage", sa.String(50), nullable=False),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("written_by", sa.String(200), nullable=False),
        sa.Column("undoes", sa.Integer),
    )


def downgrade() -> None:
    """All switches between vintages: FORECAST_VINTAGE is current."""
    op.drop_table("vintage_switches")
