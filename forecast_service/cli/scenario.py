"""``forecast-service scenario``: scenarios as documents."""

from __future__ import annotations

from pathlib import Path

import click

from forecast_service.cli.openapi import export, exported
from forecast_service.cli.streams import emit
from forecast_service.settings import Settings

Fault = tuple[str, str]
"""Where something is wrong in a file (``:line:column``, or nothing), and what: a JSON Pointer and what is allowed."""


@click.group()
def scenario() -> None:
    """Scenarios as documents."""


@scenario.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def check(files: tuple[str, ...]) -> None:
    """Check scenario documents as the service would when they are saved; '-' is standard input.

    Prints a line for each fault, FILE:LINE:COLUMN: POINTER: what is allowed, or that the file is ok. It asks no
    service: whether a vintage, or a saved scenario that a document derives from, exists is not checked.
    """
    bad = 0
    for name in files:
        with click.open_file(name, "rb") as file:
            found = _faults(file.read())
        bad += bool(found)
        for where, what in found or [("", "ok")]:
            emit(f"{name}{where}: {what}\n")
    if bad:
        raise click.ClickException(f"{bad} of {len(files)} {'file is' if len(files) == 1 else 'files are'} not right")


@scenario.command()
@exported("the schema")
def schema(output: Path | None, compare: Path | None) -> None:
    """Print, write or compare the JSON Schema of scenario documents, by which editors complete and check them."""
    from forecast_service import create_app
    from forecast_service.openapi.scenario_schema import schema_text

    export(schema_text(create_app(Settings.from_environment())), output, compare)


def _faults(data: bytes) -> list[Fault]:
    """What is wrong with a document."""
    from marshmallow import ValidationError

    from forecast_service.cli.json_places import places
    from forecast_service.http.strict_json import BadJson, load_json
    from forecast_service.schemas.messages import flatten, placed, sent_part
    from forecast_service.schemas.scenarios import ScenarioDraftSchema
    from models.scenarios.scenario import ContradictoryLevers

    try:
        document = load_json(data)
    except BadJson as malformed:
        return [("", malformed.detail)]
    try:
        ScenarioDraftSchema().load(document)
        return []
    except ValidationError as invalid:
        wrong = list(flatten(invalid.messages))
    except ContradictoryLevers as contradiction:
        wrong = [(("levers", str(contradiction.index)), contradiction.detail)]
    known = places(data.decode())
    found = []
    for path, detail in wrong:
        error = placed(path, detail, document)
        said = f"{error['pointer']}: {error['detail']}".removeprefix(": ")
        found.append((known[tuple(sent_part(path, document))], said))
    return [(f":{line}:{column}", said) for (line, column), said in sorted(found)]
