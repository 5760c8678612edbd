"""``forecast-service fit``."""

from __future__ import annotations

import click

from forecast_service.observability import log_lines
from forecast_service.processes import run_in_background
from forecast_service.settings import Settings
from forecast_service.settings.cores import cores


@click.command()
@click.option("--quiet", is_flag=True, help="Print nothing, and log errors.")
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=cores(),
    show_default="all cores that it may use",
    help="Fits at once.",
)
@click.option("--vintage", help="Vintage of the figures; the current one if absent.")
@click.option("--origin", type=int, help="Last year of the figures used; the vintage's last if absent.")
@click.option("--beside", is_flag=True, help="Run at low priority, so that requests come first.")
def fit(quiet: bool, processes: int, vintage: str | None, origin: int | None, beside: bool) -> None:
    """Fit every ally without a saved fit, in parallel, and save the paths in the state folder.

    If it is stopped, the fits that are saved stay, and the same command makes the others.
    """
    if quiet:
        log_lines.set_up("fits")
    from forecast_service.cli.progress import progress_bar
    from forecast_service.forecasting import fit_missing
    from forecast_service.forecasting.registry import ForecasterRegistry
    from models.dataset.observations import UnknownVintage
    from models.errors import CannotForecast
    from models.scenarios.targets import LAST_DEADLINE

    registry = ForecasterRegistry(Settings.from_environment())
    wanted = vintage or registry.current_vintage.wanted()
    if beside:
        run_in_background()
    try:
        if origin is not None:
            registry.forecaster(wanted).basis.check_years(origin, LAST_DEADLINE)
        missing = registry.missing(wanted, origin)
    except UnknownVintage:
        allowed = ", ".join(registry.vintages())
        raise click.BadParameter(f"{wanted} is not one of {allowed}", param_hint="--vintage") from None
    except CannotForecast as error:
        raise click.BadParameter(error.detail, param_hint="--origin") from None
    with progress_bar(quiet=quiet) as progress:
        task = progress.add_task("fitting", total=len(missing))
        made = fit_missing.fit_missing(
            registry,
            wanted,
            processes,
            lambda code: progress.update(task, advance=1, description=f"fitted {code}"),
            origin,
        )
    if not quiet:
        click.echo(f"{made} allies fitted; {wanted} is complete in {registry.store.folder}")
