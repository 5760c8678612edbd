"""An assistant that has started ``forecast-service mcp``, by the client of the package mcp."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mcp import Client, StdioServerParameters

from tests.support.service import PATIENCE_S, environment

T = TypeVar("T")
COMMAND = [sys.executable, "-m", "forecast_service.cli", "mcp"]


@dataclass(frozen=True)
class Assistant:
    """A connected client, for tests that are not asynchronous."""

    client: Client
    loop: asyncio.AbstractEventLoop

    def run(self, ask: Callable[[Client], Awaitable[T]]) -> T:
        """What ``ask`` answers."""

        async def asked() -> T:
            return await ask(self.client)

        return asyncio.run_coroutine_threadsafe(asked(), self.loop).result(PATIENCE_S)

    def result(self, tool: str, **arguments: Any) -> Any:
        """The result of a call."""
        return self.run(lambda client: client.call_tool(tool, arguments))

    def answer(self, tool: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
        """Text and document of the answer of a call."""
        result = self.result(tool, **arguments)
        assert not result.is_error, result.content[0].text
        return result.content[0].text, result.structured_content

    def refusal(self, tool: str, **arguments: Any) -> str:
        """What a call that must be refused says."""
        result = self.result(tool, **arguments)
        assert result.is_error
        said: str = result.content[0].text
        return said


@contextmanager
def assisting(state_dir: Path) -> Iterator[Assistant]:
    """An assistant whose server has the state in ``state_dir``; the server has ended when the block is left."""
    connected: Future[Assistant] = Future()
    left = asyncio.Event()

    async def live() -> None:
        started = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=environment(state_dir))
        try:
            async with Client(started) as client:
                connected.set_result(Assistant(client, asyncio.get_running_loop()))
                await left.wait()
        except BaseException as error:
            if not connected.done():
                connected.set_exception(error)
            raise

    # The client must be left in the task that entered it, so it lives in one of its own.
    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    assistant = connected.result(PATIENCE_S)
    try:
        yield assistant
    finally:
        assistant.loop.call_soon_threadsafe(left.set)
        thread.join(PATIENCE_S)
