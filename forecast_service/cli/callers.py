"""``forecast-service callers``: what the database holds of a caller."""

from __future__ import annotations

import click

from forecast_service.cli.context import database_of
from forecast_service.cli.keys import owner_name
from forecast_service.settings import Settings


@click.group()
def callers() -> None:
    """What the database holds of a caller."""


@callers.command()
@click.argument("owner", callback=owner_name)
@click.confirmation_option(prompt="This erases all that the caller has saved, and cannot be undone. Go on?")
def erase(owner: str) -> None:
    """Erase all of OWNER: API keys, scenarios, saved answers, sweeps, idempotency keys.

    If OWNER was calling the service, run it again after ten seconds: a key may work for five seconds longer.
    """
    from forecast_service.store.erasure import erase_owner

    with database_of(Settings.from_environment()) as database:
        for what, number in erase_owner(database, owner).items():
            click.echo(f"{what}: {number} erased")
