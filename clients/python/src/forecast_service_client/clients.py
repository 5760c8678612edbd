"""The synchronous and the asynchronous client, which share all operations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import httpx

from forecast_service_client import operations as ops
from forecast_service_client.cache import AnswerCache
from forecast_service_client.sansio import LOST, Call, Item, Outcome, Pause, Policy, Steps, Stream, retrying, single
from forecast_service_client.version import VERSION

P = ParamSpec("P")
T = TypeVar("T")
Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)


class _Base(Generic[Http]):
    """Options and cache of both clients.

    Parameters
    ----------
    url : address of the service, with a gateway's prefix if it has one.
    api_key : sent as ``X-API-Key``.
    token : sent as ``Authorization: Bearer``.
    timeout : time limit of each request (seconds).
    retries : how often the client repeats a request answered with 429 or 503, after its ``Retry-After``, and one whose
        connection was lost, if the service carries it out once all the same.
    longest_wait : longest wait before a repetition (seconds); if it must wait longer, it raises the error at once.
    remembered : how many answers the client remembers; 0 for none. A fresh one (``Cache-Control: max-age``) costs no
        request; for another the client asks whether it has changed (``ETag``).
    transport : httpx's transport, for tests and proxies.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        timeout: float = 30.0,
        retries: int = 3,
        longest_wait: float = 60.0,
        remembered: int = 100,
        transport: Any = None,
    ) -> None:
        headers = {"User-Agent": f"forecast-service-client/{VERSION}"}
        if api_key:
            headers["X-API-Key"] = api_key
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http: Http = self._open(base_url=url, headers=headers, timeout=timeout, transport=transport)
        self._policy = Policy(retries, longest_wait)
        self._cache = AnswerCache(remembered)

    def _open(self, **options: Any) -> Http:
        """Make the client of httpx."""
        raise NotImplementedError


def _build(http: httpx.Client | httpx.AsyncClient, call: Call) -> httpx.Request:
    return http.build_request(
        call.method, call.address, params=call.params or None, json=call.body, headers=call.headers
    )


def _now(make: Callable[P, Steps[T]]) -> Callable[Concatenate[Client, P], T]:
    @wraps(make)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        [found] = self._iterate(single(make(*args, **kwargs)))
        return found

    return method


def _each(make: Callable[P, Stream[T]]) -> Callable[Concatenate[Client, P], Iterator[T]]:
    @wraps(make)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self._iterate(make(*args, **kwargs))

    return method


class Client(_Base[httpx.Client]):
    """A synchronous client. It is a context manager; threads may share it."""

    def _open(self, **options: Any) -> httpx.Client:
        return httpx.Client(**options)

    forecast = _now(ops.forecast)
    batch = _now(ops.batch)
    alliance = _now(ops.alliance)
    requirement = _now(ops.requirement)
    sensitivity = _now(ops.sensitivity)
    compare = _now(ops.compare)
    countries = _now(ops.countries)
    history = _now(ops.history)
    vintages = _now(ops.vintages)
    track_record = _now(ops.track_record)
    past_forecasts = _now(ops.past_forecasts)
    scenarios = _each(ops.scenarios)
    scenario = _now(ops.scenario)
    create_scenario = _now(ops.create_scenario)
    replace_scenario = _now(ops.replace_scenario)
    fork_scenario = _now(ops.fork_scenario)
    delete_scenario = _now(ops.delete_scenario)
    sweep = _now(ops.sweep)
    post_sweep = _now(ops.post_sweep)
    watch_sweep = _each(ops.watch_sweep)
    sweep_results = _each(ops.sweep_results)
    sweep_table = _now(ops.sweep_table)
    cancel_sweep = _now(ops.cancel_sweep)
    delete_sweep = _now(ops.delete_sweep)

    def _iterate(self, steps: Stream[T]) -> Iterator[T]:
        steps, reply = retrying(steps, self._policy), None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration:
                return
            if isinstance(step, Item):
                yield step.value
                reply = None
            else:
                reply = self._do(step)

    def _do(self, step: Call | Pause) -> Outcome | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        request = _build(self._http, step)
        if (remembered := self._cache.fresh(request)) is not None:
            return remembered
        try:
            return self._cache.take(self._http.send(request))
        except LOST as error:
            return error

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _soon(make: Callable[P, Steps[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    @wraps(make)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        [found] = [item async for item in self._iterate(single(make(*args, **kwargs)))]
        return found

    return method


def _each_soon(make: Callable[P, Stream[T]]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    @wraps(make)
    def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return self._iterate(make(*args, **kwargs))

    return method


class AsyncClient(_Base[httpx.AsyncClient]):
    """A client whose methods are coroutines or, for several items, asynchronous iterators."""

    def _open(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(**options)

    forecast = _soon(ops.forecast)
    batch = _soon(ops.batch)
    alliance = _soon(ops.alliance)
    requirement = _soon(ops.requirement)
    sensitivity = _soon(ops.sensitivity)
    compare = _soon(ops.compare)
    countries = _soon(ops.countries)
    history = _soon(ops.history)
    vintages = _soon(ops.vintages)
    track_record = _soon(ops.track_record)
    past_forecasts = _soon(ops.past_forecasts)
    scenarios = _each_soon(ops.scenarios)
    scenario = _soon(ops.scenario)
    create_scenario = _soon(ops.create_scenario)
    replace_scenario = _soon(ops.replace_scenario)
    fork_scenario = _soon(ops.fork_scenario)
    delete_scenario = _soon(ops.delete_scenario)
    sweep = _soon(ops.sweep)
    post_sweep = _soon(ops.post_sweep)
    watch_sweep = _each_soon(ops.watch_sweep)
    sweep_results = _each_soon(ops.sweep_results)
    sweep_table = _soon(ops.sweep_table)
    cancel_sweep = _soon(ops.cancel_sweep)
    delete_sweep = _soon(ops.delete_sweep)

    async def _iterate(self, steps: Stream[T]) -> AsyncIterator[T]:
        steps, reply = retrying(steps, self._policy), None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration:
                return
            if isinstance(step, Item):
                yield step.value
                reply = None
            else:
                reply = await self._do(step)

    async def _do(self, step: Call | Pause) -> Outcome | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        request = _build(self._http, step)
        if (remembered := self._cache.fresh(request)) is not None:
            return remembered
        try:
            return self._cache.take(await self._http.send(request))
        except LOST as error:
            return error

    async def close(self) -> None:
        """Give back the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()
