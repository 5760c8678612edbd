"""The command line, one module for each group of commands. Commands call services and models; they compute nothing."""


def run() -> None:
    """Run the command that this process was started with."""
    from forecast_service.cli import streams
    from models.runtime import prepare

    streams.prepare()
    prepare()
    from forecast_service.cli.context import end_by_signals
    from forecast_service.cli.main import main  # which imports numpy

    end_by_signals()
    main()
