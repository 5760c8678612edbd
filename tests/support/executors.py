"""What tests of sweeps share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class InProcess:
    """An executor that does the work at once, in this process."""

    slots = 1
    lost: tuple[type[BaseException], ...] = ()

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001  as an executor does
            future.set_exception(error)
        return future

    def rest(self) -> None:
        pass

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass
