"""Names of countries, as publishers and readers write them; the list is that of the package ``pycountry``."""

from __future__ import annotations

import gettext
import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache

LONGEST = 60
"""Nothing is suggested for a longer name."""
MOST, LEAST_LIKENESS = 3, 0.75
"""How many countries are suggested at most, and how alike their names are at least (1: equal)."""
_LEAST_BEGINNING = _LONGEST_CODE = 3

_NOT_LISTED: Mapping[str, str] = {
    "EL": "GRC",  # this and UK are the European Union's codes
    "UK": "GBR",
    "Great Britain": "GBR",
    "Britain": "GBR",
    "America": "USA",
    "Turkey": "TUR",
    "Macedonia": "MKD",
    "FYROM": "MKD",
    "FYR Macedonia": "MKD",
    "TFYR Macedonia": "MKD",
    "former Yugoslav Republic of Macedonia": "MKD",
}
"""Names that the list does not have: ISO alpha-3 code by name."""

_PARTS: Mapping[str, str] = dict.fromkeys(("england", "scotland", "wales", "northern ireland"), "GBR")
"""Folded names of parts that some use for the whole. They are no names of it, so it is only suggested."""

_LANGUAGES = tuple(
    "sq nl fr de bg cs da et fi el hr hu is it lv lt mk sr nb nn pl pt ro sk sl es sv tr".split()  # noqa: SIM905  as read
)
"""The allies' own languages, in which they and others are named. The list has no Luxembourgish."""
_TURNED = re.compile(r"([^,(]+)(?:, | \()([^,()]+)\)?")
_PREFIX = re.compile(r"(?:the )?(?:(?:republic|kingdom) of )?(?:the )?")


def fold(name: str) -> str:
    """A name without what writers add or leave out.

    That is case, accents, full stops, "the", "Republic of" and "Kingdom of", also behind a comma or in brackets:
    "Türkiye, Republic of" is "turkiye". What else differs makes another name.
    """
    # Not casefold and NFKD: they take ligatures and full-width letters for plain ones.
    letters = (c for c in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(c))
    plain = "".join(letters).translate({ord("."): None, ord("'"): None, ord("’"): None, ord("-"): " "})
    if turned := _TURNED.fullmatch(plain):
        plain = f"{turned[2]} {turned[1]}"
    folded = _PREFIX.sub("", re.sub(r"\brep\b", "republic", plain), count=1)
    return folded if len(folded) > _LONGEST_CODE or name.isascii() else name  # an accent is part of no code


@cache
def _listed() -> tuple[Mapping[str, frozenset[str]], Mapping[str, str]]:
    """The ISO alpha-3 codes of the world's countries, present and former, by folded name; their names by code."""
    # Imported here, as it takes longer than most processes need to answer: few names are not in our own table.
    import pycountry

    index: dict[str, set[str]] = {}
    titles: dict[str, str] = {}
    translations = [gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [language]) for language in _LANGUAGES]
    for country in pycountry.countries:
        fields = dict(country)
        code, name = fields["alpha_3"], fields["name"]
        titles[code] = fields.get("common_name", name)
        names = [fields[field] for field in ("alpha_2", "name", "official_name", "common_name") if field in fields]
        names += [translation.gettext(name) for translation in translations]
        for each in (code, name.partition(",")[0], *names):
            index.setdefault(fold(each), set()).add(code)
    for each, code in _NOT_LISTED.items():
        index.setdefault(fold(each), set()).add(code)
    for country in pycountry.historic_countries:
        code, name = country.alpha_3, country.name
        former = titles.setdefault(code, name) == name
        for each in (code, name, name.partition(",")[0]) if former else ():
            index.setdefault(fold(each), {code})
    return {name: frozenset(codes) for name, codes in index.items() if name}, titles


def codes_of(name: str) -> frozenset[str]:
    """The ISO alpha-3 codes of the countries with this name: none if it is not known, several if it is ambiguous."""
    return _listed()[0].get(fold(name), frozenset())


def others_than(codes: Iterable[str]) -> list[str]:
    """The folded names that belong to none of the countries with these codes."""
    return [name for name, found in _listed()[0].items() if found.isdisjoint(codes)]


def title(code: str) -> str:
    """The English name of the country with this code."""
    return _listed()[1][code]


def alike(name: str, codes: Iterable[str]) -> list[str]:
    """Those of ``codes`` that have a name like ``name``: one that begins with it, else one with few mistakes."""
    if len(name) > LONGEST:
        return []
    wanted, folded = set(codes), fold(name)
    if _PARTS.get(folded) in wanted:
        return [_PARTS[folded]]
    index = {each: found for each, found in _listed()[0].items() if found <= wanted}
    close = [each for each in index if each.startswith(folded)] if len(folded) >= _LEAST_BEGINNING else []
    close = close or get_close_matches(folded, index, n=5 * MOST, cutoff=LEAST_LIKENESS)
    return list(dict.fromkeys(code for each in close for code in index[each]))[:MOST]
