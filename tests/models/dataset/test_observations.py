"""The figures as the statistics see them."""

import math

import pytest

from models.dataset.checks import check
from models.dataset.observations import UnknownVintage, load_figures
from models.dataset.tables import VINTAGES


def test_the_tables_hold_what_they_must():
    assert check() == []


def test_a_damaged_table_is_named(monkeypatch):
    from models.dataset import tables

    rows = tables.read("core_share")
    damaged = (rows[0] | {"share_pct": "150"}, rows[1] | {"iso3": "XXX"}, *rows[2:], rows[5])
    read = tables.read
    monkeypatch.setattr(tables, "read", lambda name: damaged if name == "core_share" else read(name))
    findings = "\n".join(check())
    assert "ALB 2014 150 is no plausible share" in findings
    assert "'XXX' is no ally" in findings
    assert f"{rows[5]['iso3']}/{rows[5]['year']} stands 2 times" in findings


def test_all_allies_with_armed_forces_have_figures_and_iceland_has_none():
    figures = load_figures()
    assert len(figures.observations) == 31
    assert "ISL" not in figures.observations
    assert {seen[-1].year for seen in figures.observations.values()} == {2026}


def test_nato_figures_from_2014_are_untouched():
    poland = {o.year: o for o in load_figures().observations["POL"]}
    assert poland[2026].share_pct == 4.68
    assert poland[2026].estimate
    assert poland[2014].definition == "nato"
    assert not poland[2014].estimate


def test_the_long_history_meets_natos_definition_over_the_overlap():
    """Joined by the mean log ratio: SIPRI's 2013 times exp(mean of log NATO/SIPRI, 2014-2019)."""
    from models.dataset import tables

    sipri = {
        int(r["year"]): float(r["share_pct"])
        for r in tables.read("core_share_history")
        if r["iso3"] == "DEU" and r["source"] == "sipri_2025"
    }
    germany = {o.year: o for o in load_figures().observations["DEU"]}
    ratio = sum(math.log(germany[y].share_pct / sipri[y]) for y in range(2014, 2020)) / 6
    assert germany[2013].definition == "sipri-rescaled"
    assert germany[2013].share_pct == pytest.approx(sipri[2013] * math.exp(ratio), rel=1e-12)


def test_without_sipri_natos_own_figures_remain():
    figures = load_figures(sipri=False)
    assert {o.source for seen in figures.observations.values() for o in seen} == {"nato_2026", "nato_2019"}
    assert all(len(s.values) >= 13 for s in figures.panel().values())


def test_luxembourgs_change_of_denominator_is_no_jump():
    luxembourg = {o.year: o for o in load_figures().observations["LUX"]}
    assert luxembourg[2022].definition == "nato-rescaled"
    # 0.57 % of GDP was 0.84 % of GNI; as printed, the share would nearly double from 2022 to 2023.
    assert luxembourg[2022].share_pct == pytest.approx(0.57 * 1.4753, rel=1e-3)
    assert luxembourg[2023].share_pct == 1.07


def test_a_panel_knows_nothing_after_its_origin():
    panel = load_figures().panel(2013)
    assert {s.end for s in panel.values()} == {2013}


@pytest.mark.parametrize("vintage", VINTAGES)
def test_every_vintage_can_be_used(vintage):
    figures = load_figures(vintage)
    assert figures.vintage == vintage
    assert figures.origin == {"nato-2019": 2019, "nato-2025": 2024, "nato-2026": 2026}[vintage]


def test_an_unknown_vintage_is_refused():
    with pytest.raises(UnknownVintage):
        load_figures("nato-1900")
