"""The command line: ``forecast-service``."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from forecast_service.cli.backtest import backtest
from forecast_service.cli.data import differ, import_file, list_vintages, refresh, why
from forecast_service.cli.keys import keys
from forecast_service.cli.pledges import pledges
from forecast_service.cli.sweeps import sweep, work
from forecast_service.cli.vintages import current_vintage, rollback, use
from forecast_service.processes import be_beside
from forecast_service.settings import BadSetting, Settings, auth
from forecast_service.settings.panel import panel


def _settings() -> Settings:
    try:
        return Settings.from_environment()
    except BadSetting as error:
        raise click.ClickException(str(error)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The probability that an ally meets NATO's 3.5 % / 1.5 % of GDP targets."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def serve(host: str, port: int) -> None:
    """Serve the API with gunicorn; fits that are missing are made at the start."""
    if refusal := auth.refusal(_settings(), host):
        raise click.ClickException(refusal)
    workers = os.environ.get("WEB_CONCURRENCY", "1")
    if not re.fullmatch("[1-9][0-9]{0,3}", workers):
        raise click.ClickException(f"WEB_CONCURRENCY: {workers!r} is not a number of workers")
    from gunicorn.app.wsgiapp import WSGIApplication

    from forecast_service import server

    configuration = Path(server.__file__).with_name("gunicorn.conf.py")
    # gunicorn runs in this process, so signals reach it, and what is loaded already need not be loaded again.
    sys.argv = ["gunicorn", "--config", str(configuration), "--bind", f"{host}:{port}", "forecast_service:create_app()"]
    WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]").run()


@main.command()
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="all cores",
    help="How many fit at once.",
)
@click.option("--vintage", help="Edition of the figures; the current one if absent.")
@click.option("--origin", type=int, help="Last year that the fits know; the last of the edition if absent.")
@click.option("--beside", is_flag=True, help="Give way to what answers requests.")
def fit(quiet: bool, processes: int, vintage: str | None, origin: int | None, beside: bool) -> None:
    """Fit every ally that is not kept yet, in parallel, and keep the paths."""
    from rich.console import Console
    from rich.progress import Progress

    from forecast_service.forecasting import fit_missing
    from forecast_service.forecasting.registry import Engine
    from models.dataset.observations import UnknownVintage
    from models.errors import CannotForecast
    from models.scenarios.targets import LAST_DEADLINE
    from models.simulation.path_store import StoreUnavailable

    engine = Engine(_settings())
    wanted = vintage or engine.follower.wanted()
    if beside:
        be_beside()
    try:
        if origin is not None:
            engine.forecaster(wanted).basis.check_years(origin, LAST_DEADLINE)
        missing = engine.missing(wanted, origin)
    except UnknownVintage:
        allowed = ", ".join(engine.vintages())
        raise click.BadParameter(f"{wanted} is not one of {allowed}", param_hint="--vintage") from None
    except CannotForecast as error:
        raise click.BadParameter(error.detail, param_hint="--origin") from None
    try:
        with Progress(console=Console(stderr=True, quiet=quiet), transient=True) as progress:
            task = progress.add_task("fitting", total=len(missing))
            made = fit_missing.fit_missing(
                engine,
                wanted,
                processes,
                lambda code: progress.update(task, advance=1, description=f"fitted {code}"),
                origin,
            )
    except (OSError, StoreUnavailable) as error:
        why = error.detail if isinstance(error, StoreUnavailable) else error.strerror
        raise click.ClickException(f"fits cannot be kept in {engine.store.folder}: {why}") from None
    engine.observe()
    if not quiet:
        click.echo(f"{made} allies fitted; {wanted} is complete in {engine.store.folder}")


def _scenario(text: str) -> Any:
    """A scenario's name, or the scenario in a JSON file."""
    from marshmallow import ValidationError

    from forecast_service.http.parsing import BadJson, load_json
    from forecast_service.schemas.levers import ScenarioSchema

    if not text.endswith(".json"):
        return text
    try:
        return ScenarioSchema().load(load_json(Path(text).read_bytes()))
    except OSError as error:
        raise click.BadParameter(f"{text} cannot be read ({error.strerror})", param_hint="--scenario") from None
    except BadJson as error:
        raise click.BadParameter(f"{text}: {error.detail}", param_hint="--scenario") from None
    except ValidationError as error:
        raise click.BadParameter(json.dumps(error.messages), param_hint="--scenario") from None


@main.command()
@click.argument("country")
@click.option("--scenario", default="baseline", show_default=True, help="Name of a scenario, or a JSON file.")
@click.option("--deadline", type=int, default=panel().deadline, show_default=True, help="Deadline year.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as the API gives it.")
def forecast(country: str, scenario: str, deadline: int, as_json: bool) -> None:
    """How likely COUNTRY meets the targets: a table and a small fan chart, or JSON."""
    from forecast_service import create_app
    from forecast_service.cli import report
    from forecast_service.schemas.forecast_response import ForecastSchema
    from forecast_service.settings.panel import shipped
    from models.dataset.countries import UnknownCountry
    from models.errors import CannotForecast
    from models.scenarios.builtin import UnknownScenario
    from models.scenarios.scenario import UnusableLever
    from models.scenarios.targets import Targets

    app = create_app(_settings())
    from forecast_service.forecasting.registry import EXTENSION

    try:
        answer = app.extensions[EXTENSION].current.forecast(country, _scenario(scenario), Targets(deadline=deadline))
    except UnknownCountry:
        raise click.BadParameter("no ally goes by this code or name", param_hint="COUNTRY") from None
    except UnknownScenario:
        raise click.BadParameter(
            f"must be a .json file or one of {', '.join(shipped())}", param_hint="--scenario"
        ) from None
    except UnusableLever as error:
        raise click.BadParameter(f"lever {error.index}: {error.detail}", param_hint="--scenario") from None
    except CannotForecast as error:
        raise click.BadParameter(error.detail, param_hint=f"--{error.field}") from None
    if as_json:
        click.echo(
            json.dumps(
                ForecastSchema().dump({"forecast": answer, "links": {}}), indent=2, ensure_ascii=False, allow_nan=False
            )
        )
    else:
        report.show(answer)


@main.group()
def data() -> None:
    """The figures."""


@data.command()
def check() -> None:
    """Check the bundled tables."""
    from models.dataset import tables
    from models.dataset.checks import check as findings

    found = findings(tables.bundled_tables(panel()))
    for finding in found:
        click.echo(finding, err=True)
    if found:
        raise click.exceptions.Exit(1)
    rows = sum(len(tables.read(name, panel())) for name in tables.NAMES)
    click.echo(f"{len(tables.NAMES)} tables, {rows} rows: all checks hold")


for command in (use, rollback, current_vintage, import_file, list_vintages, differ, why, refresh, pledges):
    data.add_command(command)


@main.group()
def db() -> None:
    """The database of scenarios (FORECAST_DATABASE_URL)."""


def _database() -> Any:
    from forecast_service.store.database import Database, database_url

    return Database(database_url(_settings()))


@db.command()
def upgrade() -> None:
    """Run the migrations that are missing. The embedded SQLite runs them by itself."""
    from sqlalchemy.exc import DBAPIError

    from forecast_service.store.database import DatabaseUnavailable
    from forecast_service.store.migrate import upgrade as run

    database = _database()
    try:
        run(database.engine)
    except (DBAPIError, DatabaseUnavailable) as error:
        raise click.ClickException(f"the database cannot be upgraded: {getattr(error, 'orig', error)}") from None
    finally:
        database.close()
    click.echo("the database is up to date")


@db.command()
def current() -> None:
    """Say whether the database is up to date; exit 1 if not."""
    database = _database()
    state = database.state()
    database.close()
    if state:
        raise click.ClickException(f"database: {state}")
    click.echo("the database is up to date")


@main.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option(
    "--check",
    "compare",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Fail if this file differs.",
)
@click.option("--examples", is_flag=True, help="Ask the application anew for the examples (in a checkout).")
def openapi(output: Path | None, compare: Path | None, examples: bool) -> None:
    """Print, write or compare the API's contract (OpenAPI 3.1.1)."""
    from forecast_service import create_app
    from forecast_service.cli.examples import answered, keep
    from forecast_service.openapi.spec import contract_text

    settings = _settings()
    if examples:
        keep(answered(settings.state_dir))
    text = contract_text(create_app(settings))
    if compare and compare.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{compare} is not what the code says: run 'make openapi'")
    if output:
        output.write_text(text, encoding="utf-8")
    elif not compare:
        click.echo(text, nl=False)


main.add_command(backtest)
main.add_command(keys)
main.add_command(sweep)
main.add_command(work)
