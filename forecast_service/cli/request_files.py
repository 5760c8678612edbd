"""JSON files that hold what a request's body would, refused in the words of the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import click
from marshmallow import Schema, ValidationError

from forecast_service.http.strict_json import BadJson, load_json
from forecast_service.schemas.messages import flatten, placed
from models.errors import CannotForecast
from models.scenarios.scenario import UnusableLever

MOST_SHOWN = 10
"""How many faults of a file one message names."""


def load(path: Path, schema: Schema, parameter: str) -> Any:
    """What the file ``path``, given as ``parameter`` of the command, asks for.

    Raises click.BadParameter, which names each fault by its JSON Pointer, and OSError.
    """
    try:
        written = load_json(path.read_bytes())
    except BadJson as error:
        raise _refused(path, parameter, error.detail) from None
    if not isinstance(written, dict):
        raise _refused(path, parameter, "The file must hold a JSON object.")
    try:
        return schema.load(written)
    except ValidationError as error:
        found = list(flatten(error.messages))
        said = [_said(placed(where, detail, written)) for where, detail in islice(found, MOST_SHOWN)]
        more = [f"and {len(found) - MOST_SHOWN} more"] if len(found) > MOST_SHOWN else []
        raise _refused(path, parameter, "; ".join(said + more)) from None


@contextmanager
def naming_faults(path: Path, parameter: str, scenario: str) -> Iterator[None]:
    """Name what of the file ``path`` cannot be computed; ``scenario`` is the JSON Pointer of the scenario in it."""
    try:
        yield
    except UnusableLever as error:
        raise _refused(path, parameter, f"{scenario}/levers/{error.index}: {error.detail}") from None
    except CannotForecast as error:
        raise _refused(path, parameter, f"/{error.field}: {error.detail}") from None


def _said(error: Mapping[str, str]) -> str:
    return f"{error['pointer']}: {error['detail']}".removeprefix(": ")


def _refused(path: Path, parameter: str, detail: str) -> click.BadParameter:
    return click.BadParameter(f"{path}: {detail}", param_hint=parameter)
