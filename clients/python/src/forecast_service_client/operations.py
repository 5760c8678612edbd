"""The operations of the clients, as generators of steps (:mod:`forecast_service_client.sansio`)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urljoin

import httpx

from forecast_service_client import documents
from forecast_service_client.answers import (
    Alliance,
    Comparison,
    Component,
    Forecast,
    History,
    PastForecasts,
    Requirement,
    Row,
    SavedScenario,
    Sensitivity,
    Sweep,
    TrackRecord,
    table_of,
)
from forecast_service_client.errors import SweepFailed, retry_after
from forecast_service_client.sansio import Call, Item, Pause, Steps, Stream
from forecast_service_client.tables import Table

Scenario = str | Mapping[str, Any]
"""A scenario's name or id, or a scenario of your own: ``{"name": ..., "levers": [...]}``."""
WATCH_S = 1.0
"""How long to wait between reads of a sweep if the service does not say."""


def _given(**question: Any) -> dict[str, Any]:
    return {name: value for name, value in question.items() if value is not None}


def _path(*parts: object) -> str:
    return "/v1/" + "/".join(quote(str(part), safe="") for part in parts)


def _once() -> dict[str, str]:
    """A new Idempotency-Key: the service carries out a repeated request once."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def _listed(values: Sequence[object] | None) -> str | None:
    """Values as one parameter of an address."""
    return ",".join(map(str, values)) if values else None


def forecast(
    country: str | None = None,
    *,
    scenario: Scenario = "baseline",
    deadline: int | None = None,
    core: float | None = None,
    related: float | None = None,
    rule: str | None = None,
    history: Mapping[int, float] | None = None,
    origin: int | None = None,
    vintage: str | None = None,
    quantiles: Sequence[float] | None = None,
) -> Steps[Forecast]:
    """The probability that one ally meets the targets.

    Parameters
    ----------
    country : code or name of an ally; may be None with a history.
    scenario : name of a shipped scenario, id of a saved one, or a scenario of your own.
    deadline : year.
    core, related : thresholds (% of GDP).
    rule : what counts as related spending: strict, claimed or broad; all three by their weights if None.
    history : your own figures, value (% of GDP) by year.
    quantiles : levels, 0.001 to 0.999.

    Raises
    ------
    InvalidInput, NotFound, Unavailable
    """
    basis = _given(rule=rule, origin=origin, vintage=vintage)
    targets = _given(deadline=deadline, core=core, related=related)
    if country is not None and isinstance(scenario, str) and history is None:
        # A GET, which caches can answer.
        params = {"scenario": scenario} | targets | basis | _given(quantiles=_listed(quantiles))
        response = yield Call("GET", _path("countries", country, "forecast"), params)
    else:
        years = {str(year): value for year, value in history.items()} if history else None
        body = {"scenario": scenario} | basis | _given(country=country, history=years, targets=targets or None)
        response = yield Call("POST", _path("forecasts"), body=body | _given(quantiles=quantiles))
    return Forecast(response.json())


def batch(items: Sequence[Mapping[str, Any]]) -> Steps[list[documents.BatchItem]]:
    """A forecast for each of ``items``, bodies of ``POST /v1/forecasts``; answers have status, forecast and problem."""
    response = yield Call("POST", _path("forecasts", "batch"), body={"items": list(items)})
    found: list[documents.BatchItem] = response.json()["items"]
    return found


def alliance(*, scenario: str = "baseline", deadline: int | None = None, **more: Any) -> Steps[Alliance]:
    """How many allies meet the targets, what they spend together, and each ally's part.

    ``more``: core, related, rule, origin, vintage, as for a forecast.
    """
    asked = {"scenario": scenario} | _given(deadline=deadline, **more)
    return Alliance((yield Call("GET", _path("alliance", "forecast"), asked)).json())


def requirement(
    country: str, probability: float, *, component: Component = "core", scenario: Scenario = "baseline", **more: Any
) -> Steps[Requirement]:
    """The extra growth of spending, and the money, that raise the probability to ``probability``.

    ``more``: targets, rule, origin, vintage, as ``POST /v1/requirements`` takes them.
    """
    asked = {"country": country, "probability": probability, "component": component, "scenario": scenario}
    return Requirement((yield Call("POST", _path("requirements"), body=asked | _given(**more))).json())


def sensitivity(
    country: str,
    *,
    component: Component = "core",
    scenario: Scenario = "baseline",
    deadline: int | None = None,
    core: float | None = None,
    related: float | None = None,
    **more: Any,
) -> Steps[Sensitivity]:
    """The assumptions that move an ally's probability most.

    ``more``: rule, origin, vintage, as for a forecast.
    """
    targets = _given(deadline=deadline, core=core, related=related)
    asked = {"scenario": scenario, "component": component} | _given(**more)
    if isinstance(scenario, str):
        response = yield Call("GET", _path("countries", country, "sensitivity"), asked | targets)
    else:
        body = {"country": country} | asked | _given(targets=targets or None)
        response = yield Call("POST", _path("sensitivity"), body=body)
    return Sensitivity(response.json())


def compare(country: str, scenarios: Sequence[str], **more: Any) -> Steps[Comparison]:
    """Forecasts of one ally under two to ten shipped or saved scenarios, and their differences from the first.

    ``more``: deadline, core, related, rule, origin, vintage, quantiles, as for a forecast.
    """
    more["quantiles"] = _listed(more.get("quantiles"))
    asked = {"country": country, "ids": _listed(scenarios)} | _given(**more)
    return Comparison((yield Call("GET", _path("scenarios", "compare"), asked)).json())


def countries() -> Steps[list[documents.Country]]:
    """The allies: code, name, region, accession and latest figure."""
    found: list[documents.Country] = (yield Call("GET", _path("countries"))).json()["items"]
    return found


def history(country: str, *, vintage: str | None = None) -> Steps[History]:
    """The figures of one ally (% of GDP)."""
    return History((yield Call("GET", _path("countries", country, "history"), _given(vintage=vintage))).json())


def vintages() -> Steps[list[documents.Vintage]]:
    """The vintages of the figures: name, origin, and whether it is the current one."""
    found: list[documents.Vintage] = (yield Call("GET", _path("vintages"))).json()["items"]
    return found


def track_record() -> Steps[TrackRecord]:
    """The scores of past forecasts."""
    return TrackRecord((yield Call("GET", _path("track-record"))).json())


def past_forecasts(country: str | None = None, *, origin: int | None = None) -> Steps[PastForecasts]:
    """What would have been forecast from every origin since 1999, beside what came; of one ally, of one origin."""
    asked = _given(country=country, origin=origin)
    return PastForecasts((yield Call("GET", _path("track-record", "forecasts"), asked)).json())


def scenarios(
    *, q: str | None = None, owner: str | None = None, based_on: str | None = None
) -> Stream[documents.ScenarioItem]:
    """Every scenario that the caller may read, shipped ones too."""
    return _pages(Call("GET", _path("scenarios"), _given(q=q, owner=owner, based_on=based_on, limit=200)))


def _pages(first: Call) -> Stream[Any]:
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
    """The current version of a scenario."""
    return _saved((yield Call("GET", _path("scenarios", identifier))))


def create_scenario(draft: Mapping[str, Any]) -> Steps[SavedScenario]:
    """Save a scenario; ``draft`` is the body of ``POST /v1/scenarios``."""
    return _saved((yield Call("POST", _path("scenarios"), body=draft, headers=_once())))


def replace_scenario(current: SavedScenario, draft: Mapping[str, Any]) -> Steps[SavedScenario]:
    """Save a new version after ``current``.

    Raises
    ------
    Stale
            if the scenario has changed since ``current`` was read.
    """
    call = Call("PUT", _path("scenarios", current.id), body=draft, headers={"If-Match": current.etag})
    return _saved((yield call))


def fork_scenario(identifier: str, **named: Any) -> Steps[SavedScenario]:
    """Save your own copy of a scenario; ``named``: name, description, public."""
    return _saved((yield Call("POST", _path("scenarios", identifier, "fork"), body=named, headers=_once())))


def delete_scenario(current: SavedScenario) -> Steps[None]:
    """Delete a scenario with all versions; :class:`Stale` if it has changed since ``current`` was read."""
    yield Call("DELETE", _path("scenarios", current.id), headers={"If-Match": current.etag})


def post_sweep(request: Mapping[str, Any]) -> Steps[Sweep]:
    """Begin a sweep; ``request`` is the body of ``POST /v1/sweeps``."""
    response = yield Call("POST", _path("sweeps"), body=request, headers=_once())
    return Sweep(response.json())


def watch_sweep(identifier: str) -> Stream[Sweep]:
    """The state of a sweep, read as often as the service asks (``Retry-After``), until it is finished."""
    while True:
        response = yield Call("GET", _path("sweeps", identifier))
        found = Sweep(response.json())
        yield Item(found)
        if found.finished:
            return
        wait = retry_after(response.headers)
        yield Pause(WATCH_S if wait is None else wait)


def sweep(request: Mapping[str, Any], progress: Callable[[Sweep], object] | None = None) -> Steps[Sweep]:
    """Begin a sweep and wait until it is done; calls ``progress`` with each state read.

    Raises
    ------
    SweepFailed
            if it fails or is cancelled.
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
    """The rows computed so far, in the order allies, targets, points; all rows once the sweep is finished."""
    call = Call("GET", _path("sweeps", identifier, "results"), {"limit": 1000})
    while True:
        response: httpx.Response = yield call
        page = response.json()
        for row in page["items"]:
            yield Item(row)
        # While the sweep runs, ``next`` points to rows not computed yet.
        if not page["next"] or not page["items"]:
            return
        call = Call("GET", urljoin(str(response.url), page["next"]))


def sweep_table(identifier: str) -> Steps[Table]:
    """The rows computed so far as a table, with the columns of the sweep's CSV."""
    rows: list[Row] = []
    steps, reply = sweep_results(identifier), None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration:
            return table_of(rows)
        if isinstance(step, Item):
            rows.append(step.value)
            reply = None
        else:
            reply = yield step


def cancel_sweep(identifier: str) -> Steps[Sweep]:
    """Stop a sweep; the computed rows stay."""
    response = yield Call("POST", _path("sweeps", identifier, "cancel"))
    return Sweep(response.json())


def delete_sweep(identifier: str) -> Steps[None]:
    """Stop a sweep and delete it with its results."""
    yield Call("DELETE", _path("sweeps", identifier))
