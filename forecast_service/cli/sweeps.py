"""``forecast-service work`` and ``forecast-service sweep``."""

from __future__ import annotations

import json
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from forecast_service.cli.context import database_of
from forecast_service.processes import end_with_parent
from forecast_service.settings import Settings


def _executor(settings: Settings, niceness: int) -> tuple[Any, Path | None]:
    """The executor, and the folder of fits, or None if its processes are on other machines."""
    from forecast_service.sweeps.executors import is_remote, make_executor

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
def work(once: bool, beside: int | None, lease: float) -> None:
    """Compute the sweeps that were posted. Any number of these may share a database; one runs beside every service."""
    from forecast_service.observability import logs
    from forecast_service.observability.tracing import make_tracer
    from forecast_service.store.sweeps import Sweeps
    from forecast_service.sweeps.worker import Worker

    settings = Settings.from_environment()
    logs.configure(settings.log_format, settings.log_level)
    tracer = make_tracer(settings)
    executor, folder = _executor(settings, 10)  # requests come first
    with database_of(settings) as database:
        worker = Worker(Sweeps(database), executor, folder, lease, timedelta(settings.sweep_days), tracer)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: worker.stop())
        if beside is not None:
            end_with_parent(beside, worker.stop)
        worker.run(once=once)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows here: Parquet if it ends in .parquet, otherwise CSV. Standard output if absent.",
)
def sweep(file: Path, out: Path | None) -> None:
    """Evaluate the sweep in FILE, the JSON that POST /v1/sweeps takes, without a database."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from forecast_service.sweeps import formats
    from models.analysis.sweep import Sweep

    settings = Settings.from_environment()
    document = _document(settings, file)
    asked = Sweep(json.loads(document))
    executor, folder = _executor(settings, 0)
    columns = ("evaluations", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("evaluations", total=asked.evaluations)
            chunks = _computed(executor, asked, document, folder, lambda n: progress.update(task, advance=n))
            if out is None:
                for text in formats.csv_text(asked, chunks):
                    click.echo(text, nl=False)
            else:
                formats.write(asked, chunks, out)
    except formats.NoParquet:
        raise click.BadParameter("Parquet needs the extra 'parquet'", param_hint="--out") from None
    finally:
        executor.shutdown(cancel_futures=True)


def _document(settings: Settings, file: Path) -> str:
    """The sweep in a file, as JSON with all defaults."""
    from marshmallow import ValidationError

    from forecast_service.forecasting.registry import ForecasterRegistry
    from forecast_service.http.strict_json import BadJson, load_json
    from forecast_service.schemas.sweeps import SweepRequestSchema
    from forecast_service.sweeps.document import complete
    from models.errors import CannotForecast
    from models.scenarios.scenario import ContradictoryLevers

    try:
        asked = SweepRequestSchema().load(load_json(file.read_bytes()))
        return complete(ForecasterRegistry(settings).forecaster(asked.get("vintage")), asked)
    except BadJson as error:
        detail = error.detail
    except ValidationError as error:
        detail = json.dumps(error.messages)
    except ContradictoryLevers as error:
        detail = f"scenario/levers/{error.index}: {error.detail}"
    except CannotForecast as error:
        detail = f"{error.field}: {error.detail}"
    raise click.BadParameter(f"{file}: {detail}", param_hint="FILE")


def _computed(
    executor: Any, asked: Any, document: str, folder: Path | None, done: Callable[[int], None]
) -> Iterator[tuple[int, bytes]]:
    """The chunks in order, computed a few ahead; calls ``done`` with the number of evaluations of each."""
    from forecast_service.sweeps.task import compute

    where = None if folder is None else str(folder.resolve())
    ahead: deque[tuple[int, Future[bytes]]] = deque()
    for number in range(asked.chunks):
        ahead.append((number, executor.submit(compute, document, number, where)))
        if len(ahead) > 4 * executor.slots:
            yield _taken(asked, ahead.popleft(), done)
    while ahead:
        yield _taken(asked, ahead.popleft(), done)


def _taken(asked: Any, item: tuple[int, Future[bytes]], done: Callable[[int], None]) -> tuple[int, bytes]:
    number, future = item
    packed = future.result()
    done(len(asked.span(number).points))
    return number, packed
