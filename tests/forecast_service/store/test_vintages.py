"""Imported vintages and what is known of downloads, in each kind of database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecast_service.settings import Settings
from forecast_service.settings.database import database_url
from forecast_service.store.database import Database
from forecast_service.store.downloads import Downloads
from forecast_service.store.vintages import MOST_BYTES, TooLarge, Vintages

NOW = datetime(2026, 11, 26, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_vintage_is_saved_once_and_listed_oldest_first(database: Database) -> None:
    vintages = Vintages(database)
    assert vintages.add("later", "b" * 64, NOW + timedelta(microseconds=1), b"\0\xff" * 1000)
    assert vintages.add("earlier", "a" * 64, NOW, b"")
    assert not vintages.add("later", "c" * 64, NOW, b"other"), "it never changes"
    assert [(one.name, one.sha256[0], one.created_at) for one in vintages.names()] == [
        ("earlier", "a", NOW),
        ("later", "b", NOW + timedelta(microseconds=1)),
    ]
    row = vintages.read("later")
    assert row
    assert (row.archive, row.size, row.sha256) == (b"\0\xff" * 1000, 2000, "b" * 64)
    assert (vintages.archive("later"), vintages.archive("none"), vintages.read("none")) == (row.archive, None, None)


def test_of_several_that_add_a_name_at_once_one_does(database: Database) -> None:
    vintages = Vintages(database)
    with ThreadPoolExecutor(6) as pool:
        added = list(pool.map(lambda n: vintages.add("same", str(n) * 64, NOW, bytes([n])), range(6)))
    assert sorted(added) == [False] * 5 + [True]
    assert [one.sha256 for one in vintages.names()] == [str(added.index(True)) * 64]


def test_a_vintage_has_a_size_limit(database: Database) -> None:
    with pytest.raises(TooLarge, match=r"20,000,001 bytes; at most 20,000,000"):
        Vintages(database).add("large", "a" * 64, NOW, bytes(MOST_BYTES + 1))
    assert Vintages(database).names() == ()


def test_what_a_server_said_is_remembered_by_url(database: Database) -> None:
    downloads = Downloads(database)
    assert downloads.recall("https://a/") is None
    downloads.keep("https://a/", etag='"one"', last_modified="", sha256="a" * 64)
    downloads.keep("https://a/", etag='"two"', last_modified="Monday", sha256="b" * 64)
    row = downloads.recall("https://a/")
    assert row
    assert (row.etag, row.last_modified, row.sha256) == ('"two"', "Monday", "b" * 64)
    assert downloads.recall("https://b/") is None


def test_reading_makes_no_embedded_database(tmp_path: Path) -> None:
    database = Database(database_url(Settings(state_dir=tmp_path)))
    assert (Vintages(database).names(), Vintages(database).read("x"), Downloads(database).recall("https://a/")) == (
        (),
        None,
        None,
    )
    assert list(tmp_path.iterdir()) == []
