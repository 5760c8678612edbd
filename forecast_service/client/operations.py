"""What can be asked of the service, each as steps (:mod:`forecast_service.client.sansio`)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urljoin

import httpx

from forecast_service.client.answers import Component, Document, Forecast, Row, SavedScenario, Sweep
from forecast_service.client.errors import SweepFailed, retry_after
from forecast_service.client.sansio import Call, Item, Pause, Steps, Stream

Scenario = str | Mapping[str, Any]
"""A scenario's name or id, or one of one's own: ``{"name": ..., "levers": [...]}``."""
WATCH_S = 1.0
"""How often to look at a sweep where the service does not say."""


def _given(**question: Any) -> dict[str, Any]:
    return {name: value for name, value in question.items() if value is not None}


def _path(*parts: object) -> str:
    return "/v1/" + "/".join(quote(str(part), safe="") for part in parts)


def _once() -> dict[str, str]:
    """So that a request that is sent again is carried out once."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def forecast(
    country: str | None = None,
    *,
    scenario: Scenario = "baseline",
    deadline: int | None = None,
    core: float | None = None,
    related: float | None = None,
    history: Mapping[int, float] | None = None,
    origin: int | None = None,
    vintage: str | None = None,
    quantiles: Sequence[float] | None = None,
) -> Steps[Forecast]:
    """How likely one ally meets the targets.

    Parameters
    ----------
    country : ISO alpha-2, alpha-3 or English name; may be None where a history is given.
    scenario : the name of a shipped one, the id of a kept one, or one's own.
    deadline : year.
    core, related : thresholds (% of GDP).
    history : one's own figures, year to value (% of GDP).
    quantiles : levels, 0.001 to 0.999.

    Raises
    ------
    InvalidInput, NotFound, Unavailable
    """
    beside = _given(origin=origin, vintage=vintage)
    targets = _given(deadline=deadline, core=core, related=related)
    if country is not None and isinstance(scenario, str) and history is None:
        # As a GET, which caches between here and there can answer.
        levels = ",".join(map(str, quantiles)) if quantiles else None
        params = {"scenario": scenario} | targets | beside | _given(quantiles=levels)
        response = yield Call("GET", _path("countries", country, "forecast"), params)
    else:
        years = {str(year): value for year, value in history.items()} if history else None
        body = {"scenario": scenario} | beside | _given(country=country, history=years, targets=targets or None)
        response = yield Call("POST", _path("forecasts"), body=body | _given(quantiles=quantiles))
    return Forecast(response.json())


def batch(items: Sequence[Mapping[str, Any]]) -> Steps[list[Document]]:
    """A forecast for each question, bodies of ``POST /v1/forecasts``; each answer has status, forecast and problem."""
    response = yield Call("POST", _path("forecasts", "batch"), body={"items": list(items)})
    found: list[Document] = response.json()["items"]
    return found


def alliance(*, scenario: str = "baseline", deadline: int | None = None, **more: Any) -> Steps[Document]:
    """How many allies meet the targets, what they spend together, and who bears it.

    ``more``: core, related, origin, vintage, as for a forecast.
    """
    response = yield Call(
        "GET", _path("alliance", "forecast"), {"scenario": scenario} | _given(deadline=deadline, **more)
    )
    document: Document = response.json()
    return document


def requirement(
    country: str, probability: float, *, component: Component = "core", scenario: Scenario = "baseline", **more: Any
) -> Steps[Document]:
    """The extra growth of spending, and the money, that bring the probability to what is asked for.

    ``more``: targets, origin, vintage, as ``POST /v1/requirements`` takes them.
    """
    asked = {"country": country, "probability": probability, "component": component, "scenario": scenario}
    response = yield Call("POST", _path("requirements"), body=asked | _given(**more))
    document: Document = response.json()
    return document


def scenarios(*, q: str | None = None, owner: str | None = None, based_on: str | None = None) -> Stream[Document]:
    """Every scenario that ships or that the caller may read, page after page."""
    return _pages(Call("GET", _path("scenarios"), _given(q=q, owner=owner, based_on=based_on, limit=200)))


def _pages(first: Call) -> Stream[Document]:
    call = first
    while True:
        response: httpx.Response = yield call
        page = response.json()
        for item in page["items"]:
            yield Item(item)
        if not page["next"]:
            return
        call = Call("GET", urljoin(str(response.url), page["next"]))


def _saved(response: httpx.Response) -> SavedScenario:
    return SavedScenario(response.json(), response.headers.get("ETag", ""))


def scenario(identifier: str) -> Steps[SavedScenario]:
    """A scenario as it stands."""
    return _saved((yield Call("GET", _path("scenarios", identifier))))


def create_scenario(draft: Mapping[str, Any]) -> Steps[SavedScenario]:
    """Keep a scenario: name, levers, and what else ``POST /v1/scenarios`` takes."""
    return _saved((yield Call("POST", _path("scenarios"), body=draft, headers=_once())))


def replace_scenario(current: SavedScenario, draft: Mapping[str, Any]) -> Steps[SavedScenario]:
    """Write a new version in the place of ``current``.

    Raises
    ------
    Stale
        if somebody else has changed it since ``current`` was read.
    """
    call = Call("PUT", _path("scenarios", current.id), body=draft, headers={"If-Match": current.etag})
    return _saved((yield call))


def fork_scenario(identifier: str, **named: Any) -> Steps[SavedScenario]:
    """Keep a copy of a scenario as one's own; ``named``: name, description, public."""
    return _saved((yield Call("POST", _path("scenarios", identifier, "fork"), body=named, headers=_once())))


def delete_scenario(current: SavedScenario) -> Steps[None]:
    """Delete it with all its versions; :class:`Stale` if it has changed since ``current`` was read."""
    yield Call("DELETE", _path("scenarios", current.id), headers={"If-Match": current.etag})


def post_sweep(request: Mapping[str, Any]) -> Steps[Sweep]:
    """Begin a sweep; ``request`` is the body of ``POST /v1/sweeps``."""
    response = yield Call("POST", _path("sweeps"), body=request, headers=_once())
    return Sweep(response.json())


def watch_sweep(identifier: str) -> Stream[Sweep]:
    """How a sweep stands, looked at as often as the service asks (``Retry-After``), until it is finished."""
    while True:
        response = yield Call("GET", _path("sweeps", identifier))
        found = Sweep(response.json())
        yield Item(found)
        if found.finished:
            return
        wait = retry_after(response.headers)
        yield Pause(WATCH_S if wait is None else wait)


def sweep(request: Mapping[str, Any], progress: Callable[[Sweep], object] | None = None) -> Steps[Sweep]:
    """Begin a sweep and wait until it is done; ``progress`` is called each time it is looked at.

    Raises
    ------
    SweepFailed
        if it fails or somebody cancels it.
    """
    begun = yield from post_sweep(request)
    found, steps, reply = begun, watch_sweep(begun.id), None
    while not found.finished:
        step = steps.send(reply)
        if isinstance(step, Item):
            found, reply = step.value, None
            if progress:
                progress(found)
        else:
            reply = yield step
    if found.status != "done":
        raise SweepFailed(f"sweep {found.id} is {found.status}: {found.document['failure'] or 'no reason is given'}")
    return found


def sweep_results(identifier: str) -> Stream[Row]:
    """The rows of a sweep that are there now, in the order allies, targets, points; all of them once it is finished."""
    call = Call("GET", _path("sweeps", identifier, "results"), {"limit": 1000})
    while True:
        response: httpx.Response = yield call
        page = response.json()
        for row in page["items"]:
            yield Item(row)
        # While it runs, next leads on to rows that are not there yet.
        if not page["next"] or not page["items"]:
            return
        call = Call("GET", urljoin(str(response.url), page["next"]))


def cancel_sweep(identifier: str) -> Steps[Sweep]:
    """Stop a sweep and keep the rows that are there."""
    response = yield Call("POST", _path("sweeps", identifier, "cancel"))
    return Sweep(response.json())


def delete_sweep(identifier: str) -> Steps[None]:
    """Stop a sweep and delete it with its results."""
    yield Call("DELETE", _path("sweeps", identifier))
