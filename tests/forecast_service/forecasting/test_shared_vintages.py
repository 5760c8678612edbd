"""Vintages in the database with copies in a folder: copies lost, damaged or of other tables, and earlier releases'."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forecast_service.forecasting.shared_vintages import SharedVintages, VintageUnavailable
from forecast_service.settings import Settings
from forecast_service.settings.database import database_url
from forecast_service.store.database import Database, DatabaseUnavailable
from forecast_service.store.vintages import Vintages
from models.dataset.observations import UnknownVintage
from models.dataset.tables import VINTAGES
from models.dataset.vintages import BadName, DamagedVintage, VintageExists, VintageStore
from tests.models.dataset.test_vintages import contents, draft
from tests.support.databases import KINDS, fresh

NAME = "nato-2027"


class Away(Vintages):
    """A database that may be away."""

    away = False

    def read(self, name: str):  # type: ignore[no-untyped-def]
        if self.away:
            raise DatabaseUnavailable("not reachable")
        return super().read(name)

    def names(self):  # type: ignore[no-untyped-def]
        if self.away:
            raise DatabaseUnavailable("not reachable")
        return super().names()


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Away]:
    """The vintages of an embedded database."""
    database = Database(database_url(Settings(state_dir=tmp_path / "database")))
    yield Away(database)
    database.close()


@pytest.fixture
def first(saved: Away, tmp_path: Path) -> SharedVintages:
    """The first replica, which has imported a vintage."""
    replica = SharedVintages(tmp_path / "first", saved)
    replica.add(draft(DEU_2026="2.99"))
    return replica


def another(saved: Vintages, tmp_path: Path, folder: str = "second") -> SharedVintages:
    return SharedVintages(tmp_path / folder, saved)


def share(vintages: VintageStore) -> float:
    return vintages.figures(NAME).observations["DEU"][-1].share_pct


@pytest.mark.parametrize("kind", KINDS)
def test_a_vintage_that_one_replica_imports_is_the_same_on_another(kind: str, tmp_path: Path) -> None:
    with fresh(kind, tmp_path) as url:
        database = Database(database_url(Settings(database_url=url)))
        from forecast_service.store.migrate import upgrade

        upgrade(database.engine)
        one, two = (SharedVintages(tmp_path / name, Vintages(database)) for name in ("one", "two"))
        assert two.names() == VINTAGES
        manifest = one.add(draft(DEU_2026="2.99"))
        assert not two.has("nato-2030")
        assert two.has(NAME), "it asks for a name that is new to it"
        assert (two.names(), two.manifest(NAME), share(two)) == ((*VINTAGES, NAME), manifest, 2.99)
        assert share(one) == 2.99
        assert contents(tmp_path / "one") == contents(tmp_path / "two")
        row = Vintages(database).read(NAME)
        assert row
        assert row.size < 80_000, "docs/vintages.md says how large it is"
        with pytest.raises(VintageExists):
            two.add(draft(DEU_2026="1.00"))
        database.close()


def test_names_that_cannot_be_are_refused_as_ever(first: SharedVintages) -> None:
    with pytest.raises(BadName):
        first.add(replace(draft(), name="../nato"))
    with pytest.raises(VintageExists):
        first.add(replace(draft(), name="nato-2025"))
    for name in ("", "..", "NATO-2027", "nato-2030"):
        assert not first.has(name)
        with pytest.raises(UnknownVintage):
            first.figures(name)


@pytest.mark.parametrize("damage", ["folder", "copy", "manifest", "table", "other figures", "no json"])
def test_a_lost_or_damaged_copy_is_written_anew(
    first: SharedVintages, saved: Away, tmp_path: Path, damage: str
) -> None:
    share(first)
    folder = tmp_path / "first" / NAME
    before = contents(folder)
    if damage == "folder":
        shutil.rmtree(tmp_path / "first")
    elif damage == "copy":
        shutil.rmtree(folder)
    elif damage in ("manifest", "table"):
        (folder / {"manifest": "manifest.json", "table": "gdp.csv"}[damage]).unlink()
    elif damage == "no json":
        (folder / "manifest.json").write_text("{")
    else:
        file = folder / "core_share.csv"
        file.write_text(file.read_text().replace("ALB,2014,1.34", "ALB,2014,9.34"))
    restarted = another(saved, tmp_path, "first")
    assert share(restarted) == 2.99
    assert contents(folder) == before
    assert [entry.name for entry in (tmp_path / "first").iterdir()] == [NAME], "nothing else stays"


def test_a_copy_that_is_lost_while_in_use_is_written_for_other_processes(first: SharedVintages, tmp_path: Path) -> None:
    share(first)
    before = contents(tmp_path / "first")
    (tmp_path / "first" / NAME / "gdp.csv").unlink()
    first.require_copy(NAME)
    assert contents(tmp_path / "first") == before
    shutil.rmtree(tmp_path / "first")
    first.require_copy(NAME)
    first.require_copy("nato-2026")
    assert contents(tmp_path / "first") == before


def test_without_the_database_what_is_here_is_read_and_what_is_not_is_unavailable(
    first: SharedVintages, saved: Away, tmp_path: Path
) -> None:
    share(first)
    saved.away = True
    here = another(saved, tmp_path, "first")
    assert (here.names(), share(here)) == ((*VINTAGES, NAME), 2.99)
    elsewhere = another(saved, tmp_path)
    with pytest.raises(VintageUnavailable) as raised:
        elsewhere.figures(NAME)
    assert (raised.value.status, raised.value.kind) == (503, "no-database")
    with pytest.raises(VintageUnavailable):
        elsewhere.has(NAME)
    assert elsewhere.has("nato-2026")
    assert not elsewhere.has("no name")
    with pytest.raises(DatabaseUnavailable):
        elsewhere.refresh()
    saved.away = False
    assert share(elsewhere) == 2.99


def test_a_folder_of_an_earlier_release_is_put_into_the_database(saved: Away, tmp_path: Path) -> None:
    old = VintageStore(tmp_path / "old")
    manifest = old.add(draft(DEU_2026="2.98"))
    (tmp_path / "old" / "broken-2027").mkdir()
    (tmp_path / "old" / "broken-2027" / "manifest.json").write_text("{")
    replica = another(saved, tmp_path, "old")
    assert replica.names() == (*VINTAGES, NAME)
    assert another(saved, tmp_path).manifest(NAME) == manifest
    assert [one.created_at.isoformat(timespec="microseconds") for one in saved.names()] == [manifest.created_at]
    assert list(replica.damaged()) == ["broken-2027"]


def test_another_vintage_of_the_same_name_is_refused_and_kept_aside(
    first: SharedVintages, saved: Away, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    VintageStore(tmp_path / "old").add(draft(DEU_2026="1.11"))
    old = contents(tmp_path / "old")
    replica = another(saved, tmp_path, "old")
    assert share(replica) == 2.99, "the database's counts"
    assert f"vintage {NAME} in {tmp_path / 'old'} is not the one in the database" in caplog.text
    aside = [entry for entry in (tmp_path / "old").iterdir() if entry.name != NAME]
    assert [contents(entry) for entry in aside] == [old]
    assert len(saved.names()) == 1


def test_an_archive_with_other_tables_than_were_saved_is_not_used(saved: Away, tmp_path: Path) -> None:
    other = VintageStore(tmp_path / "other")
    manifest = other.add(draft())
    archive = other.archive(NAME)
    assert archive
    from datetime import UTC, datetime

    saved.add(NAME, "0" * 64, datetime.now(UTC), archive)
    saved.add("cut-2027", manifest.sha256, datetime.now(UTC), archive[:-100])
    replica = another(saved, tmp_path)
    for name in (NAME, "cut-2027"):
        with pytest.raises(DamagedVintage, match=name):
            replica.figures(name)


def test_a_folder_that_cannot_be_written_is_no_hindrance(
    first: SharedVintages, saved: Away, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "second").write_text("a file in its place")
    assert share(another(saved, tmp_path)) == 2.99
    assert f"no copy of vintage {NAME} can be written" in caplog.text


def test_several_that_need_the_copy_at_once_write_it_whole(first: SharedVintages, saved: Away, tmp_path: Path) -> None:
    barrier, found = threading.Barrier(6), []

    def go() -> None:
        replica = another(saved, tmp_path)
        barrier.wait()
        found.append(share(replica))

    threads = [threading.Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2.99] * 6
    assert [entry.name for entry in (tmp_path / "second").iterdir()] == [NAME]
    assert VintageStore(tmp_path / "second").damaged() == {}
