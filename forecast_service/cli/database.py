"""``forecast-service db``."""

from __future__ import annotations

import click

from forecast_service.cli.context import database_of
from forecast_service.settings import Settings


@click.group()
def db() -> None:
    """The database of scenarios (FORECAST_DATABASE_URL)."""


@db.command()
def upgrade() -> None:
    """Run missing migrations in the database, and put vintages there that an earlier release saved in the state folder.

    The embedded SQLite does both itself.
    """
    from sqlalchemy.exc import DBAPIError

    from forecast_service.forecasting.shared_vintages import SharedVintages
    from forecast_service.store.migrate import upgrade as run
    from forecast_service.store.vintages import Vintages

    settings = Settings.from_environment()
    with database_of(settings) as database:
        try:
            run(database.engine)
        except DBAPIError as error:
            why = str(error.orig).splitlines()[0]
            raise click.ClickException(f"the database cannot be upgraded: {why}") from None
        vintages = Vintages(database)
        for name in SharedVintages(settings.state.vintages, vintages).adopt(vintages.names()):
            click.echo(f"vintage {name} was put into the database")
    click.echo("the database is up to date")


@db.command()
def current() -> None:
    """Say whether the database is up to date; exit 1 if not."""
    with database_of(Settings.from_environment()) as database:
        state = database.state()
    if state:
        raise click.ClickException(f"database: {state}")
    click.echo("the database is up to date")
