# ruff: noqa: E501  the cases are a table, a line each
"""The forms in which the IMF has published its Outlook: each read to the same figures, or refused with the cell."""

import random
import re
from datetime import datetime

import pytest

from models.dataset.importers import BadFile, Content, read
from models.dataset.imports import draft_of
from models.dataset.vintages import VintageStore
from tests.models.dataset.publishers import WEO_YEARS, saved, weo_book, weo_csv, weo_rows, weo_text

pytestmark = pytest.mark.slow

NAMED = "WEOOct2025all.xlsx"


def outlook(data, name="file"):
    return read("weo", Content(data, name))


@pytest.fixture(scope="module")
def old():
    return outlook(weo_text().encode("utf-16")).rows["gdp"]


def changed(change):
    """The rows since October 2025, each altered in place by ``change``."""
    rows = list(weo_rows())
    for row in rows:
        change(row)
    return rows


def of(code, indicator, **columns):
    """Alters one row; blanks in names of columns are written as underscores, dots as two."""
    return lambda row: (
        row.update({name.replace("__", "."): value for name, value in columns.items()})
        if row["SERIES_CODE"] == f"{code}.{indicator}.A"
        else None
    )


def shuffled():
    columns = list(next(iter(weo_rows())))
    random.Random(7).shuffle(columns)  # noqa: S311  not for secrets
    return columns


def as_texts(row):
    row.update({str(y): "n/a" if row[str(y)] is None else f"{row[str(y)]!r}" for y in WEO_YEARS})


def missing_as(mark):
    return changed(lambda row: row.update({str(y): mark for y in WEO_YEARS if row[str(y)] is None}))


def scientific(row):
    row.update({str(y): f"{row[str(y)]:.16E}" for y in WEO_YEARS if row[str(y)] is not None})


def in_millions(row):
    if row["INDICATOR.ID"] == "NGDP":
        row.update({str(y): row[str(y)] * 1000 for y in WEO_YEARS if row[str(y)] is not None}, SCALE="Millions")


@pytest.mark.parametrize(
    "made",
    [
        lambda: saved(weo_book()),
        weo_csv,
        lambda: saved(weo_book(columns=shuffled())),
        lambda: saved(weo_book([{k: v for k, v in row.items() if k != "SERIES_CODE"} for row in weo_rows()])),
        lambda: saved(weo_book([{k: v for k, v in row.items() if not k.endswith(".ID")} for row in weo_rows()])),
        lambda: saved(weo_book(changed(as_texts))),
        lambda: weo_csv(changed(scientific)),
        lambda: saved(weo_book(missing_as("--"))),
        lambda: weo_csv(missing_as("n/a")),
        lambda: saved(weo_book(changed(in_millions))),
        lambda: weo_csv(changed(in_millions)),
        lambda: saved(weo_book(changed(lambda row: row.update(COUNTRY="Ruritania")))),
        lambda: saved(weo_book(changed(lambda row: row.update(PUBLICATION_DATE=datetime(2025, 10, 14, 13))))),
        lambda: saved(weo_book([*weo_rows(), *changed(lambda row: row.update(SERIES_CODE=row["SERIES_CODE"][:-1] + "Q"))])),
        lambda: weo_csv().replace(b"\r\n", b"\n"),
    ],
    ids=["workbook", "CSV", "other order", "without SERIES_CODE", "without ids", "numbers as texts", "scientific",
         "--", "n/a", "millions in a workbook", "millions in a CSV", "right codes and odd names", "a real date",
         "quarters", "line feeds"],
)  # fmt: skip
def test_each_form_is_read_to_the_same_figures(made, old):
    parsed = outlook(made())
    assert parsed.rows["gdp"] == old
    assert (parsed.edition, parsed.date, parsed.notes, parsed.unknown) == ("2025_10", "2025-10", [], {})
    draft = draft_of(VintageStore(None), parsed, "nato-2026")
    assert draft.name == "nato-2026-weo-2025-10"
    assert [f for f in draft.findings if f.severity == "error"] == []


def test_a_figure_is_found_again_by_its_cell():
    assert outlook(saved(weo_book())).where["gdp", "ALB", 2030] == "sheet Countries, cell BQ3"
    assert outlook(weo_csv()).where["gdp", "ALB", 2030] == "line 4, column 2030", "the descriptions have two lines each"


APRIL = "2026-04-14T13:00:00Z"


@pytest.mark.parametrize(
    ("name", "sheet", "published", "edition"),
    [
        ("file", "April 2026", APRIL, "2026_04"),
        ("WEOApr2026all.xlsx", "About", APRIL, "2026_04"),
        ("WEOApr2026all.xlsx", "About", None, "2026_04"),
        ("weo_april_2026.xlsx", "About", None, "2026_04"),
        ("file", "April 2026", None, "2026_04"),
        ("file", "About", "2026-05-04", "2026_04"),
        ("file", "About", "2026-10-13T13:00:00.000Z", "2026_10"),
        ("file", "About", "2027-01-19", "2026_10"),
        ("dataset_2026-11-12T10_15_34Z_IMF.RES_WEO_9.0.0.csv", "About", APRIL, "2026_04"),
    ],
)
def test_the_edition_is_named_by_the_file_a_sheet_or_the_date_of_publication(name, sheet, published, edition):
    rows = changed(lambda row: row.update(PUBLICATION_DATE=published))
    assert outlook(saved(weo_book(rows, edition=sheet)), name).edition == edition
    if published:
        assert outlook(weo_csv(rows), name).edition == edition


@pytest.mark.parametrize(
    ("made", "name", "said"),
    [
        (
            lambda: saved(weo_book(edition="April 2026")), "WEOOct2025all.xlsx",
            "WEOOct2025all.xlsx: is of two editions: its name says October 2025; sheet April 2026 WEO says April 2026. "
            "If its name is wrong, rename it",
        ),
        (
            weo_csv, "WEOApr2026.csv",
            "WEOApr2026.csv: is of two editions: line 2, column PUBLICATION_DATE (2025-10-14) says October 2025; its "
            "name says April 2026. If its name is wrong, rename it",
        ),
        (
            lambda: weo_csv(changed(of("POL", "NGDP", PUBLICATION_DATE=APRIL))), "file",
            r"file: is of two editions: line 2, column PUBLICATION_DATE (2025-10-14) says October 2025; line 0, column "
            "PUBLICATION_DATE (2026-04-14) says April 2026. If its name is wrong, rename it",
        ),
        (lambda: weo_text(edition="April 2025").encode(), "WEOOct2024all.xls", "WEOOct2024all.xls: is of two editions: its name "
         "says October 2024; line 0 says April 2025. If its name is wrong, rename it"),
        (
            lambda: saved(weo_book(changed(lambda row: row.update(PUBLICATION_DATE=None)), edition="The")), "file",
            "file: nothing in it names its edition (a line 'World Economic Outlook Database, April 2026', a sheet 'April "
            "2026 WEO' or the column PUBLICATION_DATE): call the file as the IMF does, such as WEOApr2026all.xlsx (over "
            "HTTP filename=WEOApr2026all.xlsx)",
        ),
        (
            lambda: weo_csv(changed(lambda row: row.update(PUBLICATION_DATE="14 April"))), "file",
            "line 2, column PUBLICATION_DATE: '14 April' is no date such as 2026-04-14",
        ),
    ],
)  # fmt: skip
def test_an_edition_that_is_contradicted_or_not_named_is_refused(made, name, said):
    with pytest.raises(BadFile) as refused:
        outlook(made(), name)
    assert re.sub(r"line \d{3,}", "line 0", str(refused.value)) == said


@pytest.mark.parametrize(
    ("latest", "estimated"),
    [
        ("2025", False),
        (2025, False),
        ("2024", True),
        ("FY2024/25", False),
        ("FY2023/24", True),
        (None, True),
        ("0", True),
    ],
)
def test_years_that_the_fund_calls_estimates_are_noted(latest, estimated):
    actual = lambda row: row.update(LATEST_ACTUAL_ANNUAL_DATA="2025", PUBLICATION_DATE=APRIL)  # noqa: E731
    rows = changed(actual)
    for row in rows:
        of("GBR", "NGDP_RPCH", LATEST_ACTUAL_ANNUAL_DATA=latest)(row)
    note = "2025 counts as reported, but is the Fund's estimate for United Kingdom"
    for data in (saved(weo_book(rows, edition="April 2026")), weo_csv(rows)):
        parsed = outlook(data)
        assert parsed.notes == ([note] if estimated else [])
        assert {row["kind"] for row in parsed.rows["gdp"] if row["year"] == "2025"} == {"actual"}


def without(*series):
    return [row for row in weo_rows() if row["SERIES_CODE"] not in series]


def twice():
    book = weo_book()
    book["Countries"]["T1"] = 1980
    return saved(book)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: saved(weo_book([row for row in weo_rows() if row["INDICATOR.ID"] != "NGDP_D"])),
            "WEOOct2025all.xlsx: has no NGDP_D (the deflator of GDP) of any ally; every ally needs NGDP, NGDP_RPCH and NGDP_D",
        ),
        (
            lambda: weo_csv(without("POL.NGDP.A", "DEU.NGDP.A")),
            "WEOOct2025all.xlsx: has no NGDP (nominal GDP in national currency) of Germany, Poland; every ally needs NGDP, "
            "NGDP_RPCH and NGDP_D",
        ),
        (
            lambda: saved(weo_book([row for row in weo_rows() if row["COUNTRY.ID"] in ("SRB", "KOS")])),
            "WEOOct2025all.xlsx: no visible sheet has the columns COUNTRY.ID and INDICATOR.ID, or SERIES_CODE, columns of "
            "years, and rows of NGDP, NGDP_RPCH and NGDP_D (sheets: October 2025 WEO, Countries, Country Groups, Commodity "
            "Prices, Country Group Composition)",
        ),
        (
            lambda: saved(weo_book([*weo_rows(), next(iter(weo_rows()))])),
            "sheet Countries, cell C134: ALB NGDP stands a second time, after sheet Countries, cell C2",
        ),
        (twice, "sheet Countries, cell T1: the column '1980' stands twice"),
        (
            lambda: saved(weo_book(changed(of("ALB", "NGDP", SCALE="Lakhs")))),
            "sheet Countries, cell I2: 'Lakhs' is none of the scales Billions, Millions, Thousands, Units, Trillions",
        ),
        (
            lambda: saved(weo_book(changed(of("ALB", "NGDP", COUNTRY__ID="DEU")))),
            "sheet Countries, cell B2: is 'ALB.NGDP.A' in a row of DEU and NGDP",
        ),
        (
            lambda: saved(weo_book(changed(of("ALB", "NGDP", **{"2030": datetime(2030, 1, 1)})))),
            "sheet Countries, cell BQ2: holds a datetime, not a number",
        ),
        (
            lambda: b"DATASET,SERIES_CODE,TIME_PERIOD,OBS_VALUE\nWEO,DEU.NGDP.A,2030,1\n",
            "line 1: has a row per figure (TIME_PERIOD, OBS_VALUE): export the table with a column per year",
        ),
        (
            lambda: weo_csv().decode().replace('"n', "n").replace('"2024","Nat', '1,234,"2024","Nat', 1).encode(),
            "line 2: has 69 cells, the heading 67: are its numbers with commas in quotation marks?",
        ),
        (lambda: weo_csv()[: len(weo_csv()) // 2], "line 131: is no CSV (unexpected end of data)"),
        (lambda: weo_csv()[:30_000].rpartition(b",")[0], "the heading 67: the file is cut off"),
    ],
)  # fmt: skip
def test_a_damaged_outlook_is_refused_with_the_cell(made, said):
    with pytest.raises(BadFile) as refused:
        outlook(made(), NAMED)
    assert said in str(refused.value)


def test_a_workbook_with_as_many_rows_as_the_real_one_is_read(old):
    """It has 8,668 rows of countries, most of series that are not read."""
    book = weo_book()
    for _ in range(8_700):
        book["Countries"].append(["IMF.RES:WEO(9.0.0)", "ALB.LUR.A", "ALB", "Albania", "LUR"])
    assert outlook(saved(book)).rows["gdp"] == old
