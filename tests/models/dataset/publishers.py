"""Files as the publishers lay them out, made from rows, with the traps that are described of them."""

import csv
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


WEO_YEARS = range(1980, 2031)
WEO_UNITS = {
    "NGDP": ("Domestic currency", "Billions", "Gross domestic product (GDP), Current prices, Domestic currency"),
    "NGDP_RPCH": ("Percent", "Units", "Gross domestic product (GDP), Constant prices, Percent change"),
    "NGDP_D": ("Index", "Units", "Gross domestic product (GDP), Price deflator, Index"),
    "LP": ("Persons", "Millions", "Population, Persons for countries"),
}


def weo_figures(source="weo_2025_10", years=WEO_YEARS):
    """The bundled Outlook as the Fund prints it, by ally and indicator: the deflator is an index."""
    nominal, real = by_ally("gdp", "nominal_lcu_bn", source), by_ally("gdp", "real_growth_pct", source)
    deflator = by_ally("gdp", "deflator_growth_pct", source)
    for code in allies():
        index: dict[int, float] = {}
        for year in years:
            if year in deflator[code]:
                index.setdefault(year - 1, 100.0)
                index[year] = index[year - 1] * (1 + deflator[code][year] / 100)
        yield code, "NGDP", nominal[code]
        yield code, "NGDP_RPCH", real[code]
        yield code, "NGDP_D", index
        yield code, "LP", {2024: 5.0}


def weo_text(source="weo_2025_10", edition="October 2025", years=WEO_YEARS):
    """The Outlook's by-country file, to April 2025: tab-separated."""
    lines = [["WEO Country Code", "ISO", "WEO Subject Code", "Country", "Subject Descriptor", "Units", "Scale",
              *map(str, years), "Estimates Start After"]]  # fmt: skip
    for code, subject, values in weo_figures(source, years):
        shown = {"NGDP": "{:,.3f}", "NGDP_D": "{:,.9f}"}.get(subject, "{:.3f}")
        cells = [shown.format(values[y]) if y in values else ("n/a", "--")[y % 2] for y in years]
        scale = {"NGDP": "Billions", "LP": "Millions"}.get(subject, "")
        lines.append(["914", code, subject, allies()[code].name, "words", "units", scale, *cells, "2024"])
    lines.append(["960", "SRB", "NGDP_RPCH", "Serbia", "words", "units", "", *("1.0" for _ in years), "2023"])
    lines.append([])
    lines.append([f"International Monetary Fund, World Economic Outlook Database, {edition}"])
    return "\r\n".join("\t".join(line) for line in lines) + "\r\n"


WEO_NAMES = {"CZE": "Czech Republic", "SVK": "Slovak Republic", "TUR": "Türkiye, Republic of",
             "NLD": "Netherlands, The", "HRV": "Croatia, Republic of"}  # fmt: skip
WEO_HEAD = ["DATASET", "SERIES_CODE", "COUNTRY.ID", "COUNTRY", "INDICATOR.ID", "INDICATOR", "INDICATOR.Description",
            "FREQUENCY", "SCALE", "UNIT", "COUNTRY_UPDATE_DATE", "PUBLICATION_DATE", "UPDATE_DATE",
            "METHODOLOGY_NOTES", "LATEST_ACTUAL_ANNUAL_DATA", "HISTORICAL_DATA_SOURCE", "BASE_YEAR",
            "PRIMARY_DOMESTIC_CURRENCY"]  # fmt: skip


def weo_rows(published="2025-10-14T13:00:00Z", years=WEO_YEARS):
    """The rows of the Outlook since October 2025, by column; other countries and other series are among them."""
    others = [("SRB", "NGDP_RPCH", dict.fromkeys(years, 1.0)), ("KOS", "NGDP_RPCH", dict.fromkeys(years, 1.0)),
              ("WBG", "NGDP", {2020: 1.0}), ("USA", "NGDP_FY", {2020: 1.0})]  # fmt: skip
    names = {"SRB": "Serbia, Republic of", "KOS": "Kosovo, Republic of", "WBG": "West Bank and Gaza"}
    for code, indicator, values in [*weo_figures(years=years), *others]:
        unit, scale, words = WEO_UNITS.get(indicator, WEO_UNITS["NGDP"])
        name = WEO_NAMES.get(code) or names.get(code) or allies()[code].name
        latest = "FY2023/24" if code == "GBR" else "2024"
        about = ["IMF.RES:WEO(9.0.0)", f"{code}.{indicator}.A", code, name, indicator, words,
                 f"{words}.\nExpressed so.", "Annual", scale, unit, "2025-09-10", published, published,
                 "see World Economic Outlook Database, April 2019", latest, "National Statistics Office", "2020",
                 "Euro"]  # fmt: skip
        yield dict(zip(WEO_HEAD, about, strict=True)) | {str(y): values.get(y) for y in years}


def weo_book(rows=None, columns=None, edition="October 2025", years=WEO_YEARS):
    """The Outlook's workbook since October 2025. ``columns`` are its heading, in their order."""
    rows = list(weo_rows(years=years)) if rows is None else rows
    columns = columns or list(rows[0])
    book = Workbook()
    book.active.title = f"{edition} WEO"
    book.active.append(["International Monetary Fund", "World Economic Outlook"])
    countries, groups = book.create_sheet("Countries"), book.create_sheet("Country Groups")
    prices, members = book.create_sheet("Commodity Prices"), book.create_sheet("Country Group Composition")
    heading = [int(name) if name.isdigit() else name for name in columns]
    for sheet in (countries, groups, prices):
        sheet.append(heading)
    for row in rows:
        countries.append([row[name] for name in columns])
    for sheet, code, name, indicator in (
        (groups, "G163", "Euro area (EA)", "NGDP_RPCH"),
        (groups, "G001", "World", "NGDP_RPCH"),
        (prices, "G001", "World", "POILAPSP"),
    ):
        row = rows[0] | {"COUNTRY.ID": code, "COUNTRY": name, "INDICATOR.ID": indicator}
        row |= {"SERIES_CODE": f"{code}.{indicator}.A", "LATEST_ACTUAL_ANNUAL_DATA": None}
        sheet.append([row[name] for name in columns])
    members.append(["GROUP.CODE", "GROUP.NAME", "COUNTRY.CODE"])
    members.append(["G163", "Euro area (EA)", "DEU"])
    return book


def weo_csv(rows=None, delimiter=",", written=lambda value: repr(value)):
    """The portal's CSV: as the workbook, all in one table, with names but without codes; every cell quoted."""
    rows = list(weo_rows()) if rows is None else rows
    euro = rows[1] | {"SERIES_CODE": "G163.NGDP_RPCH.A", "COUNTRY": "Euro area (EA)", "LATEST_ACTUAL_ANNUAL_DATA": ""}
    columns = [name for name in rows[0] if not name.endswith(".ID")]
    text = io.StringIO(newline="")
    out = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    out.writerow(columns)
    for row in [*rows, euro]:
        out.writerow([written(x) if isinstance(x := row[c], float) else ("" if x is None else x) for c in columns])
    return text.getvalue().encode("utf-8-sig")


def worldbank_json(share=None):
    share = share or by_ally("core_share_history", "share_pct", "sipri_2025")
    rows = [
        {
            "indicator": {"id": "MS.MIL.XPND.GD.ZS", "value": "Military expenditure (% of GDP)"},
            "country": {"id": "XX", "value": {"SRB": "Serbia", "": "Arab World"}.get(code) or allies()[code].name},
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
