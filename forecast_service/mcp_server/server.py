"""Serves the tools by the Model Context Protocol over standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import Any, cast

import anyio
from flask import Flask
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ListedTool

from forecast_service.dashboard.internal_client import Refused
from forecast_service.dashboard.text import THIN
from forecast_service.mcp_server.application import Application
from forecast_service.mcp_server.contract import Contract
from forecast_service.mcp_server.tool import BadArguments, Tool, refusal, sent
from forecast_service.mcp_server.tools.alliance import alliance
from forecast_service.mcp_server.tools.figures import countries, history
from forecast_service.mcp_server.tools.forecasts import compare, forecast
from forecast_service.mcp_server.tools.requirement import requirement
from forecast_service.mcp_server.tools.scenarios import scenarios
from forecast_service.mcp_server.tools.track_record import track_record
from forecast_service.openapi.spec import contract
from forecast_service.version import VERSION

TOOLS = (countries, history, forecast, scenarios, compare, alliance, requirement, track_record)
READ_BYTES = 65536
READ_ONLY = ToolAnnotations(read_only_hint=True, open_world_hint=False)


def server(app: Flask, address: str) -> Server[Any]:
    """The server of the tools, which ask ``app``.

    Parameters
    ----------
    address : where the service is reached from outside, for links; paths alone if it is empty.
    """
    document = contract(app)
    application, tools = Application(app, address), {it.name: it for it in (make(Contract(document)) for make in TOOLS)}
    # Answers are computed one at a time: the interpreter's lock lets two at once take longer, not shorter.
    turn = anyio.CapacityLimiter(1)

    async def list_tools(_context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_listed(tool) for tool in tools.values()])

    async def call_tool(_context: Any, params: CallToolRequestParams) -> CallToolResult:
        if params.name not in tools:
            raise MCPError(INVALID_PARAMS, f"there is no tool {params.name!r}; there are {', '.join(tools)}")
        asked = (tools[params.name], application, params.arguments or {})
        return await anyio.to_thread.run_sync(_called, *asked, limiter=turn)

    return Server(
        "forecast-service",
        version=VERSION,
        title=document["info"]["title"],
        instructions=document["info"]["description"],
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _listed(tool: Tool) -> ListedTool:
    return ListedTool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes,
        output_schema=tool.gives,
        annotations=READ_ONLY,
    )


def _called(tool: Tool, application: Application, given: dict[str, Any]) -> CallToolResult:
    """The result of a call; what the API refuses is an error that the assistant can read and mend."""
    try:
        answer = tool.answer(application, sent(tool, given))
    except BadArguments as error:
        return _result(str(error), is_error=True)
    except Refused as error:
        return _result(refusal(error.problem), is_error=True)
    return _result(answer.text, structured_content=answer.document)


def _result(text: str, **more: Any) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text.replace(THIN, " "))], **more)


async def serve(app: Flask, address: str) -> None:
    """Serve until standard input ends; meanwhile what anybody prints goes to standard error."""
    serving = server(app, address)
    lines = cast("anyio.AsyncFile[str]", _standard_input())
    async with stdio_server(stdin=lines) as (read, write):
        await serving.run(read, write, serving.create_initialization_options())


def _standard_input() -> asyncio.StreamReader:
    """Standard input, whose reader can be cancelled.

    The package's own waits in a thread that no signal wakes, so that Ctrl-C and SIGTERM would end nothing until the
    assistant closes the pipe. This thread is left behind.
    """
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit=sys.maxsize)

    def read() -> None:
        while data := os.read(0, READ_BYTES):
            loop.call_soon_threadsafe(reader.feed_data, data)
        loop.call_soon_threadsafe(reader.feed_eof)

    threading.Thread(target=read, name="standard-input", daemon=True).start()
    return reader
