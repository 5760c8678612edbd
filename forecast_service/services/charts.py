"""Collect the documents that a chart shows and send them to the drawing process.

A chart is drawn from the JSON document that answers the same question, so the two always agree.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from flask import request
from webargs.flaskparser import abort

from forecast_service.charts.renderer import drawer
from forecast_service.forecasting.registry import forecasters
from forecast_service.http.parsing import sent_body
from forecast_service.observability import telemetry
from forecast_service.schemas.charts import (
    CardOptionsSchema,
    ChartOptionsSchema,
    ComponentChartOptionsSchema,
    FanChartOptionsSchema,
    RankingChartOptionsSchema,
    chart_options,
)
from forecast_service.schemas.countries import HistorySchema
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.services import admission, forecasts, price
from models.dataset.countries import OWN_SERIES, allies
from models.scenarios.targets import Targets

Document = dict[str, Any]

ON_PAGES = ("scenario", "deadline", "core", "related", "rule", "origin", "vintage", "component", "overlay")
"""Parameters that the page has too."""


def _drawn(chart_request: Callable[[Document], Document]) -> Callable[[Document, str], tuple[bytes, str]]:
    """Turn a function that builds a chart request into one that draws it: the chart, and its finding in words."""

    @wraps(chart_request)
    def draw(document: Document, form: str) -> tuple[bytes, str]:
        wanted = chart_request(document) | {"form": form}
        with admission.admitted(price.DRAWING):
            drawn = drawer.draw(wanted)
        return drawn.body, drawn.finding

    return draw


def _request(picture: str, options: Document, shown: Document, **documents: Any) -> Document:
    """What the drawing process needs; ``shown`` is the answer that the chart shows."""
    imprint = {
        "published": forecasters().forecaster(shown["vintage"]).figures.published,
        "address": _address(shown),
        "sipri": forecasters().settings.sipri,
    }
    how = {name: options[name] for name in ("theme", "width")}
    return {"picture": picture, "documents": documents, "imprint": imprint} | how


def _address(shown: Document) -> str:
    """The page that shows the same, without the scheme, or only the service, if no page's address holds the question.

    It is built on a setting and not on the request's host, as a cached chart is sent to the callers of every host.
    """
    public = forecasters().settings.public_address.rstrip("/").partition("://")[2]
    if not public or request.method != "GET" or sent_body() is not None:
        return public
    code = shown.get("country", {}).get("code")
    path = f"/countries/{code}" if code else "/" if "deadline" in shown else "/track-record"
    asked = {name: request.args[name] for name in ON_PAGES if name in request.args}
    if asked.get("component") == "core":
        del asked["component"]
    return public + path + (f"?{urlencode(asked)}" if asked else "")


@_drawn
def fan(document: Document) -> Document:
    options = chart_options(FanChartOptionsSchema, request.args)
    sent = {name: value for name, value in (sent_body() or {}).items() if value is not None}
    _refuse_quantiles(sent)
    component = _applies(document, options["component"])
    ghost = options.get("ghost") and document["scenario"]["name"] != "baseline"
    return _request(
        "fan",
        options,
        document,
        forecast=document,
        component=component,
        history=_known(document) if component == "core" else [],
        ghost=_other(document, "baseline", sent) if ghost else None,
        overlays=[_other(document, name, sent) for name in options["overlay"]],
    )


def _known(document: Document) -> list[Document]:
    """The shares up to the origin: the caller's own, if the request holds any, else the ally's."""
    if own := (sent_body() or {}).get("history"):
        return [{"year": int(y), "share_pct": own[y], "estimate": False} for y in sorted(own) if own[y] is not None]
    return _history(document)


def _history(document: Document) -> list[Document]:
    """The ally's past shares, from the vintage of the answer."""
    code, vintage = document["country"]["code"], document["vintage"]
    observations = forecasters().forecaster(vintage).figures.observations.get(code, ())
    history = HistorySchema().dump({"ally": allies()[code], "vintage": vintage, "observations": observations})
    core: list[Document] = next((part["observations"] for part in history["components"]), [])
    return core


def _other(document: Document, scenario: str, sent: Document) -> Document:
    """The answer to the same question under another scenario."""
    targets = {target["component"]: target["threshold"] for target in document["targets"]}
    question: Document = {
        "country": None if document["country"]["code"] == OWN_SERIES.code else document["country"]["code"],
        "scenario": scenario,
        "targets": Targets(document["deadline"], targets["core"], targets["related"]),
        "vintage": document["vintage"],
        "origin": document["origin"],
    }
    if rule := request.args.get("rule") or sent.get("rule"):
        question["rule"] = rule
    if "history" in sent:
        from forecast_service.schemas.forecast_request import ForecastRequestSchema

        question["history"] = ForecastRequestSchema(only=("history",)).load({"history": sent["history"]})["history"]
        del question["origin"]
    facts = telemetry.facts()
    answer: Document = ForecastSchema().dump({"forecast": forecasts.forecast(field="overlay", **question), "links": {}})
    telemetry.annotate(**facts)  # the log names the scenario of the request, not the one it is compared with
    return answer


def _applies(document: Document, component: str) -> str:
    target = next((t for t in document["targets"] if t["component"] == component), None)
    if target is None or target.get("probability", target) is None:
        _refuse("component", "does not apply here: " + ((target or {}).get("reason") or "nothing is counted"))
    return component


def _refuse_quantiles(sent: Document) -> None:
    if "quantiles" in request.args or sent.get("quantiles") is not None:
        _refuse("quantiles", "a chart of paths has its own quantiles; leave this out")


def _refuse(name: str, detail: str) -> None:
    abort(422, messages={"query": {name: [detail]}})


@_drawn
def card(document: Document) -> Document:
    """The card of one ally, or of all of them."""
    options = chart_options(CardOptionsSchema, request.args)
    _refuse_quantiles(sent_body() or {})
    component = _applies(document, options["component"])
    if "country" not in document:
        return _request("alliance-card", options, document, alliance=document, component=component)
    known = _known(document) if component == "core" else []
    return _request("card", options, document, forecast=document, component=component, history=known)


@_drawn
def waterfall(document: Document) -> Document:
    options = chart_options(ComponentChartOptionsSchema, request.args)
    return _request(
        "waterfall", options, document, forecast=document, component=_applies(document, options["component"])
    )


@_drawn
def tornado(document: Document) -> Document:
    return _request("tornado", chart_options(ChartOptionsSchema, request.args), document, sensitivity=document)


@_drawn
def ranking(document: Document) -> Document:
    options = chart_options(RankingChartOptionsSchema, request.args)
    component = _applies(document, options["component"])
    return _request("ranking", options, document, alliance=document, component=component, measure=options["measure"])


@_drawn
def heatmap(document: Document) -> Document:
    options = chart_options(ComponentChartOptionsSchema, request.args)
    return _request("heatmap", options, document, alliance=document, component=_applies(document, options["component"]))


@_drawn
def count(document: Document) -> Document:
    options = chart_options(ComponentChartOptionsSchema, request.args)
    return _request("count", options, document, alliance=document, component=_applies(document, options["component"]))


@_drawn
def reliability(document: Document) -> Document:
    return _request("reliability", chart_options(ChartOptionsSchema, request.args), document, record=document)
