"""The command line, one file a group of commands; commands call services and the statistics, and compute nothing."""


def run() -> None:
    """Run the command that this process was started with."""
    from models.runtime import prepare

    prepare()
    from forecast_service.cli.main import main  # which imports numpy

    main()
