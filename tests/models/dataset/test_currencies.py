"""The currency of an ally's nominal GDP: what the table says, and what an import finds out."""

from dataclasses import replace

import numpy as np
import pytest

from models.dataset.checks import check, must_hold
from models.dataset.countries import allies
from models.dataset.currencies import CODES, EURO_RATES, currency
from models.dataset.gdp import gdp_usd, nominal_gdp
from models.dataset.groups import EURO_AREA
from models.dataset.importers import Content, read
from models.dataset.imports import draft_of
from models.dataset.tables import BUNDLED
from models.dataset.vintages import Draft, VintageStore
from tests.models.dataset.publishers import by_ally, weo_text


def rate(code):
    """Units of the ally's currency for one US dollar in 2021, as the tables imply it."""
    return nominal_gdp(code)[2021] * 1000 / gdp_usd(code, 2021)


def test_every_ally_has_the_currency_in_which_its_gdp_is_counted():
    """Allies of one currency have one exchange rate; a wrong code would give them two."""
    assert {currency(code) for code in allies()} == CODES
    assert {code for code in allies() if currency(code) == "EUR"} == EURO_AREA - {"BGR"} | {"MNE"}
    rates = {code: rate(code) for code in allies() if code != "ISL"}  # NATO has no amounts of Iceland
    euro = np.median([rates[code] for code in EURO_AREA])
    for code, found in rates.items():
        if currency(code) == "EUR":
            assert found == pytest.approx(euro, rel=0.06), code
    assert rates["BGR"] == pytest.approx(EURO_RATES["BGN"] * euro, rel=0.03)
    # Annual averages of 2021, rounded.
    others = {"CAD": 1.25, "CZK": 21.7, "DKK": 6.29, "GBP": 0.73, "HUF": 303, "NOK": 8.59, "PLN": 3.86, "SEK": 8.58}
    for code, found in rates.items():
        if currency(code) in others:
            assert found == pytest.approx(others[currency(code)], rel=0.06), code


def changed(text, code, subject, factor):
    """The Outlook's file with one line's figures times ``factor``."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        cells = line.split("\t")
        if cells[1:3] == [code, subject]:
            cells[7:-1] = [
                c if c in ("n/a", "--") else f"{float(c.replace(',', '')) * factor:.3f}" for c in cells[7:-1]
            ]
            lines[place] = "\t".join(cells)
    return "\r\n".join(lines)


@pytest.mark.parametrize(
    ("code", "factor", "now"),
    [
        ("BGR", 1 / EURO_RATES["BGN"], "EUR"),
        ("BGR", 1.03 / EURO_RATES["BGN"], "EUR"),
        ("BGR", 1.1, "BGN"),
        ("BGR", 0.1, None),
        ("TUR", 1e-3, None),
        ("TUR", 1.15, "TRY"),
    ],
)
def test_an_import_in_another_unit_changes_the_currency_and_warns(tmp_path, code, factor, now):
    vintages = VintageStore(tmp_path)
    text = changed(weo_text(edition="April 2026"), code, "NGDP", factor)
    draft = draft_of(vintages, read("weo", Content(text.encode())), "nato-2026")
    was = currency(code)
    warned = [f for f in draft.findings if " was in " in f.message]
    assert ("members" in draft.changed) == bool(warned) == (now != was)
    assert [f for f in draft.findings if f.severity == "error"] == []
    vintages.add(draft)
    tables = vintages.tables(draft.name)
    assert currency(code, tables) == now
    assert {c: currency(c, tables) for c in allies() if c != code} == {c: currency(c) for c in allies() if c != code}
    assert [line for line in check(tables) if "currency" in line] == (
        [] if now else [f"members: the currency of {code} is unknown"]
    )
    # The next Outlook in the new unit keeps it.
    again = changed(weo_text(edition="October 2026"), code, "NGDP", factor)
    assert currency(code, vintages.overlay(draft_of(vintages, read("weo", Content(again.encode())), draft.name))) == now


def test_a_vintage_of_an_earlier_release_has_no_such_column_and_is_read_all_the_same(tmp_path):
    vintages = VintageStore(tmp_path)
    old = tuple({k: v for k, v in row.items() if k != "currency"} for row in BUNDLED.read("members"))
    nominal = by_ally("gdp", "nominal_lcu_bn", "weo_2025_10")["BGR"]
    assert nominal[2024] > 200
    euros = tuple(
        row | {"nominal_lcu_bn": str(float(row["nominal_lcu_bn"]) / EURO_RATES["BGN"])}
        if row["iso3"] == "BGR" and row["nominal_lcu_bn"]
        else row
        for row in BUNDLED.read("gdp")
    )
    vintages.add(Draft("own-2027", "nato-2026", {"members": old}))
    vintages.add(Draft("own-2028", "nato-2026", {"members": old, "gdp": euros}))
    for name, found in (("own-2027", "BGN"), ("own-2028", "EUR")):
        tables = vintages.tables(name)
        assert "currency" not in tables.read("members")[0]
        assert must_hold(tables) == []
        assert currency("BGR", tables) == found
        assert currency("DEU", tables) == "EUR"


def test_a_code_that_no_ally_has_is_an_error():
    wrong = tuple(r | {"currency": "eur"} if r["iso3"] == "FRA" else r for r in BUNDLED.read("members"))
    tables = replace(BUNDLED, key="wrong", changed={"members": wrong})
    (error,) = must_hold(tables)
    assert error.startswith("members: FRA has currency 'eur'; known are ALL, BGN")


def test_a_series_of_no_ally_has_none():
    assert currency("XXX") is None
