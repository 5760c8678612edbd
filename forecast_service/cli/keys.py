"""``forecast-service keys``: the callers' API keys (FORECAST_AUTH=api-key)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from forecast_service.callers import SCOPES, is_caller
from forecast_service.cli.context import database_of
from forecast_service.schemas.texts import plain
from forecast_service.settings import Settings

if TYPE_CHECKING:
    from forecast_service.store.keys import Keys


@contextmanager
def _keys() -> Iterator[Keys]:
    from forecast_service.store.keys import Keys

    with database_of(Settings.from_environment()) as database:
        yield Keys(database)


@click.group()
def keys() -> None:
    """The callers' API keys (FORECAST_AUTH=api-key)."""


def owner_name(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """The id of a caller, checked."""
    if not is_caller(text):
        raise click.BadParameter("must be 1 to 200 printable characters without spaces at its ends")
    return text


def _scopes(_context: click.Context, _parameter: click.Parameter, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not set(names) <= set(SCOPES):
        raise click.BadParameter(f"must be some of {', '.join(SCOPES)}, with commas between")
    return names


def _name(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    if len(text) > 100:
        raise click.BadParameter("must be at most 100 characters")
    try:
        return plain(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@keys.command()
@click.option(
    "--owner", required=True, callback=owner_name, help="Owner of the key, and of all that is created with it."
)
@click.option("--scopes", default="read", show_default=True, callback=_scopes, help="Some of read,write,admin.")
@click.option("--name", default="", callback=_name, help="Purpose, up to 100 characters.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The day (UTC) from which it is invalid.")
def create(owner: str, scopes: list[str], name: str, expires: datetime | None) -> None:
    """Create a key in the database and print it, this once: the database holds only its hash."""
    until = None if expires is None else expires.replace(tzinfo=UTC)
    if until is not None and until <= datetime.now(UTC):
        raise click.BadParameter("must be in the future", param_hint="--expires")
    with _keys() as kept:
        identifier, key = kept.create(owner, scopes, name, until)
    # Only the key goes to standard output, so that it can be piped.
    click.echo(f"key {identifier} of {owner} ({', '.join(scopes)}); it is not shown again:", err=True)
    click.echo(key)


@keys.command("list")
def list_() -> None:
    """List all keys, without their secrets."""
    with _keys() as kept:
        rows = kept.all()
    now = datetime.now(UTC)
    for row in rows:
        ended = row.expires_at is not None and row.expires_at <= now
        state = "revoked" if row.revoked_at else "expired" if ended else "valid"
        moments = {"created": row.created_at, "expires": row.expires_at, "used": row.last_used_at}
        facts = " ".join(f"{what} {moment:%Y-%m-%d}" for what, moment in moments.items() if moment)
        click.echo(f"{row.id} {state} {row.scopes.replace(' ', ',')} {row.owner!r} {row.name!r} {facts}")


@keys.command()
@click.argument("identifier", metavar="ID")
def revoke(identifier: str) -> None:
    """Revoke a key for ever, in the database; ID is its middle part. Workers notice within seconds."""
    from forecast_service.store.keys import NoSuchKey

    with _keys() as kept:
        try:
            kept.revoke(identifier)
        except NoSuchKey:
            raise click.ClickException("no key has this id; 'keys list' lists them") from None
    click.echo(f"key {identifier} is revoked")


UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _overlap(_context: click.Context, _parameter: click.Parameter, text: str) -> timedelta:
    read = re.fullmatch(r"(\d{1,4})([mhd])", text)
    if read is None:
        raise click.BadParameter("must be a number with m, h or d, such as 24h")
    return timedelta(**{UNITS[read[2]]: int(read[1])})


@keys.command()
@click.argument("identifier", metavar="ID")
@click.option("--overlap", default="24h", show_default=True, callback=_overlap, help="Time for which both are valid.")
def rotate(identifier: str, overlap: timedelta) -> None:
    """Replace a key: create one with the same owner, scopes and name, and print it, this once.

    The key ID stays valid for the overlap. If it had an end, the new key is valid for as long as it was.
    """
    from forecast_service.store.keys import EndedKey, NoSuchKey

    with _keys() as kept:
        try:
            old, new, key = kept.rotate(identifier, overlap)
        except NoSuchKey:
            raise click.ClickException("no key has this id; 'keys list' lists them") from None
        except EndedKey:
            raise click.ClickException("this key has ended already; 'keys create' makes another") from None
    ends = f"key {identifier} of {old.owner} ends {old.expires_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{ends}; key {new} replaces it, and is not shown again:", err=True)
    click.echo(key)
