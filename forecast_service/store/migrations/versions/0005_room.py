"""Bytes of saved scenarios of each owner, so that no request has to add them up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "scenario_room",
        sa.Column("owner", sa.String(200), primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO scenario_room (owner, bytes) SELECT owner, SUM(LENGTH(CAST(body AS TEXT))) "
        "FROM scenarios JOIN scenario_versions ON scenario_id = id GROUP BY owner"
    )


def downgrade() -> None:
    """Nothing: the sizes are counted anew by the next upgrade."""
    op.drop_table("scenario_room")
