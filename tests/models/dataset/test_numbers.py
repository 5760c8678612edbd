"""One parser reads the text of every figure; what may be two numbers is refused with its cell."""

import json
import re

import pytest

from models.dataset.importers import BadFile, Content, read
from models.dataset.importers.delimited import table_of
from models.dataset.importers.numbers import PLAIN, Numbers, is_missing
from tests.models.dataset.publishers import (
    by_ally,
    nato_book,
    saved,
    sipri_book,
    weo_book,
    weo_csv,
    weo_rows,
    weo_text,
    worldbank_json,
)

GROUPED, COMMA, COMMA_GROUPED = Numbers(grouped=True), Numbers(","), Numbers(",", grouped=True)


@pytest.mark.parametrize(
    ("numbers", "text", "value"),
    [
        (PLAIN, "2.05", 2.05), (PLAIN, " 2.40 ", 2.4), (PLAIN, "-1.3", -1.3), (PLAIN, "\u22121.3", -1.3),
        (PLAIN, "+.5", 0.5), (PLAIN, "5.", 5.0), (PLAIN, "1.5E+03", 1500.0), (PLAIN, "4e-2", 0.04),
        (PLAIN, "1,234.5", 1234.5), (PLAIN, "1,234,567", 1234567.0), (PLAIN, "12,345,678.9", 12345678.9),
        (PLAIN, "2 050", 2050.0), (PLAIN, "1\u00a0234\u202f567.8", 1234567.8), (PLAIN, "2.050", 2.05),
        (GROUPED, "2,050", 2050.0), (COMMA, "2,05", 2.05), (COMMA, "2,050", 2.05), (COMMA, "1.234,5", 1234.5),
        (COMMA, "1.234.567", 1234567.0), (COMMA, "7", 7.0), (COMMA_GROUPED, "2.050", 2050.0), (COMMA, "1,5e3", 1500.0),
    ],
)  # fmt: skip
def test_a_number_has_one_value(numbers, text, value):
    assert numbers.read(text, "here") == value


@pytest.mark.parametrize(
    ("numbers", "text", "said"),
    [
        (PLAIN, "2,050", "here: '2,050' may be 2.050 or 2050: write it as one of these"),
        (PLAIN, "-12,345", "here: '-12,345' may be -12.345 or -12345: write it as one of these"),
        (COMMA, "2.050", "here: '2.050' may be 2,050 or 2050: write it as one of these"),
        (PLAIN, "2,05", "here: '2,05' has a decimal comma: write 2.05"),
        (PLAIN, "0,050", "here: '0,050' has a decimal comma: write 0.050"),
        (GROUPED, "2,0501", "here: '2,0501' has a decimal comma: write 2.0501"),
        (PLAIN, "1.234,5", "here: '1.234,5' has a decimal comma: write 1234.5"),
        (PLAIN, "1 234,5", "here: '1 234,5' has a decimal comma: write 1234.5"),
        (COMMA, "2.05", "here: '2.05' has a decimal point in a file separated by semicolons: write 2,05"),
        *((PLAIN, text, f"here: {text!r} is not a number")
          for text in ("", "about two", "nan", "inf", "1_000", "1.234.567", "2 05", "1'234", "2.05%", "(2)", "0x10",
                       "\u0662.\u0665", "1,23,456", "1e99999", "--5", "1,234e3")),
        (PLAIN, "1e999", "here: '1e999' is not a finite number"),
    ],
)  # fmt: skip
def test_what_is_no_number_or_may_be_two_is_refused_with_how_to_write_it(numbers, text, said):
    with pytest.raises(BadFile) as refused:
        numbers.read(text, "here")
    assert str(refused.value) == said


@pytest.mark.parametrize("text", ["", " ", "n/a", "N/A", "na", "--", "-", "...", ". .", "\u2026", "xxx", "\u2013", ":"])
def test_what_publishers_write_for_a_missing_figure_is_none(text):
    assert is_missing(text)
    assert not is_missing(text + "0")


@pytest.mark.parametrize(
    ("file", "numbers"),
    [
        ("a,b\n1,2.5\n", PLAIN),
        ('a,b\n1,"2,050"\n', PLAIN),
        ('a,b\n"1,234.5","2,050"\n', GROUPED),
        ("a\tb\n1,234,567\t2,050\n", GROUPED),
        ("a;b\n1;2,05\n", COMMA),
        ("a;b\n1.234,5;2.050\n", COMMA_GROUPED),
        ('a,b\n1,"said, in 2,050 words"\n', PLAIN),
    ],
)
def test_a_file_says_its_convention_by_its_separator_and_its_clear_numbers(file, numbers):
    assert table_of(Content(file.encode())).numbers == numbers


def nato(text):
    book = nato_book()
    book["Table 3"]["D6"] = text
    return saved(book)


def sipri(text):
    book = sipri_book()
    book["Share of GDP"]["BZ8"] = text
    return saved(book)


def worldbank(text):
    found = json.loads(worldbank_json())
    found[1][0]["value"] = text
    return json.dumps(found).encode()


def outlook(text):
    """The first figure of Albania's nominal GDP in 2030, in rows of the Outlook since October 2025."""
    rows = list(weo_rows())
    rows[0]["2030"] = text
    return rows


def tidy(text):
    shares = by_ally("core_share", "share_pct")
    rows = [f'{c},{y},"{text if (c, y) == ("DEU", 2020) else v}"' for c, x in shares.items() for y, v in x.items()]
    return "\n".join(["iso3,year,share_pct", *rows]).encode()


def plan(text):
    return (
        "iso3,component,target_pct,year,stance,stated_on,summary\n"
        f'DEU,core,"{text}",2029,law,2026-01-01,"By law, it will."\n'
    ).encode()


@pytest.mark.parametrize("text", ["2,050", "2,05"])
@pytest.mark.parametrize(
    ("source", "made", "where"),
    [
        ("nato", nato, "sheet Table 3, cell D6"),
        ("sipri", sipri, "sheet Share of GDP, cell BZ8"),
        ("worldbank", worldbank, "/1/0/value"),
        ("weo", lambda text: saved(weo_book(outlook(text))), "sheet Countries, cell BQ2"),
        ("weo", lambda text: weo_csv(outlook(text)), "line 2, column 2030"),
        ("csv", tidy, r"line \d+, column share_pct"),
        ("csv", plan, "line 2, column target_pct"),
    ],
)
def test_every_importer_refuses_an_ambiguous_number_with_its_cell(source, made, where, text):
    with pytest.raises(BadFile) as refused:
        read(source, Content(made(text), "WEOOct2025all.xlsx"))
    said = {"2,050": "may be 2.050 or 2050: write it as one of these", "2,05": "has a decimal comma: write 2.05"}[text]
    assert re.fullmatch(f"{where}: '{text}' {re.escape(said)}", str(refused.value)), refused.value


def test_a_file_that_groups_its_thousands_elsewhere_may_hold_2_050():
    plain = re.sub(r"\t[0-9],[0-9]{3}\.[0-9]{3}\t", "\t2,050\t", weo_text(), count=1)
    assert "2050.000" in {row["nominal_lcu_bn"] for row in read("weo", Content(plain.encode())).rows["gdp"]}
    book = weo_book(outlook("2,050"))
    book["Countries"]["BP2"] = "1,234.5"
    rows = {(r["iso3"], r["year"]): r for r in read("weo", Content(saved(book))).rows["gdp"]}
    assert [rows["ALB", year]["nominal_lcu_bn"] for year in ("2029", "2030")] == ["1234.500", "2050.000"]


def test_a_file_separated_by_semicolons_has_decimal_commas():
    shares = by_ally("core_share", "share_pct")
    lines = [f"{c};{y};{v:.2f}".replace(".", ",") for c, x in shares.items() for y, v in x.items()]
    rows = read("csv", Content("\n".join(["iso3;year;share_pct", *lines]).encode())).rows["core_share"]
    assert {(r["iso3"], int(r["year"])): r["share_pct"] for r in rows} == {
        (c, y): f"{v:.2f}" for c, x in shares.items() for y, v in x.items()
    }
    german = weo_csv(delimiter=";", written=lambda value: f"{value!r}".replace(".", ","))
    assert read("weo", Content(german)).rows == read("weo", Content(weo_csv())).rows
