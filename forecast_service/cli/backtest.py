"""``forecast-service backtest``: scores the models at past origins, on the bundled panel or any other."""

from __future__ import annotations

import codecs
import csv
import json
import re
from pathlib import Path

import click

from forecast_service.cli.output_file import OutputFile, writing
from forecast_service.cli.streams import emit
from forecast_service.settings.cores import cores
from models.dataset.importers.base import BadFile, Content, shown
from models.dataset.importers.delimited import table_of
from models.series import Panel, Series, SeriesError


def read_panel(path: Path) -> Panel:
    """The panel in a CSV of ``series,year,value``: of each series the years after its last gap.

    Raises click.BadParameter, which names the bad cell.
    """
    points: dict[str, dict[int, float]] = {}
    try:
        table = table_of(Content(path.read_bytes(), path.name))
        table.refuse_column_twice()
        for name in ("series", "year", "value"):
            if name not in table.heading:
                raise BadFile(table.line(0), "the columns series, year and value are needed")
        named, dated, valued = (table.heading.index(name) for name in ("series", "year", "value"))
        for row, cells in enumerate(table.rows[1:], 1):
            table.refuse_other_length(row)
            name, year = cells[named], cells[dated]
            if not (year.isascii() and year.isdigit() and len(year) <= 4):
                raise BadFile(table.cell(row, dated), f"{shown(year)} is no year")
            if int(year) in points.setdefault(name, {}):
                raise BadFile(table.line(row), f"{name} {year} stands twice")
            points[name][int(year)] = table.numbers.read(cells[valued], table.cell(row, valued))
        if not points:
            raise BadFile(table.line(0), "no rows follow the heading")
        return Panel(Series.from_points(name, found) for name, found in points.items())
    except (BadFile, SeriesError) as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--panel") from None


class Origins(click.ParamType[range]):
    """Years A:B, both inclusive."""

    name = "A:B"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> range:
        years = re.fullmatch("([0-9]{4}):([0-9]{4})", value)
        if years is None or years[1] > years[2]:
            self.fail(f"{value!r} is not of the form 1999:2025", param, ctx)
        return range(int(years[1]), int(years[2]) + 1)


@click.command()
@click.option(
    "--panel",
    "panel_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of series,year,value; the allies' core shares if absent.",
)
@click.option("--origins", type=Origins(), help="Origins A:B; the last 27 years if absent.")
@click.option("--horizon", type=click.IntRange(1, 30), default=10, show_default=True, help="Years ahead.")
@click.option(
    "--quantiles", type=OutputFile(".csv"), help="Write predictive quantiles to this .csv file and replace it."
)
@click.option(
    "--scenario",
    type=click.Choice(["baseline", "trend"]),
    default="baseline",
    show_default=True,
    help="With or without plans and pledges (allies only).",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=cores(),
    show_default="all cores that it may use",
    help="Origins fitted at once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@click.option(
    "--publish",
    is_flag=True,
    help="Save the bundled panel's track record, the forecasts behind it and the trust in pledges in models/data.",
)
@click.option(
    "--real-time",
    is_flag=True,
    help="Backtest on the figures of each edition alone, beside the ordinary backtest of the same origins.",
)
def backtest(
    panel_file: Path | None,
    origins: range | None,
    horizon: int,
    quantiles: Path | None,
    scenario: str,
    processes: int,
    as_json: bool,
    publish: bool,
    real_time: bool,
) -> None:
    """At every origin, fit on figures up to that year, forecast, and score the forecasts.

    It prints the scores, and writes only what --quantiles and --publish say.
    """
    from forecast_service.cli.progress import progress_bar
    from models.dataset.observations import load_figures
    from models.dataset.tables import DATA, NEWEST
    from models.ensemble import learned_trust
    from models.evaluation import published, track_record
    from models.evaluation.backtest import backtest as run
    from models.evaluation.outside import outside_record
    from models.files import trouble
    from models.forecast.question import DRAWS, MODEL_VERSION, SEED

    if real_time:
        if publish or panel_file or origins or quantiles or scenario != "baseline":
            raise click.UsageError("--real-time is for the bundled figures at the origins that have an edition")
        _real_time(horizon, as_json=as_json)
        return
    if publish and (panel_file or origins or horizon != track_record.HORIZON):
        raise click.UsageError("--publish is for the bundled panel with its own origins and horizon")
    if publish and (why := trouble(DATA)):
        raise click.ClickException(f"{DATA}: {why}")
    figures = load_figures()
    series = read_panel(panel_file) if panel_file else figures.panel()
    last = max(s.end for s in series.values())
    first = track_record.FIRST_ORIGIN if publish else last - 27
    origins = origins or range(first, last + 1 if publish else last)
    with progress_bar() as progress:
        task = progress.add_task("origins", total=None)
        result = run(
            series,
            origins,
            horizon,
            tables=track_record.tables_for(series, figures.tables),
            processes=processes,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if not result.rows:
        raise click.ClickException("no series has eight values in a row at any of these origins")
    if quantiles:
        _write(quantiles, result.rows, result.levels, result.quantiles if scenario == "baseline" else result.trend)
    tables = track_record.tables_for(series, figures.tables)
    early = outside = None
    if publish:
        # Our side of the outside views uses the trust that was just learned.
        learned_trust.save(result.trust, NEWEST, MODEL_VERSION)
        early = run(series, track_record.EARLY_ORIGINS, horizon, processes=processes)
        outside = outside_record(figures, DRAWS, SEED)
    record = track_record.track_record(result, NEWEST, MODEL_VERSION, early, tables, outside or ())
    if publish:
        published.save(record)
        published.save_forecasts(result)
    if as_json:
        emit(json.dumps(record, indent=1) + "\n")
    else:
        from forecast_service.cli.report import show_scores

        show_scores(record)


def _real_time(horizon: int, *, as_json: bool) -> None:
    from forecast_service.cli.context import vintage_store
    from forecast_service.cli.report import show_real_time
    from forecast_service.settings import Settings
    from models.dataset.tables import VINTAGES
    from models.evaluation.real_time import real_time

    settings = Settings.from_environment()
    with vintage_store(settings) as vintages:
        figures = {name: vintages.figures(name, sipri=settings.sipri) for name in vintages.names()}
    newest = max(figures.values(), key=lambda f: f.origin)
    record = real_time(newest, [f for name, f in figures.items() if name not in VINTAGES], horizon=horizon)
    if as_json:
        emit(json.dumps(record, indent=1) + "\n")
    else:
        show_real_time(record)


def _write(path: Path, rows: list[tuple[str, int, int]], levels: object, values: object) -> None:
    import numpy as np

    with writing(path) as file:
        out = csv.writer(codecs.getwriter("utf-8")(file))
        out.writerow(["series", "origin", "horizon", *(f"q{level:g}" for level in np.asarray(levels))])
        for row, quantiles in zip(rows, np.asarray(values), strict=True):
            out.writerow([*row, *(f"{value:.6g}" for value in quantiles)])
