"""Fits of past questions have a quota; what ordinary questions need stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from models.simulation.pruning import FORMER_S, note_use, prune

NEEDED = {"nato-2026", "nato-2025"}
HOUR = 3600


def save(folder: Path, figures: str, origin: int, age_s: float = 2 * HOUR, *, version: str = "3", kb: int = 10) -> str:
    """The stem of a fit of three files, which was used last so long ago."""
    stem = f"DEU-{figures}-{origin}-baseline-m{version}-d100-s1"
    then = time.time() - age_s
    for ending, size in ((".core.npy", kb * 600), (".gdp.npy", kb * 400 - 2), (".json", 2)):
        (folder / f"{stem}{ending}").write_bytes(b"x" * size)
        os.utime(folder / f"{stem}{ending}", (then, then))
    return stem


def pruned(folder: Path, quota_kb: int, needed: set[str] = NEEDED) -> tuple[int, int]:
    return prune(folder, quota_kb * 1000, needed, "3", 100, 1)


def stems(folder: Path) -> set[str]:
    found = {file.name.split(".")[0] for file in folder.iterdir()}
    assert all(len(list(folder.glob(f"{stem}.*"))) == 3 for stem in found)  # whole fits only
    return found


def test_the_fits_not_used_for_longest_go_until_the_rest_is_within_the_quota(tmp_path: Path) -> None:
    save(tmp_path, "nato-2026", 2026, 90 * 24 * HOUR)
    past = [save(tmp_path, "nato-2026", 2010 + n, (10 - n) * HOUR) for n in range(5)]
    assert pruned(tmp_path, 50) == (0, 0)
    assert pruned(tmp_path, 30) == (2, 20_000)
    assert stems(tmp_path) == {"DEU-nato-2026-2026-baseline-m3-d100-s1", *past[2:]}


def test_the_fits_that_share_files_go_together(tmp_path: Path) -> None:
    save(tmp_path, "nato-2026", 2026)
    old = save(tmp_path, "nato-2026", 2010)
    for kind, ending in (("trend", "core.npy"), ("trend", "json"), ("both", "related.npy")):
        (tmp_path / f"{old.replace('baseline', kind)}.{ending}").write_bytes(b"x" * 1000)
    assert pruned(tmp_path, 0) == (1, 13_000)
    assert not list(tmp_path.glob("*-2010-*"))


def test_a_use_that_was_noted_saves_a_fit(tmp_path: Path) -> None:
    save(tmp_path, "nato-2026", 2026)
    old, new = save(tmp_path, "nato-2026", 2010, 9 * HOUR), save(tmp_path, "nato-2026", 2011, 2 * HOUR)
    note_use(tmp_path / f"{old}.json")
    note_use(tmp_path / "there-is-none.json")
    pruned(tmp_path, 10)
    assert old in stems(tmp_path)
    assert new not in stems(tmp_path)


def test_what_ordinary_questions_need_stays_and_all_else_goes(tmp_path: Path) -> None:
    kept = {
        save(tmp_path, "nato-2026", 2026),
        save(tmp_path, "nato-2026-without-sipri", 2026),
        save(tmp_path, "nato-2025-0123456789ab", 2025),
    }
    save(tmp_path, "nato-2026", 2025)
    save(tmp_path, "nato-2019", 2019)
    save(tmp_path, "nato-20", 2026)  # no needed vintage, though its name begins like one
    assert pruned(tmp_path, 0) == (3, 30_000)
    assert stems(tmp_path) == kept


def test_fits_of_former_model_versions_go_after_a_day_without_use_even_within_the_quota(tmp_path: Path) -> None:
    save(tmp_path, "nato-2026", 2026)
    recent = save(tmp_path, "nato-2026", 2026, FORMER_S - HOUR, version="2")  # an old release may still run
    gone = save(tmp_path, "nato-2026", 2026, FORMER_S + HOUR, version="1")
    assert pruned(tmp_path, 1000) == (1, 10_000)
    assert recent in stems(tmp_path)
    assert gone not in stems(tmp_path)


def test_a_fit_that_is_being_written_stays_and_one_that_was_abandoned_goes(tmp_path: Path) -> None:
    save(tmp_path, "nato-2026", 2026)
    for origin, age in ((2010, 60), (2011, 2 * HOUR)):
        (tmp_path / f"{save(tmp_path, 'nato-2026', origin, age)}.json").unlink()
    assert pruned(tmp_path, 0) == (1, 9_998)
    assert {file.name.split("-")[3] for file in tmp_path.iterdir()} == {"2010", "2026"}


def test_fits_of_an_image_are_links_which_stay_and_say_what_the_last_origin_is(tmp_path: Path) -> None:
    image, folder = tmp_path / "image", tmp_path / "fits"
    image.mkdir()
    folder.mkdir()
    save(image, "nato-2026", 2026)
    save(image, "nato-2019", 2019)
    for file in image.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "ITA-nato-2026-2026-trend-m3-d100-s1.json").symlink_to(image / "gone.json")
    save(folder, "nato-2026", 2012)
    assert pruned(folder, 0) == (1, 10_000)
    assert {file.name for file in folder.iterdir()} == {file.name for file in image.iterdir()}
    assert len(list(image.iterdir())) == 6
    note_use(next(folder.glob("*.json")))
    assert max(file.stat().st_mtime for file in image.iterdir()) < time.time() - HOUR


def test_other_files_are_left_alone_and_an_open_fit_can_be_read_on(tmp_path: Path) -> None:
    stem = save(tmp_path, "nato-2026", 2010)
    np.save(tmp_path / f"{stem}.core.npy", np.arange(1000))
    opened = np.load(tmp_path / f"{stem}.core.npy", mmap_mode="r")
    save(tmp_path, "nato-2026", 2026)
    others = [tmp_path / name for name in (".fitting-nato-2026", "README", f"{stem}.core.npy.part")]
    for file in others:
        file.write_text("x")
    pruned(tmp_path, 0)
    assert not (tmp_path / f"{stem}.core.npy").exists()
    assert opened.sum() == 499_500
    assert all(file.exists() for file in others)


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert pruned(tmp_path / "none", 0) == (0, 0)


@pytest.mark.parametrize("draws", [100, 200])
def test_fits_with_other_draws_count_as_past(tmp_path: Path, draws: int) -> None:
    save(tmp_path, "nato-2026", 2026)
    assert prune(tmp_path, 0, NEEDED, "3", draws, 1)[0] == (draws != 100)
