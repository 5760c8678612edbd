"""What commands work with, and the error that a command ends with where something of it is missing or damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from forecast_service.errors import ServiceError
from forecast_service.settings import BadSetting, Settings
from forecast_service.settings.database import database_url
from models.dataset.importers import BadFile
from models.dataset.observations import UnknownVintage
from models.dataset.vintages import BadName, DamagedVintage, VintageExists, VintageStore

if TYPE_CHECKING:
    from forecast_service.store.database import Database


class Commands(click.Group):
    """A group whose commands end with an error in words, and no traceback, where :func:`refusals` has words for it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        with refusals():
            return super().invoke(ctx)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what keeps a command from its work into the command's error."""
    try:
        yield
    except Exception as error:
        why = _why(error)
        if why is None:
            raise
        raise click.ClickException(why) from None


def _why(error: Exception) -> str | None:
    """What the operator is told; None of what no operator can mend."""
    # Only where something is wrong: most commands do without them.
    from forecast_service.store.database import DatabaseUnavailable
    from forecast_service.sweeps.executors import ExecutorUnavailable

    if isinstance(error, BadSetting | ExecutorUnavailable | BadFile | BadName | DamagedVintage):
        return str(error)
    if isinstance(error, DatabaseUnavailable):
        return f"database: {error.cause}"
    if isinstance(error, ServiceError):
        return error.detail
    if isinstance(error, UnknownVintage):
        return f"there is no vintage {error}: see 'data vintages'"
    if isinstance(error, VintageExists):
        return f"{error} is there already, and is never changed: give another --vintage"
    return None


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database, closed at the end."""
    from forecast_service.store.database import Database

    database = Database(database_url(settings))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def vintage_store(settings: Settings) -> Iterator[VintageStore]:
    """The vintages in the state folder; what is wrong with them, or with a file, ends what is done with them."""
    with refusals():
        try:
            yield VintageStore(settings.state.vintages)
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'the state folder'}: {error.strerror}") from None
