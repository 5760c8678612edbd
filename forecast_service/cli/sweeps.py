"""``forecast-service work`` and ``forecast-service sweep``."""

from __future__ import annotations

import json
import signal
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast_service.cli.context import database_of
from forecast_service.cli.output_file import OutputFile, writing
from forecast_service.cli.streams import emit
from forecast_service.processes import end_with_parent
from forecast_service.settings import BadSetting, Settings

if TYPE_CHECKING:
    from forecast_service.store.database import Database
    from forecast_service.sweeps.kept_chunks import KeptChunks
    from forecast_service.sweeps.run import Run


def _executor(settings: Settings, niceness: int) -> tuple[Any, Path | None]:
    """The executor, and the folder of fits, or None if its processes are on other machines. Refuses 0 processes."""
    from forecast_service.sweeps.executors import is_remote, make_executor

    if not settings.sweep_processes:
        raise BadSetting("FORECAST_SWEEP_PROCESSES: 0 says that no sweeps are computed here; set at least 1")
    executor = make_executor(settings.sweep_executor, settings.sweep_processes, niceness)
    return executor, None if is_remote(settings.sweep_executor) else settings.state.fits


@click.command()
@click.option("--once", is_flag=True, help="End when no chunk is left to compute.")
@click.option("--beside", type=int, metavar="PID", help="End when the process PID, which started this one, ends.")
@click.option(
    "--lease",
    default=30.0,
    show_default=True,
    type=click.FloatRange(1),
    help="Seconds until others take a dead worker's chunks.",
)
@click.option(
    "--heartbeat",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Touch this file every few seconds, for an orchestrator's probe.",
)
def work(once: bool, beside: int | None, lease: float, heartbeat: Path | None) -> None:
    """Compute the sweeps that were posted to the database, and save their rows there.

    Any number of these may share a database; one runs beside every service.
    """
    from forecast_service.observability import logs
    from forecast_service.observability.tracing import make_tracer
    from forecast_service.store.sweeps import Sweeps
    from forecast_service.sweeps.worker import Worker

    settings = Settings.from_environment()
    tracer = make_tracer(settings)
    executor, folder = _executor(settings, 10)  # requests come first
    if once:  # by a person, who reads why it fails
        logs.configure(settings.log_format, settings.log_level)
    else:
        logs.set_up_process("sweep-worker", settings.log_format, settings.log_level)
    with database_of(settings) as database:
        keep = timedelta(settings.sweep_days)
        worker = Worker(Sweeps(database), executor, folder, lease, keep, tracer, _pruning(settings, database))
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: worker.stop())
        if beside is not None:
            end_with_parent(beside, worker.stop)
        worker.heartbeat = heartbeat
        worker.run(once=once)


def _pruning(settings: Settings, database: Database) -> Callable[[], None]:
    """Deletes fits beyond the quota; it loads the vintages when it is first called, which takes a moment."""
    from forecast_service.forecasting.registry import ForecasterRegistry

    registry = cache(lambda: ForecasterRegistry(settings, database))
    return lambda: registry().prune_fits()


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=OutputFile(".csv", ".parquet"),
    help="Write the rows to this .csv or .parquet file and replace it. Standard output, as CSV, if absent.",
)
def sweep(file: Path, out: Path | None) -> None:
    """Evaluate the sweep in FILE, the JSON that POST /v1/sweeps takes, without a database.

    With --out, finished chunks are kept in the state folder until the rows are written: if the command is stopped, is
    killed or fails, the same command goes on from there. Missing fits are saved in the state folder too.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

    from forecast_service.cli.progress import progress_bar
    from forecast_service.sweeps import formats
    from forecast_service.sweeps.run import Run
    from models.analysis.sweep import Sweep

    if out is not None and _is_parquet(out):
        _require_parquet()
    settings = Settings.from_environment()
    document, archive = _document(settings, file)
    asked = Sweep(json.loads(document))
    kept = None if out is None else _kept(settings, document, asked.chunks)
    executor, folder = _executor(settings, 0)
    try:
        with progress_bar("evaluations", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as progress:
            task = progress.add_task("evaluations", total=asked.evaluations)
            run = Run(asked, document, executor, folder, kept, archive)

            def done(evaluations: int) -> None:
                progress.update(task, advance=evaluations)

            if out is None or kept is None:
                for text in formats.csv_text(asked, run.chunks(done)):
                    emit(text)
            else:
                _to_file(run, kept, out, done)
    finally:
        executor.shutdown(cancel_futures=True)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _require_parquet() -> None:
    from forecast_service.http.negotiation import has_pyarrow

    if not has_pyarrow():
        raise click.BadParameter("Parquet needs the extra 'parquet'", param_hint="--out")


def _kept(settings: Settings, document: str, chunks: int) -> KeptChunks:
    from forecast_service.sweeps.kept_chunks import KeptChunks

    kept = KeptChunks(settings.state.sweeps, document, settings.sweep_days)
    if count := kept.count():
        click.echo(f"{count} of {chunks} chunks are there from before", err=True)
    return kept


def _to_file(run: Run, kept: KeptChunks, out: Path, done: Callable[[int], None]) -> None:
    """Compute the chunks that are not kept, write all rows to a file, and forget the chunks."""
    from forecast_service.sweeps import formats

    try:
        deque(run.chunks(done), maxlen=0)  # all are kept before the first row is written
        with writing(out) as file:
            if _is_parquet(out):
                formats.write_parquet(run.sweep, run.chunks(), file)
            else:
                file.writelines(text.encode() for text in formats.csv_text(run.sweep, run.chunks()))
    except BaseException as error:
        if count := kept.count():
            there = f"{count} of {run.sweep.chunks} chunks are kept in {kept.folder}"
            error.add_note(f"{there}, and the same command goes on from there")
        else:
            kept.remove()
        raise
    kept.remove()


def _document(settings: Settings, file: Path) -> tuple[str, bytes | None]:
    """The sweep in a file, as JSON with all defaults, and the archive of its vintage."""
    from forecast_service.cli.request_files import load, naming_faults
    from forecast_service.forecasting.registry import ForecasterRegistry
    from forecast_service.schemas.sweeps import SweepRequestSchema
    from forecast_service.sweeps.document import complete

    registry = ForecasterRegistry(settings)
    with naming_faults(file, "FILE", "/scenario"):
        asked = load(file, SweepRequestSchema(), "FILE")
        forecaster = registry.forecaster(asked.get("vintage"))
        return complete(forecaster, asked), registry.vintage_store.archive(forecaster.figures.vintage)
