"""What a tool is, and what it says if the API refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from forecast_service.mcp_server.application import Application
from forecast_service.mcp_server.contract import Schema
from forecast_service.schemas.wording import unknown

TOOLS_FOR = {"GET /v1/countries": "the tool countries", "GET /v1/scenarios": "the tool scenarios"}
"""Addresses in the API's messages, and the tools that give the same."""


@dataclass(frozen=True)
class Answer:
    """What a tool answers: a text to read, and a JSON document with the numbers."""

    text: str
    document: dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """A tool.

    Parameters
    ----------
    takes, gives : JSON Schemas of its arguments and of the document of its answer.
    answer : answers arguments whose names are those in ``takes``; raises :class:`Refused` of the internal client.
    """

    name: str
    title: str
    description: str
    takes: Schema
    gives: Schema
    answer: Callable[[Application, dict[str, Any]], Answer]


class BadArguments(Exception):
    """Arguments have unknown names, or some are missing; the message says which."""


def arguments(*required: str, **properties: Schema) -> Schema:
    """The schema of a tool's arguments."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def linked(links: dict[str, str]) -> str:
    """The addresses in one line."""
    return " · ".join(f"{name}: {address}" for name, address in links.items())


def sent(tool: Tool, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments that were sent, without those that are null; the API checks their values.

    Raises
    ------
    BadArguments
    """
    known = tool.takes["properties"]
    wrong = [f"{name}: {unknown(name, known)}" for name in given if name not in known]
    found = {name: value for name, value in given.items() if value is not None}
    wrong += [f"{name}: is missing" for name in tool.takes["required"] if name not in found]
    if wrong:
        raise BadArguments("\n".join(wrong))
    return found


def refusal(problem: dict[str, Any]) -> str:
    """The API's ``problem`` as text: what is wrong with each argument, and what is allowed."""
    lines = list(dict.fromkeys(_faults(problem))) or [problem["detail"]]
    text = "\n".join(lines)
    for address, tool in TOOLS_FOR.items():
        text = text.replace(address, tool)
    return text


def _faults(problem: dict[str, Any]) -> Iterator[str]:
    for error in problem.get("errors", ()):
        name = argument(error)
        yield f"{name}: {error['detail']}" if name else error["detail"]


def argument(error: dict[str, str]) -> str:
    """The argument that an error of a problem is about, with the path into it; "" if it is about none."""
    path = error.get("pointer", "").strip("/") or error.get("parameter", "")
    return "country" if path == "code" else path.removeprefix("targets").strip("/")
