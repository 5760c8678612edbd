"""The database and vintages for commands, and what ends a command: one line on standard error and an exit code."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from forecast_service.cli import streams
from forecast_service.errors import ServiceError
from forecast_service.settings import BadSetting, Settings
from forecast_service.settings.database import database_url
from models.dataset.importers import BadFile
from models.dataset.observations import UnknownVintage
from models.dataset.vintages import BadName, DamagedVintage, VintageExists
from models.simulation.path_store import StoreUnavailable

if TYPE_CHECKING:
    from forecast_service.forecasting.shared_vintages import SharedVintages
    from forecast_service.store.database import Database, DatabaseUnavailable

COMMAND_S = 60.0
"""Longest time of one statement of a command or a sweep worker (s); no request waits for it."""
CLOSED_PIPE = 128 + signal.SIGPIPE
"""The exit code of other programs whose reader has gone."""


class Commands(click.Group):
    """A group of commands that end with a message instead of a traceback for the errors in :func:`refusals`."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        with refusals(), _flushed():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        # The message of the command says it already; 'serve' and 'work' log it, since they have a handler.
        logging.getLogger("forecast_service.store").addHandler(logging.NullHandler())
        with refusals(), _flushed():
            return super().invoke(ctx)


@contextmanager
def _flushed() -> Iterator[None]:
    """Write out the output within the command, where its errors are understood."""
    try:
        yield
    finally:
        sys.stdout.flush()


def end_by_signals() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does, so that it tidies up; other handlers stay."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # one is enough
    raise KeyboardInterrupt(number)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn interruptions, and errors that an operator can correct, into a message and an exit code of the command.

    Notes of the exception are added to the message.
    """
    try:
        yield
    except KeyboardInterrupt as stopped:
        # Without notes the exit code says it all, and helpers that are told to end as they start log nothing.
        if getattr(stopped, "__notes__", ()):
            click.echo(_with_notes("Stopped", stopped), err=True)
        raise click.exceptions.Exit(128 + (stopped.args[0] if stopped.args else signal.SIGINT)) from None
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in streams.OUTPUT_FAULTS:
            streams.drop_output()
            if isinstance(error, BrokenPipeError):
                raise click.exceptions.Exit(CLOSED_PIPE) from None
            error.filename = "standard output"
        why = _why(error)
        if why is None:
            raise
        raise click.ClickException(_with_notes(why, error)) from None


def _with_notes(said: str, error: BaseException) -> str:
    return "; ".join((said, *getattr(error, "__notes__", ())))


def _why(error: Exception) -> str | None:
    """The message for the operator; None for errors that no operator can correct."""
    # Imported late: most commands do not need them.
    from forecast_service.store.database import DatabaseUnavailable, ReadOnly
    from forecast_service.sweeps.executors import ExecutorUnavailable

    if isinstance(error, BadSetting | ExecutorUnavailable | BadFile | BadName | DamagedVintage):
        return str(error)
    if isinstance(error, OSError):
        return _of_file(error)
    if isinstance(error, StoreUnavailable):
        return f"fits cannot be saved in {Settings.from_environment().state.fits}: {error.detail}"
    if isinstance(error, BrokenExecutor):
        return "a process that computes was ended from outside, perhaps because memory is short"
    if isinstance(error, DatabaseUnavailable):
        return _of_database(error)
    if isinstance(error, ReadOnly):
        return "FORECAST_READ_ONLY is set, so nothing is saved; FORECAST_READ_ONLY=false before the command allows it"
    if isinstance(error, ServiceError):
        return error.detail
    if isinstance(error, UnknownVintage):
        return f"there is no vintage {error}: see 'data vintages'"
    if isinstance(error, VintageExists):
        return f"{error} is there already, and vintages never change: choose another --vintage"
    return None


def _of_file(error: OSError) -> str:
    said = error.strerror or str(error)
    return said if error.filename is None else f"{error.filename}: {said}"


def _of_database(error: DatabaseUnavailable) -> str:
    """What is wrong with the database, and the first line of what its driver says."""
    cause = error.__cause__
    driver = _of_file(cause) if isinstance(cause, OSError) else str(getattr(cause, "orig", "") or "")
    return f"database: {error.cause}" + (f" ({driver.splitlines()[0]})" if driver else "")


@contextmanager
def database_of(settings: Settings, timeout_s: float | None = COMMAND_S) -> Iterator[Database]:
    """The database, closed at the end of the block; ``timeout_s`` as for ``Database``."""
    from forecast_service.store.database import Database

    database = Database(database_url(settings), timeout_s, read_only=settings.read_only)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def vintage_store(settings: Settings) -> Iterator[SharedVintages]:
    """The vintages in the database and the state folder; errors of vintages and files end the command."""
    from forecast_service.forecasting.shared_vintages import SharedVintages
    from forecast_service.store.vintages import Vintages

    with refusals(), database_of(settings) as database:
        yield SharedVintages(settings.state.vintages, Vintages(database))
