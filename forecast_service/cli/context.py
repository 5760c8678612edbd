"""The database and vintages for commands, and errors that end a command with a message."""

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
    """A group of commands that end with a message instead of a traceback for the errors in :func:`refusals`."""

    def invoke(self, ctx: click.Context) -> Any:
        with refusals():
            return super().invoke(ctx)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn errors that an operator can correct into messages of the command."""
    try:
        yield
    except Exception as error:
        why = _why(error)
        if why is None:
            raise
        raise click.ClickException(why) from None


def _why(error: Exception) -> str | None:
    """The message for the operator; None for errors that no operator can correct."""
    # Imported late: most commands do not need them.
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
        return f"{error} is there already, and vintages never change: choose another --vintage"
    return None


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database, closed at the end of the block."""
    from forecast_service.store.database import Database

    database = Database(database_url(settings))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def vintage_store(settings: Settings) -> Iterator[VintageStore]:
    """The vintages in the state folder; errors of vintages and files end the command."""
    with refusals():
        try:
            yield VintageStore(settings.state.vintages)
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'the state folder'}: {error.strerror}") from None
