"""Publishers' names of allies, of other countries, and of groups of countries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from models.dataset.countries import UnknownCountry, allies, resolve
from models.dataset.importers.base import Parsed, shown

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
_OTHER_PLACES = (
    # The codes of the IMF and the World Bank that are not in ISO 3166.
    *("KOS", "UVK", "XKX", "WBG", "CHI", "Channel Islands"),
    *("Kosovo", "West Bank and Gaza", "Taiwan, China", "Puerto Rico (US)", "Hong Kong SAR", "Macao SAR"),
    *(
        "Hong Kong SAR, China",
        "Macao SAR, China",
        "Hong Kong Special Administrative Region, People's Republic of China",
    ),
    *("Macao Special Administrative Region, People's Republic of China", "St. Martin (French part)"),
    *("St. Kitts and Nevis", "St. Lucia", "St. Vincent and the Grenadines", "Micronesia, Fed. Sts.", "Lao PDR"),
    *("Lao P.D.R.", "Venezuela, RB", "Venezuela, República Bolivariana de", "Korea, Dem. People's Rep.", "Russia"),
    *("Congo, DR", "Congo, Dem. Rep.", "Somalia, Fed. Rep.", "Cape Verde", "Swaziland", "Brunei", "UAE"),
    *("Yemen, North", "Yemen, South", "Vietnam, South", "Vietnam, North"),
)
"""Other countries and territories, as publishers write them where ISO 3166 has another name or none."""
_AGGREGATE = re.compile(
    r"\bnato\b|\btotal\b|\beurope(an)?\b|\ballies\b|\bworld\b|\bregions?\b|\bother\b|economies|euro area"
    r"|\b(asia|africa|oceania|americas|caribbean|pacific|baltics|balkans|arab world|middle east|gulf|asean|oecd)\b"
    r"|\b(north|south|central|latin) america\b|\b(ida|ibrd) (only|total|blend)\b|\bida & ibrd\b|dividend|small states"
    r"|\bincome\b|countries|fragile and conflict|\bnot classified\b",
    re.IGNORECASE,
)
_GROUP_CODES = frozenset(
    "AFE AFW ARB CEB CSS EAP EAR EAS ECA ECS EMU EUU FCS HIC HPC IBD IBT IDA IDB IDX INX LAC LCN LDC LIC LMC LMY LTE "  # noqa: SIM905  as read
    "MEA MIC MNA NAC OED OSS PRE PSS PST SAS SSA SSF SST TEA TEC TLA TMN TSA TSS UMC WLD".split()
)
"""The World Bank's codes of groups of countries; the IMF's are a G and three digits."""
_MARKS = re.compile(r"(\s*(\([0-9a-z]{1,2}\)|\[[0-9a-z]{1,2}\]|[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]|(?<=[^\W\d])\d{1,2}|\s\d{1,2}))+$")
_EMPTY_WORDS = {"the", "of", "and", "republic", "rep"}


def without_marks(text: str) -> str:
    """A name without asterisks and footnote marks: "Czechia*", "Luxembourg (1)", "Türkiye ²"."""
    return _MARKS.sub("", text.strip()).strip()


def ally_code(text: str) -> str | None:
    """ISO alpha-3 code of the ally with a publisher's name or code; None if it is no ally."""
    name = without_marks(text)
    if not name:
        return None
    if code := _OTHER_NAMES.get(name.casefold()):
        return code
    try:
        return resolve(name).code
    except UnknownCountry:
        code = _country(name)
        return code if code in allies() else None


def is_aggregate(text: str) -> bool:
    """Whether a name or code is that of several countries together."""
    name = without_marks(text)
    return ally_code(name) is None and _country(name) is None and _is_group(name)


def _is_group(name: str) -> bool:
    return name in _GROUP_CODES or bool(re.fullmatch(r"G[0-9]{3}", name) or _AGGREGATE.search(name))


def ally_in(parsed: Parsed, where: str, *names: str) -> str | None:
    """The ally that a row is of, by the first of ``names``, its code and its name, that is understood.

    None if the row is of another country or of several. If nothing is understood, also None, and ``parsed`` remembers
    the last name, for the checks to report.
    """
    tried = [name for text in names if (name := without_marks(text))]
    for name in tried:
        code = ally_code(name)
        if code or _country(name) or _is_group(name):
            return code
    if tried:
        parsed.unknown.setdefault(tried[-1], where)
    return None


def unknown(text: str) -> str:
    """What a message says of a name that is not understood."""
    return f"{shown(text)} is no country that I know"


def no_ally(text: str) -> str:
    """What a message says of a name that is no ally's, where only allies belong."""
    name = without_marks(text)
    return f"{shown(text)} is no ally" if _country(name) or _is_group(name) else unknown(text)


def _country(name: str) -> str | None:
    """The code of the country, present or former, that has this code or name; None if there is none."""
    return _countries().get(_words(name))


@cache
def _countries() -> Mapping[frozenset[str], str]:
    """Codes of all countries by the words of their names, in any order: "Gambia, The" is "The Gambia"."""
    # Not at the top of the file: only an import pays for it.
    import pycountry

    found = {_words(name): "other" for name in _OTHER_PLACES}
    for country in (*pycountry.historic_countries, *pycountry.countries):  # the last counts: present ones
        code, name = country.alpha_3, country.name
        names = (
            code,
            name,
            name.partition(",")[0],
            *(getattr(country, n, "") for n in ("official_name", "common_name")),
        )
        found |= {words: code for text in names if (words := _words(text))}
    return found


def _words(text: str) -> frozenset[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return frozenset(re.findall(r"[^\W_]+", plain.replace("'", "").replace("\u2019", ""))) - _EMPTY_WORDS
