"""``forecast-service data``: check the bundled tables, import files, list and compare vintages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast_service.cli.context import database_of, vintage_store
from forecast_service.settings import Settings
from forecast_service.settings.downloads import hosts, refreshed
from models.dataset.countries import COMPONENTS, allies
from models.dataset.importers import READERS, Content
from models.scenarios.targets import HAGUE_DEADLINE

if TYPE_CHECKING:
    from forecast_service.forecasting.vintage_download import Conditions
    from models.dataset.countries import Component
    from models.dataset.diff import Change
    from models.dataset.imports import Prepared
    from models.dataset.vintages import VintageStore

SHOWN = 40
"""Most changes shown of each table without --all."""


def show(found: Prepared, *, everything: bool = False) -> None:
    """Print the changes in a file and the findings of its checks."""
    show_changes(found.changes, everything=everything)
    for finding in found.draft.findings:
        click.echo(str(finding), err=finding.severity == "error")


def show_changes(changes: tuple[Change, ...], *, everything: bool = False) -> None:
    """Print changes by table."""
    for table in dict.fromkeys(change.table for change in changes):
        mine = [change for change in changes if change.table == table]
        click.echo(f"{table}: {len(mine)} figures differ")
        for change in mine if everything else mine[:SHOWN]:
            click.echo(f"  {change}")
        if len(mine) > SHOWN and not everything:
            click.echo(f"  ... and {len(mine) - SHOWN} more (--all)")


def keep(vintages: VintageStore, found: Prepared, *, dry_run: bool, everything: bool = False) -> bool:
    """Show a file and save it as a vintage; returns whether it was saved. Errors end the command."""
    show(found, everything=everything)
    name = found.draft.name
    if found.refused:
        raise click.ClickException(f"{name} is refused; nothing was changed")
    if found.holds_nothing_new:
        click.echo(f"nothing in it differs from {found.draft.base}: no vintage was made")
        return False
    if dry_run:
        click.echo(f"{name} would be saved; nothing was changed")
        return False
    vintages.add(found.draft)
    click.echo(f"saved as {name}; 'forecast-service data use {name}' makes it current")
    return True


@click.command()
def check() -> None:
    """Check the bundled tables."""
    from models.dataset import tables
    from models.dataset.checks import check as findings

    found = findings()
    for finding in found:
        click.echo(finding, err=True)
    if found:
        raise click.exceptions.Exit(1)
    rows = sum(len(tables.read(name)) for name in tables.NAMES)
    click.echo(f"{len(tables.NAMES)} tables, {rows} rows: all checks hold")


_BASE = click.option("--base", help="The vintage that the file's figures replace or extend; the newest if absent.")
_VINTAGE = click.option("--vintage", help="Name of the new vintage; from its source and edition if absent.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would change; save nothing.")
_ALL = click.option("--all", "everything", is_flag=True, help="Show every figure that differs.")


@click.command("import")
@click.argument("where", metavar="FILE|URL")
@click.option("--source", type=click.Choice(list(READERS)), required=True, help="Publisher of the file.")
@_VINTAGE
@_BASE
@DRY_RUN
@_ALL
@click.option("--sha256", default="", help="Required SHA-256 of a downloaded file.")
@click.option("--again", is_flag=True, help="Download the file even if it was imported last time.")
def import_file(
    where: str,
    source: str,
    vintage: str | None,
    base: str | None,
    dry_run: bool,
    everything: bool,
    sha256: str,
    again: bool,
) -> None:
    """Make a vintage in the database from a publisher's FILE or URL: read and check it, show the changes, save it.

    Answers do not change until 'data use'. A file with errors changes nothing.
    """
    from models.dataset.imports import prepare

    settings = Settings.from_environment()
    with vintage_store(settings) as vintages:
        conditions = None
        if where.startswith(("http://", "https://")):
            fetched = fetch(settings, where, sha256, again=again)
            if fetched is None:
                click.echo("the file is the one that was imported last: nothing was done (--again)")
                return
            data, conditions = fetched
        else:
            data = _read(Path(where))
        content = Content(data, where.rsplit("/", 1)[-1][:200])
        kept = keep(
            vintages,
            prepare(vintages, source, content, base or vintages.names()[-1], vintage),
            dry_run=dry_run,
            everything=everything,
        )
        if kept and conditions:
            remember(settings, where, conditions)


def _read(path: Path) -> bytes:
    from models.dataset.importers.base import MOST_BYTES

    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def fetch(settings: Settings, url: str, sha256: str = "", *, again: bool = False) -> tuple[bytes, Conditions] | None:
    """Download a file; returns its bytes and conditions, or None if it is the one imported last."""
    from forecast_service.forecasting.vintage_download import Conditions, DownloadError, Limits, download
    from forecast_service.store.downloads import Downloads

    limits, known = Limits(hosts(settings)), None
    if limits.hosts and not again:
        with database_of(settings) as database:
            if row := Downloads(database).recall(url):
                known = Conditions(row.etag, row.last_modified, row.sha256)
    try:
        found = download(url, limits, known, sha256)
    except DownloadError as error:
        raise click.ClickException(str(error)) from None
    return None if found is None else (found.data, found.conditions)


def remember(settings: Settings, url: str, conditions: Conditions) -> None:
    """Save the conditions (ETag and date) of an imported file for the next download."""
    from forecast_service.store.downloads import Downloads

    with database_of(settings) as database:
        Downloads(database).keep(url, **asdict(conditions))


@click.command("vintages")
def list_vintages() -> None:
    """List the vintages, oldest first, with their base, changed tables and warnings."""
    with vintage_store(Settings.from_environment()) as vintages:
        for name in vintages.names():
            manifest = vintages.manifest(name)
            new = ", ".join(table.name for table in manifest.tables if table.changed) or "nothing"
            origin = f"{manifest.created_at:.19}, over {manifest.base}: {new}" if manifest.created_at else "bundled"
            warned = f"; {len(manifest.findings)} warnings" if manifest.findings else ""
            click.echo(f"{name}  {manifest.sha256[:12]}  {origin}{warned}")
        for why in vintages.damaged().values():
            click.echo(f"damaged: {why}", err=True)


@click.command("diff")
@click.argument("before")
@click.argument("after")
@_ALL
def differ(before: str, after: str, everything: bool) -> None:
    """Show every figure that differs between the vintages BEFORE and AFTER."""
    from models.dataset.diff import difference

    settings = Settings.from_environment()
    with vintage_store(settings) as vintages:
        a, b = (vintages.figures(name, sipri=settings.sipri) for name in (before, after))
        show_changes(difference(a, b), everything=everything)


@click.command()
@click.argument("before")
@click.argument("after")
@click.argument("countries", metavar="[COUNTRY]...", nargs=-1)
@click.option("--component", type=click.Choice(COMPONENTS), default="core", show_default=True)
@click.option("--scenario", default="baseline", show_default=True, help="Name of a shipped scenario.")
@click.option("--deadline", type=int, default=HAGUE_DEADLINE, show_default=True, help="Deadline year.")
def why(
    before: str, after: str, countries: tuple[str, ...], component: Component, scenario: str, deadline: int
) -> None:
    """Explain the change of the probability from vintage BEFORE to AFTER: new figures, growth, plans, model.

    For each COUNTRY, or all allies that the target applies to. Missing fits are saved in the state folder.
    """
    from models.analysis.vintage_change import INPUTS, Comparison
    from models.dataset.countries import UnknownCountry
    from models.errors import CannotForecast
    from models.forecast import Forecaster
    from models.scenarios.builtin import UnknownScenario
    from models.scenarios.targets import Targets
    from models.simulation.path_store import PathStore

    settings = Settings.from_environment()
    with vintage_store(settings) as vintages:
        store = PathStore(settings.state.fits)
        sides = (
            Forecaster(vintages.figures(name, sipri=settings.sipri), store, settings.draws, settings.seed)
            for name in (before, after)
        )
        comparison = Comparison(*sides)
        click.echo(f"{'':5}{before:>12}{after:>12}" + "".join(f"{name:>10}" for name in INPUTS))
        armed = [ally.code for ally in allies().values() if ally.has_armed_forces or component == "related"]
        for country in countries or armed:
            try:
                found = comparison.why(country, component, scenario, Targets(deadline))
            except UnknownCountry as error:
                raise click.BadParameter(error.detail, param_hint="COUNTRY") from None
            except UnknownScenario:
                raise click.BadParameter("is no shipped scenario", param_hint="--scenario") from None
            except CannotForecast as error:
                raise click.ClickException(f"{error.field}: {error.detail}") from None
            parts = "".join(f"{found.parts[name]:>+10.3f}" for name in INPUTS)
            click.echo(f"{found.ally.code:5}{found.before:>12.3f}{found.after:>12.3f}{parts}")


@click.command()
@DRY_RUN
def refresh(dry_run: bool) -> None:
    """Download and import the files in FORECAST_REFRESH, for a schedule; skip unchanged files.

    Each file makes a vintage in the database, based on the newest. If a file fails, the others are still imported
    and the command exits with 1. The current vintage stays the same until 'data use'.
    """
    from forecast_service.store import refreshes
    from models.dataset.imports import prepare

    settings = Settings.from_environment()
    if not settings.refresh:
        raise click.ClickException("FORECAST_REFRESH names nothing to fetch")
    succeeded = dict.fromkeys((source for source, _url in refreshed(settings)), True)
    for source, url in refreshed(settings):
        click.echo(f"{source}: {url}")
        try:
            with vintage_store(settings) as vintages:
                fetched = fetch(settings, url)
                if fetched is None:
                    click.echo("the file is the one that was imported last")
                    continue
                data, conditions = fetched
                content = Content(data, url.rsplit("/", 1)[-1][:200])
                keep(vintages, prepare(vintages, source, content, vintages.names()[-1]), dry_run=dry_run)
                if not dry_run:
                    remember(settings, url, conditions)
        except click.ClickException as error:
            click.echo(f"error: {error.format_message()}", err=True)
            succeeded[source] = False
    if not dry_run:
        with database_of(settings) as database:
            refreshes.record(database, succeeded)
    if not all(succeeded.values()):
        raise click.exceptions.Exit(1)
