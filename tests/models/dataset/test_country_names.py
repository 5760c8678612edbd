"""The names that allies go by, and what is said of others."""

import pickle
from importlib import resources

import pytest

from models.dataset import country_names
from models.dataset.countries import UnknownCountry, allies, resolve
from models.dataset.importers.names import ally_code

NAMES = {
    "ALB": ["Albania", "Republic of Albania", "Shqipëri"],
    "BEL": ["Kingdom of Belgium", "Belgique", "België", "Belgien"],
    "BGR": ["Bulgaria", "Republic of Bulgaria", "България"],
    "CAN": ["Canada"],
    "CZE": ["Czechia", "Czech Republic", "Czech Rep.", "The Czech Republic", "Česko"],
    "DEU": ["Germany", "Federal Republic of Germany", "Germany, Federal Republic of", "Deutschland", "Allemagne"],
    "DNK": ["Denmark", "Kingdom of Denmark", "Danmark"],
    "ESP": ["Spain", "Kingdom of Spain", "España"],
    "EST": ["Estonia, Republic of", "Estonia, Rep. of", "Eesti"],
    "FIN": ["Republic of Finland", "Suomi"],
    "FRA": ["French Republic", "France"],
    "GBR": ["UK", "uk", "U.K.", "Great Britain", "Britain", "The United Kingdom", "United Kingdom, The",
            "United Kingdom of Great Britain and Northern Ireland",
            "United Kingdom of Great Britain and Northern Ireland (the)"],
    "GRC": ["EL", "el", "GR", "Hellenic Republic", "Greece", "Ελλάδα"],
    "HRV": ["Croatia, Republic of", "Republic of Croatia", "Hrvatska"],
    "HUN": ["Republic of Hungary", "Magyarország"],
    "ISL": ["Republic of Iceland", "Ísland", "Island"],
    "ITA": ["Italian Republic", "Italia"],
    "LTU": ["Lithuania, Republic of", "Lietuva"],
    "LUX": ["Grand Duchy of Luxembourg", "Luxembourg, Grand Duchy of", "Luxemburg"],
    "LVA": ["Latvia, Republic of", "Latvija"],
    "MKD": ["Macedonia", "TFYR Macedonia", "FYROM", "F.Y.R.O.M.", "Macedonia, FYR", "FYR Macedonia",
            "Republic of North Macedonia", "North Macedonia, Republic of", "Republic of Macedonia",
            "The former Yugoslav Republic of Macedonia", "Macedonia, the former Yugoslav Republic of",
            "Macedonia (former Yugoslav Republic of)"],
    "MNE": ["Montenegro", "Crna Gora"],
    "NLD": ["Holland", "the Netherlands", "The Netherlands", "Netherlands, The",
            "Netherlands, the", "Netherlands (the)", "Kingdom of the Netherlands", "Netherlands (Kingdom of the)",
            "Nederland"],
    "NOR": ["Kingdom of Norway", "Norge"],
    "POL": ["Poland, Republic of", "Republic of Poland", "Polska"],
    "PRT": ["Portuguese Republic", "Portugal"],
    "ROU": ["Romania", "România"],
    "SVK": ["Slovak Republic", "Slovak Rep.", "Slovak Rep", "The Slovak Republic", "Slovakia", "Slovensko"],
    "SVN": ["Slovenia, Republic of", "Slovenija"],
    "SWE": ["Kingdom of Sweden", "Sverige"],
    "TUR": ["Turkey", "Türkiye", "Turkiye", "TÜRKİYE", "Türkiye, Republic of", "Republic of Türkiye",
            "The Republic of Türkiye", "Republic of Turkey", "Turkey, Rep. of"],
    "USA": ["US", "America", "U.S.", "USA", "U.S.A.", "United States", "The United States", "United States of America",
            "United States of America (the)"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "code"), [(name, code) for code, names in NAMES.items() for name in names])
def test_an_ally_goes_by_the_names_in_use(name, code):
    assert resolve(name).code == resolve(name.lower()).code == resolve(name.upper()).code == code
    assert ally_code(f" {name.replace(' ', chr(0xA0))}* (1)") == code


def test_every_ally_is_named():
    assert NAMES.keys() == allies().keys()


def test_of_all_countries_and_territories_only_allies_are_found_as_allies():
    table = (resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    world = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    assert len(world) > 240
    codes = {ally.code2 for ally in allies().values()}
    found = {code for code, _ in world if ally_code(code)}
    assert found == codes
    assert {code for code, name in world if ally_code(name)} == codes - {"GB"}  # that table has "Britain (UK)"
    listed, titles = country_names._listed()
    assert {key for key in titles if ally_code(key)} == allies().keys()
    assert {key for keys in listed.values() for key in keys if len(keys) > 1}.isdisjoint(allies())


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "the", "Republic of", "-", ".", "D", "D E U", "DEU ", " DEU", "DEU\0", "DEU\n", "ＤＥＵ", "D\u0301EU",
        "D\u200bEU", "ﬁn", "eſp", "dn\u212a", "Germany!", "Germany  ", "United  Kingdom", "DEU/", "276",
        "Northern Ireland", "Ireland", "Great Britain and Ireland", "England", "Wales", "Scotland",
        "British Virgin Islands", "US Virgin Islands", "Virgin Islands, U.S.", "United States Minor Outlying Islands",
        "American Samoa", "United", "Guinea", "Papua New Guinea", "Georgia (US)", "Georgia", "New England",
        "Icelandic", "Former Czechoslovakia", "Czechoslovakia", "Czechoslovakia (former)", "East Germany",
        "Germany, East", "West Germany", "German Democratic Republic", "DDR", "Netherlands Antilles",
        "Caribbean Netherlands", "Dutch", "New Holland", "French Guiana", "French Polynesia", "Serbia and Montenegro",
        "Yugoslavia", "Macedonia (Greece)", "Turkmenistan", "Northern Cyprus", "Turkish Republic of Northern Cyprus",
        "Faroe Islands", "Greenland", "Svalbard", "Belgium-Luxembourg", "Belarus", "Austria-Hungary",
        "Hungary and Romania", "Portuguese Guinea", "Spanish Sahara", "Latin America", "Norfolk Island", "Euro area",
        "European Union", "EU", "NATO", "World", "Total", "Canada and United States", "New Caledonia (France)",
    ],
)  # fmt: skip
def test_what_only_resembles_an_allys_name_is_not_guessed(name):
    with pytest.raises(UnknownCountry):
        resolve(name)


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("Germny", "no ally goes by 'Germny'; did you mean Germany (DEU)?"),
        ("Deutschlnd", "no ally goes by 'Deutschlnd'; did you mean Germany (DEU)?"),
        ("DE1", "no ally goes by 'DE1'; did you mean Germany (DEU)?"),
        ("GER", "no ally goes by 'GER'; did you mean Germany (DEU)?"),
        ("NED", "no ally goes by 'NED'; did you mean Netherlands (NLD)?"),
        ("Neth", "no ally goes by 'Neth'; did you mean Netherlands (NLD)?"),
        ("Great Britian", "no ally goes by 'Great Britian'; did you mean United Kingdom (GBR)?"),
        ("England", "no ally goes by 'England'; did you mean United Kingdom (GBR)?"),
        ("Scotland", "no ally goes by 'Scotland'; did you mean United Kingdom (GBR)?"),
        ("Untied States", "no ally goes by 'Untied States'; did you mean United States (USA)?"),
        ("slov", "no ally goes by 'slov'; did you mean Slovakia (SVK) or Slovenia (SVN)?"),
        ("GBR\0", r"no ally goes by 'GBR\x00'; did you mean United Kingdom (GBR)?"),
        ("Türkiye ", "no ally goes by 'Türkiye '; did you mean Türkiye (TUR)?"),
        ("Atlantis", "no ally goes by 'Atlantis'"),
        ("\u202eDEU", r"no ally goes by '\u202eDEU'; did you mean Germany (DEU)?"),
        ("", "no ally goes by ''"),
        ("XX", "no ally goes by 'XX'"),
        ("Former Czechoslovakia", "no ally goes by 'Former Czechoslovakia'"),
        ("Germany" * 1000, f"no ally goes by '{('Germany' * 9)[:60]}'"),
        ("Austria", "Austria is no member of NATO"),
        ("Österreich", "Austria is no member of NATO"),
        ("UKR", "Ukraine is no member of NATO"),
        ("ua", "Ukraine is no member of NATO"),
        ("Republic of Ireland", "Ireland is no member of NATO"),
        ("Georgia", "Georgia is no member of NATO"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_told_with_those_that_may_be_meant(name, detail):
    with pytest.raises(UnknownCountry) as refused:
        resolve(name)
    assert refused.value.detail == detail
    assert pickle.loads(pickle.dumps(refused.value)).detail == detail  # noqa: S301  ours; processes pass errors on so


def test_a_name_of_two_countries_is_refused(monkeypatch):
    listed, titles = country_names._listed()
    both = {**listed, "hungaria": frozenset({"HUN", "AUT"})}
    monkeypatch.setattr(country_names, "_listed", lambda: (both, titles))
    with pytest.raises(UnknownCountry) as refused:
        resolve("Hungaria")
    assert refused.value.detail == "no ally goes by 'Hungaria'; did you mean Hungary (HUN) or Bulgaria (BGR)?"
