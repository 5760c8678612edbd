"""A page's answer as others cite and find it: the citation with scheme and host, and JSON-LD (schema.org's Dataset)."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for

from forecast_service.dashboard.page_state import State
from forecast_service.http.negotiation import has_pyarrow
from forecast_service.media_types import CONTENT_TYPES, CSV, JSON, PARQUET

Document = dict[str, Any]

SHARE = "% of GDP"
MEASURED = {
    "probability of meeting the target in the deadline year": "fraction of the simulated futures, 0 to 1",
    "core defence spending": SHARE,
    "related spending": SHARE,
    "total spending": SHARE,
}
"""What both answers give -> its unit."""


def citation(answer: Document) -> Document | None:
    """The citation of an answer with a full address; None on a static site that knows no service to cite."""
    cite: Document = answer["cite"]
    address = cite["address"]
    if address is None or not address.startswith("/"):
        return cite
    if current_app.config.get("STATIC_SITE"):
        return None
    full = request.host_url.rstrip("/") + address
    return {"address": full} | {name: cite[name].replace(address, full) for name in ("text", "bibtex")}


def of_ally(state: State, detail: Document, forecast: Document, summary: str) -> Document | None:
    """The dataset of an ally's page; None if it shows the reader's own assumptions, which are no dataset of ours."""
    if state.levers:
        return None
    code, measured = detail["code"], MEASURED | {"core defence spending in money": "million US dollars of 2021"}
    page = url_for("dashboard.country", code=code, _external=True, **state.passed)
    table = {"endpoint": "forecasts.get_forecast_table", "code": code}
    files = _files(state, table, {"endpoint": "forecasts.get_forecast", "code": code})
    place = {"@type": "Country", "name": detail["name"], "identifier": code}
    return _dataset(forecast, summary, page, place, measured, files)


def of_alliance(state: State, alliance: Document, summary: str) -> Document:
    """The dataset of the page of all allies."""
    page = url_for("dashboard.overview", _external=True, **state.passed)
    files = _files(state, {"endpoint": "alliance.get_alliance_table"}, {"endpoint": "alliance.get_alliance_forecast"})
    place = {"@type": "Place", "name": "Member states of NATO"}
    measured = MEASURED | {"number of allies that meet the target": "allies"}
    return _dataset(alliance, summary, page, place, measured, files)


def _dataset(
    answer: Document, summary: str, page: str, place: Document, measured: dict[str, str], files: list[Document]
) -> Document:
    csl, cited = answer["cite"]["csl"], citation(answer)
    issued = "-".join(f"{part:02}" for part in csl["issued"]["date-parts"][0])
    home = url_for("dashboard.overview", _external=True)
    dataset = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": csl["title"],
        "description": f"{summary} From {answer['draws']:,} simulated futures of defence spending; {csl['version']}.",
        "url": page,
        "identifier": csl["id"],
        "version": csl["version"],
        "datePublished": issued,
        "isAccessibleForFree": True,
        "license": url_for("dashboard.sources", _external=True),
        "creator": {"@type": "Organization", "name": "forecast_service", "url": home},
        "temporalCoverage": f"{answer['origin'] + 1}/{answer['deadline']}",
        "spatialCoverage": place,
        "variableMeasured": [
            {"@type": "PropertyValue", "name": name, "unitText": unit} for name, unit in measured.items()
        ],
        "distribution": files,
    }
    return dataset if cited is None else dataset | {"citation": cited["text"]}


def _files(state: State, table: dict[str, str], document: dict[str, str]) -> list[Document]:
    """The answer's downloads; a static site has no Parquet."""
    formats = [CSV, *([PARQUET] if has_pyarrow() and not current_app.config.get("STATIC_SITE") else [])]
    where = {form: url_for(**table, format=form, _external=True, **state.passed) for form in formats}
    where[JSON] = url_for(**document, _external=True, **state.passed)
    return [
        {"@type": "DataDownload", "encodingFormat": CONTENT_TYPES[form].partition(";")[0], "contentUrl": address}
        for form, address in where.items()
    ]
