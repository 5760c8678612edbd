"""Runs Alembic's migrations on a connection that :mod:`forecast_service.store.migrate` opened."""

from __future__ import annotations

from alembic import context

from forecast_service.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by creating it again
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
