"""The command line: ``forecast-service``."""

from __future__ import annotations

import click

from forecast_service.cli.backtest import backtest
from forecast_service.cli.callers import callers
from forecast_service.cli.context import Commands
from forecast_service.cli.data import check, differ, import_file, list_vintages, refresh, why
from forecast_service.cli.database import db
from forecast_service.cli.fit import fit
from forecast_service.cli.forecast import forecast
from forecast_service.cli.freeze import freeze
from forecast_service.cli.keys import keys
from forecast_service.cli.mcp import mcp
from forecast_service.cli.openapi import openapi
from forecast_service.cli.pledges import pledges
from forecast_service.cli.scenario import scenario
from forecast_service.cli.serve import serve
from forecast_service.cli.site import site
from forecast_service.cli.sweeps import sweep, work
from forecast_service.cli.vintages import current_vintage, rollback, use
from forecast_service.version import VERSION
from models.forecast import MODEL_VERSION

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage, 141 output closed; 129 SIGHUP, 130 Ctrl-C, 143 SIGTERM."


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(VERSION, prog_name="forecast-service", message=f"%(prog)s %(version)s, model {MODEL_VERSION}")
def main() -> None:
    """The probability that an ally meets NATO's 3.5 % / 1.5 % of GDP targets."""


@click.group()
def data() -> None:
    """The figures."""


for command in (check, use, rollback, current_vintage, import_file, list_vintages, differ, why, refresh, pledges):
    data.add_command(command)
for command in (
    *(serve, site, mcp, fit, forecast, data, db, openapi, backtest),
    *(freeze, keys, callers, scenario, sweep, work),
):
    main.add_command(command)
