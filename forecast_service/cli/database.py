"""``forecast-service db``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from forecast_service.cli.context import database_of
from forecast_service.settings import Settings

if TYPE_CHECKING:
    from forecast_service.store.database import Database


@click.group()
def db() -> None:
    """The database of scenarios (FORECAST_DATABASE_URL)."""


@contextmanager
def _changing(how: str) -> Iterator[Database]:
    """The database, without time limits; errors of its driver end the command."""
    from sqlalchemy.exc import DBAPIError

    with database_of(Settings.from_environment(), None) as database:
        try:
            yield database
        except DBAPIError as error:
            why = str(error.orig).splitlines()[0]
            raise click.ClickException(f"the database cannot be {how}: {why}") from None


@db.command()
def upgrade() -> None:
    """Run missing migrations in the database, and put vintages there that an earlier release saved in the state folder.

    The embedded SQLite does both itself.
    """
    from forecast_service.forecasting.shared_vintages import SharedVintages
    from forecast_service.store.migrate import upgrade as run
    from forecast_service.store.vintages import Vintages

    settings = Settings.from_environment()
    with _changing("upgraded") as database:
        run(database.engine)
        vintages = Vintages(database)
        for name in SharedVintages(settings.state.vintages, vintages).adopt(vintages.names()):
            click.echo(f"vintage {name} was put into the database")
    click.echo("the database is up to date")


@db.command()
@click.argument("revision", required=False)
@click.option("--yes", is_flag=True, help="Do it. Without this, only say what would be lost.")
def downgrade(revision: str | None, yes: bool) -> None:
    """Undo migrations, for an earlier release that cannot use this release's tables.

    REVISION is the last migration that stays, such as 0005; all but the last stay if absent. First stop all replicas
    and workers, and back the database up. Then start the earlier release: this one would not be ready.
    """
    from forecast_service.store.database import revisions
    from forecast_service.store.migrate import downgrade as run
    from forecast_service.store.migrate import losses

    *earlier, _last = revisions()
    target = revision or earlier[-1]
    if target not in earlier:
        raise click.BadParameter(f"must be one of {', '.join(earlier)}", param_hint="REVISION")
    with _changing("downgraded") as database:
        lost = losses(database.engine, target)
        if not lost:
            raise click.ClickException(f"the database has no migration after {target}")
        for number, what in lost.items():
            click.echo(f"{number} undone; lost for good: {what}", err=True)
        if not yes:
            raise click.ClickException("nothing was changed; --yes does it")
        run(database.engine, target)
    click.echo(f"the database is at {target}")


@db.command()
def current() -> None:
    """Say whether the database is up to date; exit 1 if not."""
    with database_of(Settings.from_environment()) as database:
        state = database.state()
    if state:
        raise click.ClickException(f"database: {state}")
    click.echo("the database is up to date")
