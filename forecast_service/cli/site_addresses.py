"""The addresses of the page that a static site has, and the file of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

COMPONENTS = ("core", "related", "total")
WITH_SCENARIO = re.compile(r"/|/countries(/[A-Z]{3})?")
"""The pages of which there is one for each scenario and component; of all others there is one."""
DRAWN = frozenset({"scenario", "component", "theme", "width", "ghost"})
"""The fields of the queries of pictures and tables."""
PICTURES = (".svg", ".png", ".vl.json")
"""For a scenario other than the baseline, there are those in the pages alone, which name a theme, none to download."""
LIVE = re.compile(
    r"/docs|/over-time|/feeds/.*|/countries/[^/]+/(own[.-].*|live)|/v1/(sweeps|vintages|scenarios|forecasts|requirements).*"
)
"""Addresses whose answer depends on what a reader enters, and the documentation of those."""
CODE = re.compile(r"/([A-Z]{3})(?=[/.]|$)")


@dataclass(frozen=True)
class Scope:
    """What a static site holds.

    Parameters
    ----------
    scenarios : names of shipped scenarios, with the baseline.
    countries : ISO-3 codes.
    """

    scenarios: frozenset[str]
    countries: frozenset[str]

    def holds(self, address: str) -> bool:
        """Whether the site has the answer to ``address``, a path with its query."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.netloc or not parts.path.startswith("/") or LIVE.fullmatch(parts.path):
            return False
        if query.get("scenario", "baseline") not in self.scenarios or query.get("component", "core") not in COMPONENTS:
            return False
        if not set(CODE.findall(parts.path)) <= self.countries:
            return False
        if is_data(parts.path):
            drawn = parts.path.endswith(PICTURES)
            return set(query) <= DRAWN and ("theme" in query or not drawn or "scenario" not in query)
        return not query or (bool(WITH_SCENARIO.fullmatch(parts.path)) and set(query) <= {"scenario", "component"})


def is_data(path: str) -> bool:
    """Whether the path is one of the API or has a file's ending; all others are pages."""
    return path.startswith("/v1/") or "." in path.rsplit("/", 1)[1]


def normal(address: str) -> str:
    """``address`` without fragment, its query in one order and without defaults."""
    parts = urlsplit(address)
    usual = {"scenario": "baseline"} | ({} if is_data(parts.path) else {"component": "core"})
    query = sorted((name, text) for name, text in parse_qsl(parts.query) if usual.get(name) != text)
    return parts.path + (f"?{urlencode(query)}" if query else "")


def file_of(address: str) -> str:
    """The file for a normal address, relative to the site's folder.

    A page is the ``index.html`` of a folder, for scenario and component one folder deeper each. The values of other
    queries are in the name of the file.
    """
    parts = urlsplit(address)
    values = dict(parse_qsl(parts.query))
    path = PurePosixPath(unquote(parts.path).lstrip("/"))
    if not is_data(parts.path):
        return str(path.joinpath(*(values[name] for name in ("scenario", "component") if name in values), "index.html"))
    stem, dot, ending = path.name.partition(".")
    name = "-".join([stem, *(text for _, text in sorted(values.items()))])
    return str(path.with_name(f"{name}.{ending}" if dot else f"{name}.json"))
