"""Files as the publishers lay them out, made from rows, with the traps that are described of them."""

import io
import json

from openpyxl import Workbook

from models.dataset.countries import allies
from models.dataset.tables import BUNDLED

NATO_NAMES = {
    "CZE": "Czechia*",
    "TUR": "Turkey",
    "LUX": "Luxembourg (1)",
    "MNE": "Montenegro **",
    "USA": "United States ¹",
}
SIPRI_NAMES = {"USA": "United States of America", "CZE": "Czechia", "TUR": "Türkiye"}


def saved(book):
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def by_ally(table, column, source="nato_2026"):
    found = {}
    for row in BUNDLED.read(table):
        if row["source"] == source and row[column]:
            found.setdefault(row["iso3"], {})[int(row["year"])] = float(row[column])
    return found


def heading(years, estimates_from):
    """Years as NATO writes them: numbers, texts, and texts with an e."""
    return [f"{y}e" if y >= estimates_from else (str(y) if y % 2 else y) for y in years]


def gdp_levels():
    """Real GDP whose growth is NATO's; Luxembourg has one too, which is no denominator of its share."""
    growth = by_ally("gdp", "real_growth_pct")
    levels = {}
    for code in by_ally("core_share", "share_pct"):
        level, levels[code] = 1000.0, {}
        for year in range(2014, 2027):
            level *= 1 + growth.get(code, {}).get(year, 1.0) / 100
            levels[code][year] = level
    return levels


def nato_sheet(book, title, top, blocks, years, estimates_from=2025):
    """A sheet of blocks (heading, rows by ally code or name). The figures begin in column D."""
    sheet = book.create_sheet(title)
    for line in top:
        sheet.append([None, line])
    sheet.append([])
    sheet.append([None, None, None, *heading(years, estimates_from)])
    for head, rows in blocks:
        sheet.append([None, head])
        for code, values in rows.items():
            name = NATO_NAMES.get(code) or (allies()[code].name if code in allies() else code)
            sheet.append([None, None, name, *(values.get(year) for year in years)])
    sheet.append([None, "* Notes: figures for 2025 and 2026 are estimates."])
    return sheet


def nato_book(share=None, amount=None, years=range(2014, 2027), estimates_from=2025):
    """The tables workbook, of the bundled figures where none are given."""
    book = Workbook()
    book.active.title = "Contents"
    share = share or by_ally("core_share", "share_pct")
    amount = amount or by_ally("core_amount", "amount")
    change = {code: dict.fromkeys(years, 7.7) for code in share}
    totals = {y: sum(x[y] for x in amount.values() if y in x) for y in years}
    total_share = {
        y: totals[y] / sum(amount[c][y] / share[c][y] for c in amount if y in amount[c] and y in share.get(c, {}))
        for y in years
    }
    others = dict.fromkeys(years, 1.5)
    nato_sheet(
        book,
        "Table 2",
        ["Table 2 : Defence expenditure", "Million US dollars"],
        [
            ("Current prices and exchange rates", {c: {y: 2 * x for y, x in v.items()} for c, v in amount.items()}),
            (
                "Constant 2021 prices and exchange rates",
                {"NATO Europe and Canada": others, "NATO Total*": totals} | amount,
            ),
        ],
        years,
        estimates_from,
    )
    nato_sheet(
        book,
        "Table 3",
        ["Table 3 : Defence expenditure as a share of GDP and annual real change", "Based on 2021 prices"],
        [
            ("Share of real GDP (%)", share | {"NATO Europe and Canada": others, "NATO Total": total_share}),
            ("Annual real change (%)", change | {"NATO Total": others}),
        ],
        years,
        estimates_from,
    )
    nato_sheet(
        book,
        "Table 5",
        ["Table 5 : Gross domestic product", "Based on 2021 prices"],
        [("Billion US dollars", gdp_levels()), ("GDP per capita (thousand US dollars)", change)],
        years,
        estimates_from,
    )
    nato_sheet(
        book,
        "Table 8a",
        ["Table 8a : Distribution of defence expenditure by main category", "Percentage of total defence expenditure"],
        [("Equipment (a)", by_ally("equipment_share", "equipment_pct")), ("Personnel (b)", change)],
        years,
        estimates_from,
    )
    return book


def sipri_book(share=None, years=range(1949, 2025)):
    """SIPRI's workbook, in fractions; bundled figures where none are given."""
    share = share or by_ally("core_share_history", "share_pct", "sipri_2025")
    book = Workbook()
    book.active.title = "Front page"
    sheet = book.create_sheet("Share of GDP")
    sheet.append(["Military expenditure by country as percentage of gross domestic product, 1949-2024"])
    sheet.append(["Figures in blue are SIPRI estimates."])
    sheet.append([])
    sheet.append(["Country", "Notes", *years])
    sheet.append(["Europe"])
    sheet.append(["Central Europe"])
    sheet.append(["Serbia", None, *("xxx" if y < 2006 else 0.021 for y in years)])
    for i, (code, values) in enumerate(share.items()):
        missing = ("...", ". .", "xxx", "..")[i % 4]
        name = SIPRI_NAMES.get(code, allies()[code].name)
        sheet.append([name, f"‡{i}", *(values[y] / 100 if y in values else missing for y in years)])
    return book


def weo_text(source="weo_2025_10", edition="October 2025", years=range(1980, 2031)):
    """The Outlook's by-country file, tab-separated."""
    lines = [["WEO Country Code", "ISO", "WEO Subject Code", "Country", "Subject Descriptor", "Units", "Scale",
              *map(str, years), "Estimates Start After"]]  # fmt: skip
    nominal, real = by_ally("gdp", "nominal_lcu_bn", source), by_ally("gdp", "real_growth_pct", source)
    deflator = by_ally("gdp", "deflator_growth_pct", source)
    for code, ally in allies().items():
        index: dict[int, float] = {}
        for year in years:
            if year in deflator[code]:
                index.setdefault(year - 1, 100.0)
                index[year] = index[year - 1] * (1 + deflator[code][year] / 100)
        for subject, values, shown in (
            ("NGDP", nominal[code], "{:,.3f}"), ("NGDP_RPCH", real[code], "{:.3f}"), ("NGDP_D", index, "{:,.9f}"),
            ("LP", {2024: 5.0}, "{:.3f}"),
        ):  # fmt: skip
            cells = [shown.format(values[y]) if y in values else ("n/a", "--")[y % 2] for y in years]
            lines.append(["914", code, subject, ally.name, "words", "units", "Billions", *cells, "2023"])
    lines.append(["960", "SRB", "NGDP_RPCH", "Serbia", "words", "units", "", *("1.0" for _ in years), "2023"])
    lines.append([])
    lines.append([f"International Monetary Fund, World Economic Outlook Database, {edition}"])
    return "\r\n".join("\t".join(line) for line in lines) + "\r\n"


def worldbank_json(share=None):
    share = share or by_ally("core_share_history", "share_pct", "sipri_2025")
    rows = [
        {
            "indicator": {"id": "MS.MIL.XPND.GD.ZS", "value": "Military expenditure (% of GDP)"},
            "country": {"id": "XX", "value": "Somewhere"},
            "countryiso3code": code,
            "date": str(year),
            "value": value,
        }
        for code, values in [*share.items(), ("SRB", {2020: 2.0}), ("", {2020: 2.0})]
        for year, value in values.items()
    ]
    rows.append(rows[0] | {"date": "1950", "value": None})
    paging = {"page": 1, "pages": 1, "per_page": 20000, "total": len(rows), "lastupdated": "2026-04-30"}
    return json.dumps([paging, rows]).encode()
