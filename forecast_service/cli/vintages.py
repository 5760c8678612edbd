"""``forecast-service data use``, ``rollback`` and ``current``: the vintage that answers use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from forecast_service.settings import Settings
from forecast_service.settings.cores import cores

if TYPE_CHECKING:
    from forecast_service.forecasting.registry import ForecasterRegistry
    from forecast_service.store.tables import SwitchRow

BY = "command line"


def _registry() -> ForecasterRegistry:
    from forecast_service.forecasting.registry import ForecasterRegistry

    return ForecasterRegistry(Settings.from_environment())


def _say(row: SwitchRow) -> None:
    ahead = (row.effective_at - row.written_at).total_seconds()
    click.echo(f"{row.vintage} is current from {row.effective_at:%Y-%m-%d %H:%M:%S} UTC on, in {ahead:.0f} s")


def _checked(registry: ForecasterRegistry, name: str) -> str:
    names = registry.vintages()
    if name not in names:
        raise click.BadParameter(f"must be one of {', '.join(names)}", param_hint="NAME")
    return name


@click.command()
@click.argument("name")
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=cores(),
    show_default="all cores that it may use",
    help="Missing fits made at once.",
)
def use(name: str, processes: int) -> None:
    """Make the vintage NAME current: fit what is missing, then switch all replicas at one moment.

    Fits are saved in the state folder, the switch in the database.
    """
    from forecast_service.cli.progress import progress_bar
    from forecast_service.forecasting.fit_missing import fit_missing

    registry = _registry()
    missing = registry.missing(_checked(registry, name))
    with progress_bar() as progress:
        task = progress.add_task("fitting", total=len(missing))
        fit_missing(registry, name, processes, lambda _code: progress.update(task, advance=1))
    _say(registry.switches.use(name, BY))


@click.command()
def rollback() -> None:
    """Undo the last switch, in the database: the vintage before it becomes current. Its fits are saved already."""
    _say(_registry().switches.undo(BY))


@click.command("current")
def current_vintage() -> None:
    """Print the current vintage, pending switches and past ones."""
    switches = _registry().switches
    found = switches.read()
    rows = [(row, row.effective_at <= found.now) for row in found.rows] if found else []
    click.echo(next((row.vintage for row, past in rows if past), switches.default))
    for row, past in rows:
        undoes = f", undoes {row.undoes}" if row.undoes else ""
        when = "from" if past else "to come,"
        click.echo(f"  {row.number}: {row.vintage} {when} {row.effective_at:%Y-%m-%d %H:%M:%S} UTC{undoes}")
