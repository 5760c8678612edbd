"""Remember when each source of figures was last refreshed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "refreshes",
        sa.Column("source", sa.String(50), primary_key=True),
        sa.Column("succeeded_at", MOMENT),
        sa.Column("failed_at", MOMENT),
    )


def downgrade() -> None:
    """When each source was last refreshed."""
    op.drop_table("refreshes")
