"""How to cite an answer: its permanent address, a sentence, an entry for BibTeX and an item of CSL-JSON.

The address names what determines the answer and differs from the default, the vintage, and the answer's id: under it
the service gives exactly this answer, or 410.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import url_for

from forecast_service.forecasting.registry import forecasters
from forecast_service.http.addresses import absolute
from forecast_service.schemas.citation import CSL_TYPE
from forecast_service.schemas.forecast_response import ScenarioOutSchema
from forecast_service.schemas.requests import shared
from forecast_service.services.forecasts import Asked, sensitivity_id
from forecast_service.store.scenarios import ScenarioVersion
from models.analysis.alliance import AllianceForecast
from models.analysis.requirements import Requirement
from models.analysis.sensitivity import Sensitivity
from models.dataset.countries import OWN_SERIES, allies
from models.dataset.observations import Figures
from models.forecast import MODEL_VERSION, Question
from models.forecast.question import LEVELS
from models.forecast.result import Forecast
from models.scenarios.targets import Targets

Query = dict[str, Any]

AUTHOR = "forecast_service"
LONGEST = 8_000
"""Most characters of an address: with the method and HTTP's version it fits into a request line, 8,190 bytes."""
TOO_LONG = (
    "The question is too long for an address: save its scenario (POST /v1/scenarios) and cite the forecast under that."
)
TEX = {
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",  # not \{, as BibTeX counts braces, whatever stands before them
    "}": r"{\textbraceright}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    "<": r"{\textless}",
    ">": r"{\textgreater}",
} | {character: f"\\{character}" for character in "$&#%_"}
SPECIAL = str.maketrans(TEX)


@dataclass(frozen=True)
class _Cited:
    """What a citation says of an answer.

    Attributes
    ----------
    title : the question in words.
    issued : year, month and day on which the figures were published, or the year alone.
    address : None if it would be too long.
    """

    title: str
    id: str
    model_version: str
    vintage: str
    issued: list[int]
    address: str | None


def of_forecast(asked: Asked[Forecast]) -> dict[str, Any]:
    """How to cite the forecast that was asked for."""
    question = asked.question
    if question.ally is OWN_SERIES:
        what = f"A series sent with the question: probability of being at {question.targets.core:g}"
    else:
        what = _spending(question.ally.name, question.ally.denominator, question.targets)
        if question.history is not None:
            what += " (from figures sent with the question)"
    return _cited(asked, what, question.id, _address_of_forecast(asked))


def of_requirement(asked: Asked[Requirement], answer: Requirement, probability: float) -> dict[str, Any]:
    """How to cite the ``answer`` to the requirement that was asked for."""
    wanted = f"{asked.question.ally.name}: what raises the probability to {probability:g} of"
    address = _address_of_question("requirements.get_question_requirement", asked, answer.id, probability=probability)
    return _cited(asked, f"{wanted} {_target(asked.question)}", answer.id, address)


def of_sensitivity(asked: Asked[Sensitivity]) -> dict[str, Any]:
    """How to cite the sensitivity that was asked for."""
    what = f"{asked.question.ally.name}: what moves the probability most of {_target(asked.question)}"
    answer = sensitivity_id(asked.question)
    address = _address_of_question("sensitivity.get_question_sensitivity", asked, answer)
    return _cited(asked, what, answer, address)


def _cited(asked: Asked[Any], what: str, answer: str, address: str | None) -> dict[str, Any]:
    question = asked.question
    title = _title(what, question.deadline, question.scenario.name)
    return _cite(_Cited(title, answer, MODEL_VERSION, asked.vintage, _issued(asked.forecaster.figures), address))


def _target(question: Question) -> str:
    threshold, ally = question.targets.threshold(question.target), question.ally
    return f"spending {threshold:g} % of {ally.denominator} ({question.target})"


def of_version(version: ScenarioVersion, query: Query, body: dict[str, Any]) -> dict[str, Any]:
    """How to cite the answer ``body`` under one version of a saved scenario, by the model and vintage of that version.

    It may have been saved by a release of which nothing else is left.
    """
    country, targets = body["country"], query["targets"]
    title = _title(
        _spending(country["name"], allies()[country["code"]].denominator, targets),
        body["deadline"],
        body["scenario"]["name"],
    )
    known = forecasters().has(version.vintage)
    issued = _issued(forecasters().forecaster(version.vintage).figures) if known else [body["origin"]]
    asked = _changed(targets) | {name: query[name] for name in ("rule", "origin") if name in query}
    address = _address_of_version(version, country["code"], asked, tuple(sorted(set(query["levels"]))), body["id"])
    return _cite(_Cited(title, body["id"], body["model_version"], body["vintage"], issued, address))


def of_alliance(answer: AllianceForecast, asked: Query) -> dict[str, Any]:
    """How to cite the ``answer`` to the query ``asked`` about all allies.

    Under a saved scenario the address holds until the scenario is changed.
    """
    figures, targets = forecasters().forecaster(answer.vintage).figures, asked["targets"]
    query = _scenario(asked.get("scenario")) | _changed(targets)
    query |= {"rule": asked["rule"]} if "rule" in asked else {}
    query |= _origin(answer.origin, figures) | {"vintage": answer.vintage} | _levels(answer.levels) | {"id": answer.id}
    title = _title(_spending("NATO's allies", "GDP", targets), answer.deadline, answer.scenario.name)
    address = _address("alliance.get_alliance_forecast", query)
    return _cite(_Cited(title, answer.id, answer.model_version, answer.vintage, _issued(figures), address))


def _title(what: str, deadline: int, scenario: str) -> str:
    return f"{what} in {deadline}, under the scenario “{' '.join(scenario.split())}”"


def _spending(who: str, denominator: str, targets: Targets) -> str:
    core, related = f"{targets.core:g} % of {denominator} on core defence", f"{targets.related:g} % on related needs"
    return f"{who}: probability of spending {core} and {related}"


def _issued(figures: Figures) -> list[int]:
    """The day on which the figures were published, which makes the citation the same on every day."""
    return [int(part) for part in figures.published.split("-") if part] or [figures.origin]


def _address_of_forecast(asked: Asked[Forecast]) -> str | None:
    question, saved, levels = asked.question, asked.saved, asked.question.levels
    query = _changed(question.targets) | ({} if asked.rule is None else {"rule": asked.rule})
    query |= _origin(question.origin, asked.forecaster.figures)
    if question.history is None and asked.named is not None:
        query = _scenario(asked.named) | query | {"vintage": asked.vintage} | _levels(levels) | {"id": question.id}
        return _address("forecasts.get_forecast", query, code=question.ally.code)
    pinned = saved and (saved.model_version, saved.vintage) == (MODEL_VERSION, asked.vintage)
    if question.history is None and saved and pinned:
        return _address_of_version(saved, question.ally.code, query, levels, question.id)
    more = {} if levels == LEVELS else {"quantiles": levels}
    return _address_of_question("forecasts.get_question_forecast", asked, question.id, **more)


def _address_of_version(
    version: ScenarioVersion, country: str, asked: Query, levels: tuple[float, ...], answer: str
) -> str | None:
    query = {"country": country} | asked | _levels(levels) | {"answer": answer}
    return _address("scenarios.get_version_forecast", query, id=version.id, number=version.version)


def _address_of_question(endpoint: str, asked: Asked[Any], answer: str, **more: Any) -> str | None:
    """The address that has the whole question in it, as the body of a POST without defaults."""
    question, body = asked.question, Query()
    if question.ally is not OWN_SERIES:
        body["country"] = question.ally.code
    if (history := question.history) is not None:
        body["history"] = {str(history.start + place): value for place, value in enumerate(history.values.tolist())}
    else:
        body |= _origin(question.origin, asked.forecaster.figures)
    if question.target != "core":
        body["component"] = question.target
    if asked.named is None:
        body["scenario"] = shared(ScenarioOutSchema).dump(question.scenario)  # the rule is the last of its levers
    else:
        body |= _scenario(asked.named) | ({} if asked.rule is None else {"rule": asked.rule})
    if targets := _changed(question.targets):
        body["targets"] = targets
    text = json.dumps(body | {"vintage": asked.vintage} | more, separators=(",", ":"), ensure_ascii=False)
    return _address(endpoint, {"question": text, "id": answer})


def _scenario(named: str | None) -> Query:
    return {} if named in (None, "baseline") else {"scenario": named}


def _changed(targets: Targets) -> Query:
    """The targets that are not those of The Hague."""
    usual, names = Targets(), ("deadline", "core", "related")
    return {name: getattr(targets, name) for name in names if getattr(targets, name) != getattr(usual, name)}


def _origin(origin: int, figures: Figures) -> Query:
    return {} if origin == figures.origin else {"origin": origin}


def _levels(levels: tuple[float, ...]) -> Query:
    return {} if levels == LEVELS else {"quantiles": ",".join(map(str, levels))}


def _address(endpoint: str, query: Query, **path: Any) -> str | None:
    """The address of a route; None if it would be too long."""
    public = forecasters().settings.public_address
    where = absolute(endpoint, public, **path) if public else url_for(endpoint, **path)
    address = f"{where}?{urlencode(query, quote_via=quote, safe=',:')}"
    return address if len(address) <= LONGEST else None


def _cite(cited: _Cited) -> dict[str, Any]:
    """The input of :class:`forecast_service.schemas.citation.CiteSchema`."""
    made = f"version {cited.model_version} of the statistics, figures {cited.vintage}"
    text = f"{AUTHOR} ({cited.issued[0]}). {cited.title}. {made[0].upper()}{made[1:]}, answer {cited.id}."
    csl = {
        "id": cited.id,
        "type": CSL_TYPE,
        "title": cited.title,
        "author": [{"literal": AUTHOR}],
        "issued": {"date-parts": [cited.issued]},
        "version": made,
        "note": f"answer {cited.id}",
    } | ({} if cited.address is None else {"URL": cited.address})
    return {
        "address": cited.address,
        "text": f"{text} {TOO_LONG if cited.address is None else cited.address}",
        "bibtex": _bibtex(cited, made),
        "csl": csl,
    }


def _bibtex(cited: _Cited, made: str) -> str:
    """The entry for BibTeX and BibLaTeX. Its address is as it is: both take it literally."""
    fields = {
        "title": f"{{{tex(cited.title)}}}",  # the second braces keep the capital letters
        "author": f"{{{tex(AUTHOR)}}}",  # and make the name one
        "year": str(cited.issued[0]),
        "version": tex(made),
        "note": f"answer {cited.id}",
    } | ({} if cited.address is None else {"url": cited.address})
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{forecast-{cited.id[:12]},\n{lines}}}"


def tex(text: str) -> str:
    """``text`` on one line with TeX's special characters escaped, so that its braces balance."""
    return re.sub(r"\s+", " ", text.translate(SPECIAL))
