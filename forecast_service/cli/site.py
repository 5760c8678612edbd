"""``forecast-service site``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from forecast_service.cli.unlimited import unlimited
from forecast_service.settings.cores import cores

MARKER = ".forecast-service-site"
"""The file by which the command knows a folder that it made, and may replace."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--scenario", "scenarios", multiple=True, help="Only this shipped scenario and the baseline; repeatable.")
@click.option("--country", "countries", multiple=True, help="Only this ally, by its ISO-3 code; repeatable.")
@click.option(
    "--address",
    default="http://127.0.0.1:8000/",
    show_default=True,
    help="Where the site will be served: for lines of code and for cards, which name it. All other links are relative.",
)
@click.option(
    "--processes", type=click.IntRange(1), default=cores(), show_default="all cores", help="Requests at once."
)
def site(folder: Path, scenarios: tuple[str, ...], countries: tuple[str, ...], address: str, processes: int) -> None:
    """Write the whole page as static files into FOLDER, for any web server.

    Pages, pictures, JSON and CSV of all allies and shipped scenarios; forms, sliders and saved scenarios are left out.
    FOLDER is replaced as a whole at the end. If it is not empty, this command must have made it.
    """
    _check(folder)
    from forecast_service import create_app
    from forecast_service.cli.progress import progress_bar
    from forecast_service.cli.site_addresses import Scope
    from forecast_service.cli.site_crawl import crawl
    from forecast_service.store.database import EXTENSION
    from models.dataset.countries import allies
    from models.scenarios.builtin import named_scenarios

    scope = Scope(
        frozenset({"baseline", *_chosen(scenarios, list(named_scenarios()), "--scenario")}),
        frozenset(_chosen(countries, list(allies()), "--country")),
    )
    app = create_app(unlimited(processes))
    app.config["STATIC_SITE"] = True
    try:
        with _replacing(folder) as made, progress_bar("{task.description}", quiet=False) as progress:
            task = progress.add_task("writing")

            def told(done: int, known: int) -> None:
                progress.update(task, completed=done, total=known, description=f"{done} of {known} files")

            written = crawl(app, scope, made, address.rstrip("/") + "/", processes, told)
            if written.broken:
                shown = "\n".join(f"  {each}: {why}" for each, why in sorted(written.broken.items())[:20])
                raise click.ClickException(f"{len(written.broken)} links are broken, so {folder} stays:\n{shown}")
    finally:
        app.extensions[EXTENSION].close()
    click.echo(f"{len(written.files)} files ({written.pages} pages), {written.size / 1e6:.0f} MB, in {folder}")


def _chosen(asked: tuple[str, ...], known: list[str], option: str) -> list[str]:
    for name in asked:
        if name not in known:
            raise click.BadParameter(f"{name} is not one of {', '.join(known)}", param_hint=option)
    return list(asked) or known


def _check(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise click.ClickException(f"{folder} is not empty, and this command did not make it")


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield a new folder that replaces ``folder`` at the end of the block; if the block fails, ``folder`` stays."""
    parent = folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{folder.name}-") as beside:
        made = Path(beside) / "new"
        made.mkdir()
        (made / MARKER).write_text("Made by 'forecast-service site', which may replace this folder.\n")
        yield made
        if folder.exists():
            folder.rename(Path(beside) / "old")
        made.rename(folder)
