"""The command line, one module for each group of commands. Commands call services and models; they compute nothing."""


def run() -> None:
    """Run the command that this process was started with."""
    from models.runtime import prepare

    prepare()
    from forecast_service.cli.main import main  # which imports numpy

    main()
