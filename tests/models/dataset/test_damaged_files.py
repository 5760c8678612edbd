# ruff: noqa: E501  the cases are a table, a line each
"""Files that are not what they should be: each refused with the cell and the reason, and nothing kept."""

import io
import json
import random
import re
import zipfile
from datetime import date

import pytest

from models.dataset.importers import READERS, BadFile, Content, read
from models.dataset.importers import base as limits
from models.dataset.importers import workbook as workbook_limits
from models.dataset.imports import draft_of
from models.dataset.tables import BUNDLED
from models.dataset.vintages import Draft, VintageStore
from tests.models.dataset.publishers import by_ally, nato_book, saved, sipri_book, weo_text, worldbank_json

pytestmark = pytest.mark.slow


def share_cell(cell, value):
    """NATO's workbook with another value in a cell of the table of shares."""

    def made():
        book = nato_book()
        book["Table 3"][cell] = value
        return saved(book)

    return made


def without_sheet(name):
    def made():
        book = nato_book()
        del book[name]
        return saved(book)

    return made


def shares(change):
    """NATO's workbook with other shares; ``change`` alters them in place, by code and year."""

    def made():
        share = by_ally("core_share", "share_pct")
        change(share)
        return saved(nato_book(share=share))

    return made


def amounts(change):
    def made():
        book, amount = nato_book(), by_ally("core_amount", "amount")
        sheet = book["Table 2"]
        for row in sheet.iter_rows(min_row=30):
            for cell in row:
                if cell.value == amount["USA"].get(2024):
                    cell.value = change(cell.value)
        return saved(book)

    return made


def repacked(edit):
    """NATO's workbook with its parts edited: a function of name and bytes to bytes."""

    def made():
        out = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(saved(nato_book()))) as old,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for part in old.infolist():
                new.writestr(part.filename, edit(part.filename, old.read(part)))
        return out.getvalue()

    return made


def with_entity(name, data):
    if name != "xl/workbook.xml":
        return data
    return data.replace(b"<workbook", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><workbook', 1)


def bomb(name, data):
    return b"<x>" + b" " * 300_000_000 + b"</x>" if name == "xl/styles.xml" else data


def another_encoding(name, data):
    return data.decode().encode("utf-16") if name == "xl/workbook.xml" else data


def sparse(name, data):
    if name != "xl/worksheets/sheet3.xml":
        return data
    return data.replace(b"</sheetData>", b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>')


def cut(name, data):
    return data[: len(data) // 2] if name == "xl/worksheets/sheet3.xml" else data


def many_columns():
    book = nato_book()
    book["Table 3"].cell(5, 600, 1)
    return saved(book)


def half():
    data = saved(nato_book())
    return data[: len(data) // 2]


def sipri(change):
    def made():
        book = sipri_book()
        change(book["Share of GDP"])
        return saved(book)

    return made


def weo(old, new, encoding="utf-8"):
    return lambda: weo_text().replace(old, new, 1).encode(encoding)


def worldbank(change):
    def made():
        found = json.loads(worldbank_json())
        return json.dumps(change(found)).encode()

    return made


def tidy(*lines):
    return lambda: "\n".join(lines).encode()


def rows_of_shares(change):
    """A tidy file of all shares; ``change`` alters one line's cells, or drops it with None."""

    def made():
        lines = ["iso3,year,share_pct"]
        for code, found in by_ally("core_share", "share_pct").items():
            for year, share in found.items():
                cells = change(code, year, share)
                lines += [",".join(map(str, cells))] if cells else []
        return "\n".join(lines).encode()

    return made


def pledge(**columns):
    def made():
        row = dict(BUNDLED.read("pledges")[0]) | columns
        return ("\n".join([",".join(row), ",".join(f'"{x}"' for x in row.values())])).encode()

    return made


def only(code, year, then):
    return lambda c, y, s: then(c, y, s) if (c, y) == (code, year) else (c, y, s)


CASES = {
    # The kind of file.
    "an empty file": ("nato", lambda: b"", "file: is empty"),
    "a file that is too large": ("csv", lambda: b"x" * (limits.MOST_BYTES + 1), "at most 50000000 are read"),
    "a web page for a workbook": ("nato", lambda: b"<!DOCTYPE html><html>sorry</html>", r"is no workbook \(.xlsx\)"),
    "a web page for a text": ("weo", lambda: b"  <HTML><body>sorry</body></HTML>", "is a web page"),
    "an old workbook": ("nato", lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "old or encrypted Office file"),
    "a workbook for a text": ("csv", lambda: saved(nato_book()), "not a text file"),
    "a workbook cut off": ("nato", half, "is a damaged workbook"),
    "an archive that is no workbook": ("nato", repacked(lambda name, data: b"<x/>"), "is no workbook that can be read"),
    "a workbook that unpacks without end": ("nato", repacked(bomb), "xl/styles.xml: unpacks to more than"),
    "an external entity": ("nato", repacked(with_entity), "xl/workbook.xml: declares a document type"),
    "a part in another encoding": ("nato", repacked(another_encoding), "is not written in UTF-8"),
    "a sheet cut off": ("nato", repacked(cut), r"sheet Table 3, cell A\d+: the sheet cannot be read"),
    "a million rows": ("nato", repacked(sparse), r"sheet Table 3, cell A20001: is beyond the 20000 rows"),
    "hundreds of columns": ("nato", many_columns, r"sheet Table 3, cell OK5: is beyond the 400 columns"),
    # NATO's tables.
    "no table of shares": ("nato", without_sheet("Table 3"), "no visible sheet is titled"),
    "no heading of the block": ("nato", share_cell("B5", "Something else"), "no visible sheet is titled"),
    "a text for a share": ("nato", share_cell("D6", "about two"), "sheet Table 3, cell D6: 'about two' is not a number"),
    "an error for a share": ("nato", share_cell("E7", "#REF!"), "sheet Table 3, cell E7: holds the spreadsheet's error #REF!"),
    "a truth for a share": ("nato", share_cell("E7", True), "sheet Table 3, cell E7: True is not a number"),
    "a date for a share": ("nato", share_cell("E9", date(2024, 1, 2)), "sheet Table 3, cell E9: holds a datetime"),
    "an unknown country": ("nato", share_cell("C6", "Ruritania"), "sheet Table 3, cell C6: 'Ruritania' is no country that I know"),
    "an ally twice": ("nato", share_cell("C7", "Albania"), "sheet Table 3, cell C7: 'Albania' stands a second time"),
    "a year left out": ("nato", share_cell("F4", 2099), "sheet Table 3, cell F4: the year 2099 follows 2015"),
    "a formula without a value": ("nato", share_cell("D6", "=1+1"), "core_share: Albania has no figure of 2014|ALB does not run"),
    "a share of nothing": ("nato", share_cell("D6", 0), "sheet Table 3, cell D6: 0.00 is no plausible share"),
    "a share below nothing": ("nato", share_cell("D6", -1.3), "sheet Table 3, cell D6: -1.30 is no plausible share"),
    "a wild share": ("nato", share_cell("D6", 13.4), "sheet Table 3, cell D6: Albania 2014 is 13.40, nato-2026 has 1.34"),
    "fractions": ("nato", shares(lambda s: [x.update({y: v / 100 for y, v in x.items()}) for x in s.values()]), "look like fractions"),
    "an ally missing": ("nato", shares(lambda s: s.pop("POL")), "core_share: Poland is missing"),
    "a gap": ("nato", shares(lambda s: s["POL"].pop(2019)), "core_share: Poland has no figure of 2019"),
    "Iceland with a share": ("nato", shares(lambda s: s.update(ISL=s["LUX"])), r"sheet Table 3, cell D\d+: Iceland has no armed forces"),
    "a total that is not the sum": ("nato", amounts(lambda x: x / 2), r"sheet Table 2, cell N\d+: the allies add up to"),
    "figures of the future": (
        "nato",
        lambda: saved(nato_book(
            share={c: {y + 9: v for y, v in x.items()} for c, x in by_ally("core_share", "share_pct").items()},
            amount={c: {y + 9: v for y, v in x.items()} for c, x in by_ally("core_amount", "amount").items()},
            years=range(2023, 2036))),
        "reach to 2035",
    ),
    # SIPRI's.
    "SIPRI without its sheet": ("sipri", lambda: saved(nato_book()), "no visible sheet is called 'Share of GDP'"),
    "SIPRI without a heading": ("sipri", sipri(lambda s: s.__setitem__("A4", "Land")), "sheet Share of GDP, cell A1: no row begins with"),
    "SIPRI in per cent": ("sipri", sipri(lambda s: s.__setitem__("BZ8", 4.06)), "sheet Share of GDP, cell BZ8: 4.06 is no fraction of GDP"),
    "SIPRI with an unknown text": ("sipri", sipri(lambda s: s.__setitem__("BZ8", "n.k.")), "sheet Share of GDP, cell BZ8: 'n.k.' is not"),
    "SIPRI without allies": ("sipri", sipri(lambda s: s.delete_rows(8, 60)), "sheet Share of GDP, cell A4: no ally has a row"),
    "SIPRI without France": (
        "sipri", sipri(lambda s: s.delete_rows(next(c.row for c in s["A"] if c.value == "France"))),
        "core_share_history: France is missing",
    ),
    # The Outlook.
    "an Outlook of no edition": ("weo", weo("October 2025", "some month"), "nothing in it names its edition .*: call the file as the IMF does, such as WEOApr2026all.xlsx"),
    "an Outlook without codes": ("weo", weo("\tISO\t", "\tCode\t"), "line 1: has no column 'ISO' or 'COUNTRY.ID' or 'SERIES_CODE'"),
    "an Outlook with a text": ("weo", weo("1,044", "1o44"), r"line \d+, column \d{4}: '.*1o44.*' is not a number"),
    "an Outlook with a row twice": ("weo", weo("\tNGDP_RPCH\t", "\tNGDP\t"), "line 3, column ISO: ALB NGDP stands a second time, after line 2, column ISO"),
    "an Outlook without an indicator": ("weo", weo("\tNGDP_D\t", "\tPCPI\t"), r"has no NGDP_D \(the deflator of GDP\) of Albania; every ally needs NGDP, NGDP_RPCH and NGDP_D"),
    "an Outlook cut off": ("weo", lambda: weo_text()[: len(weo_text()) * 2 // 3].encode() + b"\nWorld Economic Outlook Database, October 2025", "the file is cut off|has no figures"),
    "an Outlook in a broken encoding": ("weo", lambda: weo_text().encode() + b"\xff\xfe\xfd", r"byte \d+: is not utf-8 text"),
    "growth beyond belief": ("weo", weo("\t4.046\t", "\t404.6\t"), "gdp: real growth of ALB 2024 is 404.6"),
    # The World Bank's.
    "no JSON": ("worldbank", lambda: b'[{"page": 1}, [', "line 1, column 16: is no JSON"),
    "JSON without end": ("worldbank", lambda: b"[" * 100_000, "is no JSON that can be read"),
    "the API's error": ("worldbank", lambda: b'[{"message": [{"id": "120"}]}]', "/0/message: is the API's message"),
    "one page of many": ("worldbank", worldbank(lambda f: [f[0] | {"pages": 3}, f[1]]), "/0/pages: is 3"),
    "another indicator": ("worldbank", worldbank(lambda f: [f[0], [f[1][0] | {"indicator": {"id": "X"}}]]), "/1/0/indicator: is 'X'"),
    "a value that is none": ("worldbank", worldbank(lambda f: [f[0], [f[1][0] | {"value": [1]}]]), "/1/0/value: is a list"),
    "a number that is none": ("worldbank", lambda: worldbank_json().replace(b'"value": 6.052', b'"value": NaN'), "NaN is not a number"),
    "a date that is none": ("worldbank", worldbank(lambda f: [f[0], [f[1][0] | {"date": "2020Q1"}]]), "/1/0/date: '2020Q1'"),
    # Tidy files.
    "unknown columns": ("csv", tidy("land,jahr,anteil", "DEU,2024,2.1"), "line 1: has the columns of no table"),
    "a column twice": ("csv", tidy("iso3,year,share_pct,year", "DEU,2024,2.1,2024"), "line 1: the column 'year' stands twice"),
    "no rows": ("csv", tidy("iso3,year,share_pct"), "line 2: there are no rows"),
    "a row of other length": ("csv", tidy("iso3,year,share_pct", "DEU,2024"), "line 2: has 2 cells, the heading 3"),
    "a country that nobody knows": ("csv", rows_of_shares(only("DEU", 2020, lambda c, y, s: ("Bohemia", y, s))), r"line \d+, column iso3: 'Bohemia' is no country that I know"),
    "another country": ("csv", rows_of_shares(only("DEU", 2020, lambda c, y, s: ("Serbia", y, s))), r"line \d+, column iso3: 'Serbia' is no ally$"),
    "an unknown code": ("csv", rows_of_shares(only("DEU", 2020, lambda c, y, s: ("DDR", y, s))), r"line \d+, column iso3: 'DDR' is no ally"),
    "no year": ("csv", rows_of_shares(only("DEU", 2020, lambda c, y, s: (c, "", s))), r"line \d+, column year: is empty"),
    "a year that is none": ("csv", rows_of_shares(only("DEU", 2020, lambda c, y, s: (c, "20x0", s))), r"column year: '20x0' is no year"),
    "a comma for a point": ("csv", rows_of_shares(only("DEU", 2020, lambda c, y, s: (c, y, '"1,5"'))), r"column share_pct: '1,5' has a decimal comma: write 1.5"),
    "an infinite share": ("csv", rows_of_shares(only("DEU", 2020, lambda c, y, s: (c, y, "1e999"))), "'1e999' is not a finite number"),
    "a year twice": ("csv", rows_of_shares(only("DEU", 2020, lambda c, y, s: (c, 2019, s))), r"line \d+: DEU 2019 stands a second time, after line"),
    "an open quote": ("csv", tidy("iso3,year,share_pct", 'DEU,2024,"2.1'), r"line \d: is no CSV"),
    "zero bytes": ("csv", lambda: b"iso3,year,share_pct\nDEU,2024,2\x00\n" , "zero bytes"),
    "a plan of an unknown kind": ("csv", pledge(stance="hopes"), "pledges: ALB has component 'core', stance 'hopes'"),
    "a plan of an unknown status": ("csv", pledge(status="hoped"), "pledges: ALB has status 'hoped'"),
    "a status older than its plan": ("csv", pledge(status_on="2020-01-01"), "pledges: ALB has status of '2020-01-01'"),
    "a plan beyond belief": ("csv", pledge(target_pct="35"), "pledges: ALB aims at 35"),
    "a plan of an unknown source": ("csv", pledge(source="hearsay"), "pledges: source 'hearsay' is not in sources.csv"),
}  # fmt: skip


def contents(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.fixture(scope="module")
def vintages(tmp_path_factory):
    vintages = VintageStore(tmp_path_factory.mktemp("state") / "vintages")
    vintages.add(Draft("kept-2026", "nato-2026", {}))
    return vintages


def test_every_importer_is_given_damaged_files():
    assert {source for source, *_ in CASES.values()} == set(READERS)


@pytest.mark.parametrize("case", CASES)
def test_a_damaged_file_is_refused_with_the_cell_and_nothing_is_changed(case, vintages, monkeypatch):
    source, made, message = CASES[case]
    before = contents(vintages.folder)
    data = made()
    try:
        draft = draft_of(vintages, read(source, Content(data)), "nato-2026", "new-2026")
    except BadFile as refused:
        said = str(refused)
    else:
        said = "\n".join(f"{f.where}: {f.message}" for f in draft.findings if f.severity == "error")
    assert re.search(message, said), said
    assert contents(vintages.folder) == before


def test_at_least_twenty_kinds_of_damage_are_tried():
    assert len(CASES) > 60


@pytest.mark.parametrize("seed", range(12))
def test_bytes_changed_at_random_are_refused_or_read_but_never_a_surprise(seed, vintages):
    """Whatever is done to a workbook, the reader answers with figures or with a BadFile."""
    chance = random.Random(seed)  # noqa: S311  not for secrets
    data = bytearray(saved(nato_book()))
    for _ in range(chance.choice((1, 5, 50))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        made = draft_of(vintages, read("nato", Content(bytes(data))), "nato-2026", "new-2026").changed["core_share"]
    except BadFile as refused:
        made = (refused.where, refused.problem)
    assert made
    assert all(made)


def test_a_bomb_is_stopped_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(workbook_limits, "MOST_UNPACKED", 1000)
    with pytest.raises(BadFile, match="unpacks to more than 1000 bytes"):
        read("nato", Content(saved(nato_book())))
