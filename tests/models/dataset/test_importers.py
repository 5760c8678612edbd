"""The publishers' files, made as they are laid out, read to the right figures."""

import json
import re

import pytest

from models.dataset import importers
from models.dataset.importers import BadFile, Content, Parsed
from models.dataset.importers.delimited import TextTable
from models.dataset.importers.names import ally_code, ally_in, is_aggregate
from models.dataset.importers.numbers import PLAIN
from models.dataset.importers.tidy import LAYOUTS
from models.dataset.imports import draft_of
from models.dataset.tables import BUNDLED, DATA
from models.dataset.vintages import VintageStore
from tests.models.dataset.publishers import (
    by_ally,
    nato_book,
    nato_sheet,
    saved,
    sipri_book,
    weo_book,
    weo_csv,
    weo_rows,
    weo_text,
    worldbank_json,
)
from tests.support.comparisons import CountingStr


def read(source, data, name="file"):
    return importers.read(source, Content(data, name))


def rows(table, source):
    return sorted(tuple(r.items()) for r in BUNDLED.read(table) if r["source"] == source)


def written(draft, table, source):
    return sorted(tuple(r.items()) for r in draft.changed[table] if r["source"] == source)


def test_the_bundled_vintage_rebuilt_from_its_tables_equals_the_shipped_one():
    vintages = VintageStore(None)
    parsed = read("nato", saved(nato_book()))
    assert parsed.notes == []
    draft = draft_of(vintages, parsed, "nato-2026", "nato-2026")
    assert draft.uses == BUNDLED.uses
    for table in ("core_share", "core_amount", "equipment_share", "gdp"):
        assert written(draft, table, "nato_2026") == rows(table, "nato_2026"), table
    for table in draft.changed.keys() - {"sources"}:
        assert sorted(map(str, draft.changed[table])) == sorted(map(str, BUNDLED.read(table))), table
    assert vintages.preview(draft).observations == vintages.figures("nato-2026").observations
    assert [f for f in draft.findings if f.severity == "error"] == []

    outlook = draft_of(vintages, read("weo", weo_text().encode("utf-16")), "nato-2026")
    assert outlook.name == "nato-2026-weo-2025-10"
    assert sorted(map(str, outlook.changed["gdp"])) == sorted(map(str, BUNDLED.read("gdp")))
    assert outlook.uses == BUNDLED.uses
    history = draft_of(vintages, read("sipri", saved(sipri_book())), "nato-2026")
    assert sorted(map(str, history.changed["core_share_history"])) == sorted(
        map(str, BUNDLED.read("core_share_history"))
    )
    assert history.uses == BUNDLED.uses


@pytest.mark.parametrize("table", LAYOUTS)
def test_our_own_tables_come_back_as_they_were(table):
    lines = (DATA / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    # Of GDP one source at a time: an Outlook, without what replaces it.
    file = "\n".join(line for line in lines if table != "gdp" or not line.endswith("nato_2026"))
    draft = draft_of(VintageStore(None), read("csv", file.encode()), "nato-2026", "again-2026")
    assert [f for f in draft.findings if f.severity == "error"] == []
    kept = [r for r in BUNDLED.read(table) if table != "gdp" or r["source"] != "nato_2026"]
    new = [r for r in draft.changed[table] if table != "gdp" or r["source"] != "nato_2026"]
    statement = table in ("pledges", "related_share")
    same = {} if statement else {"source": "nato_2026" if table in ("core_amount", "equipment_share") else "again_2026"}
    assert new == [r | same for r in kept]


def test_plans_without_a_status_take_it_from_their_stance():
    rows = "iso3,component,target_pct,year,stance,stated_on,summary,status\n" + "\n".join(
        f"{code},core,2.5,2031,{stance},2026-10-01,Said.,{status}"
        for code, stance, status in (("ALB", "law", ""), ("BEL", "reluctant", ""), ("CZE", "plan", "withdrawn"))
    )
    draft = draft_of(VintageStore(None), read("csv", rows.encode()), "nato-2026", "own-2026")
    assert [f for f in draft.findings if f.severity == "error"] == []
    assert [r["status"] for r in draft.changed["pledges"]] == ["law", "refused", "withdrawn"]
    assert {(r["status_on"], r["status_source"]) for r in draft.changed["pledges"]} == {("2026-10-01", "own_2026")}


def test_an_import_warns_of_a_status_that_its_figures_contradict():
    book = nato_book(
        share={c: v | {2026: 5.5 if c == "LVA" else v[2026]} for c, v in by_ally("core_share", "share_pct").items()}
    )
    draft = draft_of(VintageStore(None), read("nato", saved(book)), "nato-2026", "own-2026")
    said = [f.message for f in draft.findings if f.where == "pledges"]
    assert said == ["LVA 5.0 in 2026 is missed; the figure of 5.50 says delivered"]


def test_years_names_and_the_second_block_do_not_mislead():
    found = {(r["iso3"], r["year"]): r for r in read("nato", saved(nato_book())).rows["core_share"]}
    assert len(found) == 31 * 13
    assert found["CZE", "2024"]["share_pct"] == f"{by_ally('core_share', 'share_pct')['CZE'][2024]:.2f}"
    assert (found["TUR", "2026"]["estimate"], found["TUR", "2024"]["estimate"]) == ("true", "false")
    assert "7.70" not in {r["share_pct"] for r in found.values()}
    parsed = read("nato", saved(nato_book()))
    assert parsed.where["core_share", "ALB", 2014] == "sheet Table 3, cell D6"
    assert parsed.totals["core_amount", 2026][0] == pytest.approx(1484129, abs=300)


def test_an_edition_with_other_sheet_names_and_places_is_read_all_the_same():
    book = nato_book()
    book["Table 3"].title = "TABLE3"
    book["TABLE3"].insert_rows(1, 4)
    book["TABLE3"].insert_cols(2)
    plain = read("nato", saved(nato_book())).rows
    assert read("nato", saved(book)).rows == plain


def test_only_visible_sheets_are_read():
    book = nato_book()
    book["Table 3"].sheet_state = "hidden"
    with pytest.raises(BadFile, match="no visible sheet"):
        read("nato", saved(book))
    book = nato_book()
    hidden = nato_sheet(
        book, "Old", ["Defence expenditure as a share of GDP"],
        [("Share of real GDP (%)", {"DEU": {2014: 9.0, 2015: 9.0, 2016: 9.0}})], range(2014, 2017),
    )  # fmt: skip
    hidden.sheet_state = "veryHidden"
    book.move_sheet("Old", -5)
    assert len(read("nato", saved(book)).rows["core_share"]) == 31 * 13


def test_what_the_workbook_lacks_is_said_and_stays():
    book = nato_book()
    del book["Table 2"], book["Table 8a"]
    parsed = read("nato", saved(book))
    assert parsed.rows.keys() == {"core_share", "gdp"}
    assert len(parsed.notes) == 2
    draft = draft_of(VintageStore(None), parsed, "nato-2026", "nato-2026-b")
    assert draft.changed["core_share"][0]["source"] == "nato_2026_b"
    tables = VintageStore(None).preview(draft).tables
    from models.dataset.gdp import gdp_usd

    assert gdp_usd("POL", 2026, tables) == gdp_usd("POL", 2026)


def test_sipri_is_fractions_and_says_where_nothing_is():
    parsed = read("sipri", saved(sipri_book()))
    found = {(r["iso3"], int(r["year"])): float(r["share_pct"]) for r in parsed.rows["core_share_history"]}
    assert found == {
        (c, y): v for c, x in by_ally("core_share_history", "share_pct", "sipri_2025").items() for y, v in x.items()
    }
    assert parsed.edition == "2025"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_outlook_is_read_in_every_encoding(encoding):
    parsed = read("weo", weo_text(edition="April 2026").encode(encoding), "WEOApr2026all.xls")
    assert parsed.edition == "2026_04"
    found = {(r["iso3"], r["year"]): r for r in parsed.rows["gdp"]}
    assert (
        found["HUN", "2024"]["nominal_lcu_bn"] == f"{by_ally('gdp', 'nominal_lcu_bn', 'weo_2025_10')['HUN'][2024]:.3f}"
    )
    assert found["HUN", "2025"]["kind"] == "actual"
    draft = draft_of(VintageStore(None), parsed, "nato-2026")
    assert draft.name == "nato-2026-weo-2026-04"
    uses = draft.uses
    assert (uses.outlook, uses.outlook_from, uses.outlook_actual) == ("weo_2026_04", 2026, 2025)
    assert (uses.growth, uses.growth_from) == ("nato_2026", 2026)


def test_an_outlook_newer_than_natos_growth_is_not_overruled_by_it():
    parsed = read("weo", weo_text(edition="October 2026").encode())
    assert draft_of(VintageStore(None), parsed, "nato-2026").uses.growth == ""


def test_the_world_bank_stands_in_for_sipri():
    draft = draft_of(VintageStore(None), read("worldbank", worldbank_json()), "nato-2026")
    assert draft.uses.history == "worldbank_2025"
    figures = VintageStore(None).preview(draft)
    plain = VintageStore(None).figures("nato-2026")
    assert [o.share_pct for o in figures.observations["FRA"]] == [o.share_pct for o in plain.observations["FRA"]]


def test_three_columns_are_enough():
    shares = by_ally("core_share", "share_pct")
    lines = ["year,iso3,share_pct", *(f"{y},{c.lower()},{v}" for c, x in shares.items() for y, v in x.items())]
    draft = draft_of(VintageStore(None), read("csv", "\n".join(lines).encode()), "nato-2026", "own-2026")
    assert draft.changed["core_share"][0]["source"] == "own_2026"
    assert draft.uses.core == "own_2026"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Czechia*", "CZE"), ("Czech Republic", "CZE"), ("Slovak Republic", "SVK"), ("Türkiye", "TUR"),
        ("Turkey (b)", "TUR"), ("Luxembourg 1", "LUX"), ("Montenegro²", "MNE"), ("UNITED STATES", "USA"),
        ("North Macedonia *", "MKD"), ("NATO Total", None), ("NATO Europe and Canada*", None), ("Serbia", None),
        ("", None), ("*", None), ("Türkiye, Republic of", "TUR"), ("Slovak Rep.", "SVK"), ("Netherlands, The", "NLD"),
        ("Croatia, Republic of", "HRV"), ("Kingdom of Denmark", "DNK"), ("TUR", "TUR"), ("Korea, North", None),
        ("German Democratic Republic", None), ("Bohemia", None),
    ],
)  # fmt: skip
def test_countries_are_recognised_by_many_names(name, code):
    assert ally_code(name) == code
    assert is_aggregate(name) is name.startswith("NATO")


def sipri_with(old, new):
    book = sipri_book()
    for cell in book["Share of GDP"]["A"]:
        cell.value = new if cell.value == old else cell.value
    return saved(book)


def worldbank_with(code, new_code, new_name):
    found = json.loads(worldbank_json())
    for row in found[1]:
        if row["countryiso3code"] == code:
            row |= {"countryiso3code": new_code, "country": {"id": "XX", "value": new_name}}
    return json.dumps(found).encode()


def weo_with(code, new_code, new_name):
    rows = list(weo_rows())
    for row in rows:
        if row["COUNTRY.ID"] == code:
            series = row["SERIES_CODE"].replace(code, new_code)
            row |= {"COUNTRY.ID": new_code, "COUNTRY": new_name, "SERIES_CODE": series}
    return rows


@pytest.mark.parametrize(
    ("source", "made", "where"),
    [
        ("sipri", lambda *_: sipri_with("Czechia", "Bohemia"), r"sheet Share of GDP, cell A\d+"),
        ("worldbank", lambda code, name: worldbank_with("CZE", code, name), r"/1/\d+"),
        ("weo", lambda code, name: saved(weo_book(weo_with("CZE", code, name))), r"sheet Countries, cell C\d+"),
        ("weo", lambda code, name: weo_csv(weo_with("CZE", code, name)), r"line \d+, column SERIES_CODE"),
        (
            "weo",
            lambda code, name: weo_text().replace("\tCZE\t", f"\t{code}\t").replace("Czechia", name).encode(),
            r"line \d+, column ISO",
        ),
    ],
)
def test_a_name_that_is_not_understood_is_named_and_not_its_consequence(source, made, where):
    def errors(code, name):
        draft = draft_of(VintageStore(None), read(source, made(code, name)), "nato-2026")
        return [f"{f.where}: {f.message}" for f in draft.findings if f.severity == "error"]

    (said,) = errors("BOH", "Bohemia")
    assert re.fullmatch(f"{where}: 'Bohemia' is no country that I know", said)
    if source != "sipri":
        assert errors("CZE", "Bohemia") == [], "the code counts"
        assert errors("CSR", "Czech Republic") == [], "the name counts where the code is not understood"


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("sipri", lambda: sipri_with("Serbia", "Atlantis")),
        ("worldbank", lambda: worldbank_with("SRB", "RUR", "Atlantis")),
        ("weo", lambda: saved(weo_book(weo_with("SRB", "RUR", "Atlantis")))),
    ],
)
def test_an_unknown_name_is_a_warning_where_no_ally_is_missing(source, made):
    draft = draft_of(VintageStore(None), read(source, made()), "nato-2026")
    said = "'Atlantis' is no country that I know: its rows were left out"
    assert [f.message for f in draft.findings if f.severity == "error" or "no country" in f.message] == [said]


@pytest.mark.parametrize(
    "name",
    """Serbia|Korea, North|Congo, DR|Congo, Republic|Yemen, North|Czechoslovakia|USSR|Yugoslavia|Cape Verde|Viet Nam
    |Timor Leste|Gambia, The|Kyrgyz Republic|Taiwan Province of China|Hong Kong SAR|West Bank and Gaza|Côte d'Ivoire
    |Egypt, Arab Rep.|Micronesia, Fed. Sts.|Lao P.D.R.|Korea, Republic of|São Tomé and Príncipe, Democratic Republic of
    |SRB|KOS|UVK|WBG|XKX|World|Euro area (EA)|G163|G001|AFE|EUU|Arab World|Europe & Central Asia|Low & middle income
    |Sub-Saharan Africa|Central America and the Caribbean|Emerging market and developing economies|Small states
    |Heavily indebted poor countries (HIPC)|IDA only|Early-demographic dividend|Oceania|Middle East""".split("|"),  # noqa: SIM905  as read
)
def test_other_countries_and_groups_are_left_out_silently(name):
    parsed = Parsed("sipri", "", "", "", "")
    assert ally_in(parsed, "here", name.strip()) is None
    assert parsed.unknown == {}


def test_a_repeated_column_is_found_without_comparing_every_column_with_every_other():
    header = (*(CountingStr(f"c{i}") for i in range(2000)), CountingStr("c1999"))
    CountingStr.compared = 0
    with pytest.raises(BadFile, match="'c1999' stands twice"):
        TextTable((header,), (1,), PLAIN).refuse_column_twice()
    assert CountingStr.compared < 10 * len(header)
