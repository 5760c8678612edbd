"""Vintages on disk: kept whole, never changed, and everything that a forecast rests on travels with them."""

import csv
import io
import json
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from models import Forecaster, Scenario, Targets, load_figures
from models.analysis.alliance import alliance_forecast
from models.dataset import tables
from models.dataset.checks import must_hold
from models.dataset.countries import allies, with_status
from models.dataset.importers import Content, read
from models.dataset.imports import draft_of
from models.dataset.observations import UnknownVintage
from models.dataset.tables import BUNDLED, VINTAGES, Uses
from models.dataset.vintages import BadName, DamagedVintage, Draft, Finding, VintageExists, VintageStore
from models.forecast.fit_all import fit_all
from models.scenarios.levers import Freeze
from models.simulation.path_store import PathStore
from tests.support.asking import required, sensitivity


def renamed(rows, source, **changes):
    """Rows under another source; ``changes`` maps "DEU_2026" to a share."""
    return tuple(
        r | {"source": source, "share_pct": changes.get(f"{r['iso3']}_{r['year']}", r["share_pct"])} for r in rows
    )


def draft(name="nato-2027", **changes):
    new = BUNDLED.read("sources")[0] | {"source": "nato_2027"}
    return Draft(
        name,
        "nato-2026",
        {
            "core_share": renamed(BUNDLED.read("core_share"), "nato_2027", **changes),
            "sources": (*BUNDLED.read("sources"), new),
        },
        replace(BUNDLED.uses, core="nato_2027"),
        (Finding("warning", "core_share", "a jump"),),
    )


@pytest.fixture
def vintages(tmp_path):
    return VintageStore(tmp_path / "vintages")


def contents(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_the_bundled_vintages_are_there_without_a_folder():
    assert VintageStore(None).names() == VINTAGES
    assert VintageStore(None).figures("nato-2026") == load_figures()
    assert VintageStore(None).figures("nato-2025", sipri=False).key == "nato-2025-without-sipri"
    manifest = VintageStore(None).manifest("nato-2026")
    assert (manifest.created_at, manifest.base) == (None, None)
    assert {s.source for s in manifest.sources} == {"nato_2026", "sipri_2025", "weo_2025_10"}
    assert manifest.sha256 != VintageStore(None).manifest("nato-2025").sha256
    with pytest.raises(BadName):
        VintageStore(None).add(draft())


def test_the_bundled_tables_hold_what_is_said_of_them():
    outlook = [r for r in BUNDLED.read("gdp") if r["source"] == Uses.outlook]
    assert max(int(r["year"]) for r in outlook if r["kind"] == "actual") == Uses.outlook_actual


def test_a_saved_vintage_is_found_by_another_process_and_is_what_was_added(vintages):
    other = VintageStore(vintages.folder)
    assert other.names() == VINTAGES
    added = vintages.add(draft(DEU_2026="2.99"))
    assert other.names() == (*VINTAGES, "nato-2027")
    assert other.manifest("nato-2027") == added == vintages.manifest("nato-2027")
    assert added.findings == (Finding("warning", "core_share", "a jump"),)
    assert [t.name for t in added.tables if t.changed] == ["core_share", "sources"]
    figures = other.figures("nato-2027")
    assert figures.observations["DEU"][-1].share_pct == 2.99
    assert figures.observations["FRA"][-1].share_pct == load_figures().observations["FRA"][-1].share_pct
    assert figures.edition == 2027
    assert figures is other.figures("nato-2027")
    assert figures.key == f"nato-2027-{added.sha256[:12]}"


def test_a_vintage_is_never_changed_or_overwritten(vintages):
    vintages.add(draft())
    before = contents(vintages.folder)
    with pytest.raises(VintageExists):
        vintages.add(draft(DEU_2026="1.00"))
    with pytest.raises(VintageExists):
        vintages.add(replace(draft(), name="nato-2025"))
    for name in ("", "../nato", "Nato-2027", "a--b", "a" * 61, "nato_2027"):
        with pytest.raises(BadName):
            vintages.add(replace(draft(), name=name))
    with pytest.raises(UnknownVintage):
        vintages.add(replace(draft("other"), base="nato-1900"))
    assert contents(vintages.folder) == before


def test_of_two_that_add_the_same_name_at_once_one_wins(tmp_path):
    folder, outcomes = tmp_path / "vintages", []
    barrier = threading.Barrier(6)

    def add(share):
        barrier.wait()
        try:
            outcomes.append(VintageStore(folder).add(draft(DEU_2026=share)).sha256)
        except VintageExists:
            outcomes.append(None)

    threads = [threading.Thread(target=add, args=(f"2.{i}0",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [x for x in outcomes if x]
    assert kept == [VintageStore(folder).manifest("nato-2027").sha256]
    assert [entry.name for entry in folder.iterdir()] == ["nato-2027"]


def test_a_vintage_of_an_earlier_release_is_read_with_the_tables_it_lacks(vintages, monkeypatch):
    later = ("plan_record", "outside_views")
    since = {r["source"] for t in later for r in BUNDLED.read(t)} - {r["source"] for r in BUNDLED.read("pledges")}
    earlier = {
        "pledges": tuple({k: v for k, v in r.items() if "status" not in k} for r in BUNDLED.read("pledges")),
        "sources": tuple(r for r in BUNDLED.read("sources") if r["source"] not in since),
    }
    with monkeypatch.context() as before:
        before.setattr(tables, "NAMES", tuple(name for name in tables.NAMES if name not in later))
        vintages.add(Draft("nato-2026-own", "nato-2026", earlier))
    assert not (vintages.folder / "nato-2026-own" / "plan_record.csv").exists()

    again = VintageStore(vintages.folder)
    assert again.damaged() == {}
    found = again.tables("nato-2026-own")
    assert [found.read(table) for table in later] == [BUNDLED.read(table) for table in later]
    assert must_hold(found) == []
    assert {p.status for p in allies(found)["ESP"].pledges} == {"announced", "refused"}
    # An edit of its plans makes a whole vintage of this release.
    rows = tuple(with_status(r) for r in found.read("pledges"))
    parsed = read("csv", Content(csv_of([r for r in rows if r["iso3"] != "ALB"])))
    assert not [f for f in draft_of(again, parsed, "nato-2026-own", "fewer").findings if f.severity == "error"]
    assert again.add(draft_of(again, parsed, "nato-2026-own", "fewer-2026")).base == "nato-2026-own"
    assert (again.folder / "fewer-2026" / "plan_record.csv").is_file()


def csv_of(rows):
    lines = io.StringIO()
    out = csv.DictWriter(lines, list(rows[0]))
    out.writeheader()
    out.writerows(rows)
    return lines.getvalue().encode()


def test_what_was_cut_off_is_no_vintage(vintages):
    vintages.add(draft())
    (vintages.folder / ".new-abc").mkdir()
    (vintages.folder / "stray.txt").write_text("")
    assert vintages.names() == (*VINTAGES, "nato-2027")
    for name in ("nato-2030", "..", "", "stray.txt"):
        with pytest.raises(UnknownVintage):
            vintages.figures(name)


@pytest.mark.parametrize("damage", ["other figures", "no table", "no json", "another shape"])
def test_damage_on_disk_is_told_and_not_used(vintages, damage):
    vintages.add(draft())
    folder = vintages.folder / "nato-2027"
    if damage == "other figures":
        file = folder / "core_share.csv"
        file.write_text(file.read_text().replace("ALB,2014,1.34", "ALB,2014,9.34"))
    elif damage == "no table":
        (folder / "gdp.csv").unlink()
    elif damage == "no json":
        (folder / "manifest.json").write_text("{")
    else:
        found = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(found | {"uses": {"colour": "blue"}}))
    vintages.add(draft("own-2027"))
    again = VintageStore(vintages.folder)
    with pytest.raises(DamagedVintage, match="nato-2027"):
        again.figures("nato-2027")
    # The others are served all the same.
    assert again.names() == (*VINTAGES, "own-2027")
    assert list(again.damaged()) == ["nato-2027"]


def everything_changed():
    """A vintage of which every table that a forecast may read differs from the bundled one."""
    read = BUNDLED.read
    more = {"share_pct": 1.2, "amount": 1.1, "equipment_pct": 0.8, "real_growth_pct": 0.5, "nominal_lcu_bn": 1.3}

    def changed_row(row, **columns):
        return row | {c: f"{float(row[c]) * more[c]:.3f}" for c in more if row.get(c)} | columns

    return {
        "core_share": tuple(changed_row(r) for r in read("core_share")),
        "core_amount": tuple(changed_row(r) for r in read("core_amount")),
        "core_share_history": tuple(r | {"share_pct": f"{float(r['share_pct']) ** 1.1:.3f}"}
                                    for r in read("core_share_history")),
        "equipment_share": tuple(changed_row(r) for r in read("equipment_share")),
        "gdp": tuple(changed_row(r) | ({"deflator_growth_pct": "4.5"} if r["deflator_growth_pct"] else {})
                     for r in read("gdp")),
        "pledges": tuple(
            r | {"target_pct": "3.1", "year": "2031"} if r["component"] == "core" and r["target_pct"] else r
            for r in read("pledges")
        ),
        "related_share": tuple(changed_row(r) for r in read("related_share")),
        "share_vintages": tuple(
            r | {"share_pct": f"{float(r['share_pct']) * 0.9:.3f}"} if r["estimate"] == "true" else r
            for r in read("share_vintages")
        ),
    }  # fmt: skip


def answers(forecaster):
    """All that is asked of a forecaster anywhere, without what names the figures."""
    frozen = Scenario("own", levers=(Freeze(what="nominal"),))
    return [
        *(
            replace(forecaster.forecast(country, scenario, Targets(2032)), id="")
            for country, scenario in (
                ("DEU", "baseline"), ("DEU", "national-plan"), ("LUX", "gdp-shock"), ("ISL", "trend"), ("CAN", frozen)
            )
        ),
        replace(alliance_forecast(forecaster), id=""),
        replace(required(forecaster, "ITA", 0.5), id=""),
        sensitivity(forecaster, "BEL", "core", frozen),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_forecast_reads_no_bundled_table_behind_its_vintages_back(vintages, tmp_path, monkeypatch):
    changed = everything_changed()
    vintages.add(Draft("changed-2026", "nato-2026", changed))
    found = answers(Forecaster(vintages.figures("changed-2026"), PathStore(tmp_path / "a"), draws=60))
    ordinary = answers(Forecaster(load_figures(), PathStore(tmp_path / "b"), draws=60))

    read = tables.read
    monkeypatch.setattr(tables, "read", lambda name: changed[name] if name in changed else read(name))
    forget_what_was_read()
    in_their_place = answers(Forecaster(load_figures(), PathStore(tmp_path / "c"), draws=60))
    forget_what_was_read()
    assert told(found) == [text.replace("nato-2026", "changed-2026") for text in told(in_their_place)]
    assert not set(told(found)) & {text.replace("nato-2026", "changed-2026") for text in told(ordinary)}


def told(found):
    with np.printoptions(threshold=100_000):
        return [str(answer) for answer in found]


def forget_what_was_read():
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "models":
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.mark.slow
def test_fits_made_ahead_in_other_processes_rest_on_the_vintage(vintages, tmp_path):
    vintages.add(draft(DEU_2026="3.33"))
    figures = vintages.figures("nato-2027")
    ahead = Forecaster(figures, PathStore(tmp_path / "ahead"), draws=40)
    assert fit_all(ahead, 2) == 32
    here = Forecaster(figures, PathStore(tmp_path / "here"), draws=40)
    for country in ("DEU", "POL"):
        assert told([ahead.forecast(country)]) == told([here.forecast(country)])
    assert ahead.forecast("DEU").id != Forecaster(load_figures(), PathStore(tmp_path / "x"), 40).forecast("DEU").id
