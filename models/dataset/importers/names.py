"""Publishers' names of allies, and of groups of countries."""

from __future__ import annotations

import re

from models.dataset.countries import UnknownCountry, resolve

_OTHER_NAMES = {
    "czech republic": "CZE",
    "czech rep.": "CZE",
    "slovak republic": "SVK",
    "republic of turkiye": "TUR",
    "turkey": "TUR",
    "united states of america": "USA",
    "us": "USA",
    "great britain": "GBR",
    "the netherlands": "NLD",
    "fyrom": "MKD",
    "the former yugoslav republic of macedonia": "MKD",
    "republic of north macedonia": "MKD",
    "macedonia": "MKD",
}
_AGGREGATE = re.compile(
    r"nato|\btotal\b|europe(an)?\b|allies|\bworld\b|\bregion\b|advanced economies|euro area|other", re.IGNORECASE
)
_MARKS = re.compile(r"(\s*(\([0-9a-z]{1,2}\)|\[[0-9a-z]{1,2}\]|[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]|(?<=[^\W\d])\d{1,2}|\s\d{1,2}))+$")


def without_marks(text: str) -> str:
    """A name without asterisks and footnote marks: "Czechia*", "Luxembourg (1)", "Türkiye ²"."""
    return _MARKS.sub("", text.strip()).strip()


def ally_code(text: str) -> str | None:
    """ISO alpha-3 code of the ally with a publisher's name or code; None if it is no ally."""
    name = without_marks(text)
    if code := _OTHER_NAMES.get(name.casefold()):
        return code
    try:
        return resolve(name).code if name else None
    except UnknownCountry:
        return None


def is_aggregate(text: str) -> bool:
    """Whether a name is that of several countries together."""
    return bool(_AGGREGATE.search(without_marks(text)))
