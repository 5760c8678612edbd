"""The routes of the page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for
from werkzeug.exceptions import NotFound

from forecast_service.dashboard import assets, custom_scenario, internal_client
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages import alliance, ally, common, comparison, embed, gallery
from forecast_service.dashboard.pages import over_time as moves
from forecast_service.dashboard.pages import sources as source_list
from forecast_service.dashboard.pages import track_record as scores
from forecast_service.dashboard.rendering import POLICY, not_found, page

blp = Blueprint("dashboard", __name__, template_folder="templates", static_folder=None)


@blp.after_request
def _confine(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.vary.update(("X-API-Key", "Authorization"))
    return response


@blp.app_errorhandler(404)
def nothing_here(error: NotFound) -> Response:
    """The answer to an address where nothing is: a page for readers of pages, else a problem."""
    return not_found(error)


@blp.get("/")
@page("overview")
def overview(state: State) -> dict[str, Any]:
    """All allies together."""
    return alliance.overview(state)


@blp.get("/countries")
@page("countries")
def choose(state: State) -> Any:
    """The list of allies; with ``country`` in the query, a redirect to its page."""
    name = common.asked_country()
    if not name:
        return common.countries()
    found = internal_client.document("countries.get_country", code=name)
    return Response(status=303, headers={"Location": url_for("dashboard.country", code=found["code"], **state.query())})


@blp.get("/countries/<code>")
@page("country")
def country(state: State, code: str) -> dict[str, Any]:
    """One ally under one scenario."""
    return ally.country(state, code)


@blp.get("/countries/<code>/live")
@page("live")
def live(state: State, code: str) -> dict[str, Any]:
    """The parts of an ally's page that follow the sliders, without the page around them."""
    return ally.live(state, code)


@blp.get("/countries/<code>/sensitivity")
@page("sensitivity")
def sensitivity(state: State, code: str) -> dict[str, Any]:
    """Which assumption moves the probability most."""
    return ally.sensitivity(state, code)


@blp.get("/countries/<code>/own.<any(svg, png, csv, json, 'vl.json'):format>")
def own_forecast(code: str, format: str) -> Response:
    """The answer of POST /v1/forecasts to the levers in the query, for images and links, which can only GET."""
    return custom_scenario.send(code, format)


@blp.get("/countries/<code>/own-card.<any(svg, png):format>")
def own_card(code: str, format: str) -> Response:
    """The card of POST /v1/forecasts/card.FORMAT for the levers in the query, for previews of links."""
    return custom_scenario.send_card(code, format)


@blp.get("/embed")
@page("embed", embedded=True)
def embed_alliance(state: State) -> dict[str, Any]:
    """All allies together, small, for an iframe of another site."""
    return embed.alliance(state)


@blp.get("/embed/<code>")
@page("embed", embedded=True)
def embed_ally(state: State, code: str) -> dict[str, Any]:
    """One ally, small, for an iframe of another site."""
    return embed.ally(state, code)


@blp.get("/scenarios")
@page("gallery")
def scenarios(state: State) -> dict[str, Any]:
    """The shipped scenarios, the public ones and the caller's own."""
    return gallery.scenarios(state)


@blp.get("/compare")
@page("compare")
def compare(state: State) -> dict[str, Any]:
    """Two allies side by side."""
    return comparison.compare(state)


@blp.get("/over-time")
@page("over_time")
def over_time(state: State) -> dict[str, Any]:
    """How the allies' numbers moved from one vintage to another."""
    return moves.over_time(state)


@blp.get("/track-record")
@page("track_record")
def track_record(state: State) -> Any:
    """The scores of past forecasts; with ``country`` in the query, a redirect to the forecasts of that ally."""
    name = common.asked_country()
    if not name:
        return scores.track_record(state)
    found = internal_client.document("countries.get_country", code=name)
    address = url_for("dashboard.track_record_ally", code=found["code"], **state.query())
    return Response(status=303, headers={"Location": address})


@blp.get("/track-record/<code>")
@page("track_record_ally")
def track_record_ally(state: State, code: str) -> dict[str, Any]:
    """What was said of one ally, and what came."""
    return scores.ally(state, code)


@blp.get("/method")
@page("method", numbers=False)
def method(_state: State) -> dict[str, Any]:
    """How the model works and what it cannot know."""
    return {}


@blp.get("/sources")
@page("sources", numbers=False)
def sources(_state: State) -> dict[str, Any]:
    """The sources of the figures."""
    return source_list.sources()


@blp.get("/assets/<version>/<name>")
def asset(version: str, name: str) -> Response:
    """Styles and scripts."""
    return assets.send(version, name)
