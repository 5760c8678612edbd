"""Publishers' names of allies, of other countries, and of groups of countries."""

from __future__ import annotations

import re
from functools import cache

from models.dataset import country_names
from models.dataset.countries import UnknownCountry, allies, resolve
from models.dataset.importers.base import Parsed, shown

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


def without_marks(text: str) -> str:
    """A name without asterisks and footnote marks: "Czechia*", "Luxembourg (1)", "Türkiye ²"."""
    return _MARKS.sub("", " ".join(text.split())).strip()


def ally_code(text: str) -> str | None:
    """ISO alpha-3 code of the ally with a publisher's name or code; None if it is no ally."""
    try:
        return resolve(without_marks(text)).code
    except UnknownCountry:
        return None


def is_aggregate(text: str) -> bool:
    """Whether a name or code is that of several countries together."""
    name = without_marks(text)
    return ally_code(name) is None and not _is_country(name) and _is_group(name)


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
        if code or _is_country(name) or _is_group(name):
            return code
    if tried:
        parsed.unknown.setdefault(tried[-1], where)
    return None


def unknown(text: str) -> str:
    """What a message says of a name that is not understood."""
    return f"{shown(text)} is no country that I know{UnknownCountry(without_marks(text)).did_you_mean}"


def no_ally(text: str) -> str:
    """What a message says of a name that is no ally's, where only allies belong."""
    name = without_marks(text)
    return f"{shown(text)} is no ally" if _is_country(name) or _is_group(name) else unknown(text)


def _is_country(name: str) -> bool:
    """Whether a country or territory, present or former, has this code or name, its words in any order."""
    return bool(country_names.codes_of(name)) or _words(name) in _others()


@cache
def _others() -> frozenset[frozenset[str]]:
    """The words of the names of all that are no allies; an ally's name must be exact, or its rows would be left out."""
    return frozenset(map(_words, (*_OTHER_PLACES, *country_names.others_than(allies()))))


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", country_names.fold(name))) - {"the", "of", "and", "republic"}
