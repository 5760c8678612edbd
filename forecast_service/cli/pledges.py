"""``forecast-service data pledges``: edit the table of plans. Every edit makes a new vintage."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast_service.cli.context import vintage_store
from forecast_service.cli.data import DRY_RUN, keep
from forecast_service.cli.streams import emit
from forecast_service.settings import Settings
from models.dataset.countries import COMPONENTS, STANCES, STATUSES, with_status

if TYPE_CHECKING:
    from models.dataset.tables import Row


_VINTAGE = click.option("--vintage", help="Name of the new vintage; the base's name and the day if absent.")
_BASE = click.option("--base", help="The vintage whose table is edited; the newest if absent.")


@click.group()
def pledges() -> None:
    """The table of plans and positions. Every edit saves a new vintage in the database; the old one stays."""


@pledges.command("list")
@click.option("--country", help="One ally: code or name.")
@click.option("--csv", "as_csv", is_flag=True, help="Whole rows as CSV for 'pledges import'.")
@_BASE
def list_pledges(country: str | None, as_csv: bool, base: str | None) -> None:
    """List the plans of all allies, or of one, with their numbers."""
    with vintage_store(Settings.from_environment()) as vintages:
        rows = vintages.tables(base or vintages.names()[-1]).read("pledges")
        wanted = {_code(country)} if country else {row["iso3"] for row in rows}
        chosen = [(number, row) for number, row in enumerate(rows, 1) if row["iso3"] in wanted]
        if as_csv:
            text = io.StringIO(newline="")
            out = csv.DictWriter(text, list(with_status(rows[0])), lineterminator="\n")
            out.writeheader()
            out.writerows(with_status(row) for _, row in chosen)
            emit(text.getvalue())
            return
        for number, row in ((number, with_status(row)) for number, row in chosen):
            aim = " by ".join(x for x in (row["target_pct"] and f"{row['target_pct']} %", row["year"]) if x)
            said = f"{row['stance']}, {row['stated_on']}; {row['status']}, {row['status_on']}"
            click.echo(f"{number}: {row['iso3']} {row['component']} {aim or '-'} ({said})")


@pledges.command("add")
@click.option("--country", required=True, help="Code or name of an ally.")
@click.option("--component", type=click.Choice(COMPONENTS), default="core", show_default=True)
@click.option("--target", "target_pct", type=click.FloatRange(0, 6, min_open=True), help="Planned share, % of GDP.")
@click.option("--year", type=click.IntRange(2024, 2040), help="Year of the planned share.")
@click.option("--stance", type=click.Choice(STANCES), required=True, help="Kind of statement.")
@click.option("--status", type=click.Choice(STATUSES), help="What has become of it; by the stance if absent.")
@click.option("--stated-on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Day of the statement.")
@click.option("--summary", required=True, help="The statement in a sentence.")
@click.option("--title", required=True, help="Title of the document or article.")
@click.option("--publisher", required=True, help="Its publisher.")
@click.option("--address", default="", help="Its public address.")
@_VINTAGE
@_BASE
@DRY_RUN
def add(
    country: str,
    component: str,
    target_pct: float | None,
    year: int | None,
    stance: str,
    status: str | None,
    stated_on: datetime,
    summary: str,
    title: str,
    publisher: str,
    address: str,
    vintage: str | None,
    base: str | None,
    dry_run: bool,
) -> None:
    """Add a plan, in a new vintage in the database.

    The ally's newest statement on a year counts; older ones stay in the table.
    """
    if stated_on.date() > datetime.now(UTC).date():
        raise click.BadParameter("is in the future", param_hint="--stated-on")
    row = {
        "iso3": _code(country),
        "component": component,
        "target_pct": "" if target_pct is None else f"{target_pct:g}",
        "year": "" if year is None else str(year),
        "stance": stance,
        "stated_on": stated_on.strftime("%Y-%m-%d"),
        "summary": summary,
        "source": "",
        "status": status or "",
    }
    about = (title, publisher, row["stated_on"], address)
    _edit(lambda rows: [*rows, row], about, vintage, base, dry_run=dry_run)


@pledges.command("remove")
@click.argument("numbers", type=click.IntRange(1), nargs=-1, required=True)
@_VINTAGE
@_BASE
@DRY_RUN
def remove(numbers: tuple[int, ...], vintage: str | None, base: str | None, dry_run: bool) -> None:
    """Remove the plans with these NUMBERS, as 'pledges list' shows them, in a new vintage in the database."""

    def without(rows: list[Row]) -> list[Row]:
        if max(numbers) > len(rows):
            raise click.BadParameter(f"there are {len(rows)} plans", param_hint="NUMBERS")
        return [row for number, row in enumerate(rows, 1) if number not in numbers]

    _edit(without, ("Removed by the operator", "own", "", ""), vintage, base, dry_run=dry_run)


@pledges.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_VINTAGE
@_BASE
@DRY_RUN
def import_pledges(file: Path, vintage: str | None, base: str | None, dry_run: bool) -> None:
    """Replace the whole table of plans by FILE, a CSV as 'pledges list --csv' writes it, in a new vintage.

    It is saved in the database.
    """
    from models.dataset.importers import BadFile, Content, read
    from models.dataset.imports import prepared

    with vintage_store(Settings.from_environment()) as vintages:
        parsed = read("csv", Content(file.read_bytes(), file.name))
        if parsed.rows.keys() != {"pledges"}:
            raise BadFile("line 1", "has not the columns of the table of plans")
        base = base or vintages.names()[-1]
        keep(vintages, prepared(vintages, parsed, base, vintage or _name(base, vintages.names())), dry_run=dry_run)


def _code(country: str) -> str:
    from models.dataset.countries import UnknownCountry, resolve

    try:
        return resolve(country).code
    except UnknownCountry as error:
        raise click.BadParameter(error.detail, param_hint="--country") from None


def _name(base: str, taken: tuple[str, ...]) -> str:
    from models.dataset.imports import free_name

    return free_name(f"{base}-plans", taken)


def _edit(
    change: Callable[[list[Row]], list[Row]],
    about: tuple[str, str, str, str],
    vintage: str | None,
    base: str | None,
    *,
    dry_run: bool,
) -> None:
    """Make a vintage with the edited table; ``about`` is the new row's source: title, publisher, date, address."""
    from models.dataset.importers import Parsed
    from models.dataset.imports import prepared

    title, publisher, date, address = about
    with vintage_store(Settings.from_environment()) as vintages:
        base = base or vintages.names()[-1]
        parsed = Parsed("csv", "", title, publisher, "see its address", date, address=address)
        for number, row in enumerate(change(list(vintages.tables(base).read("pledges"))), 1):
            parsed.add("pledges", f"row {number}", row)
        keep(vintages, prepared(vintages, parsed, base, vintage or _name(base, vintages.names())), dry_run=dry_run)
