"""Frozen forecasts never change, and are scored by what came after them."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path, PurePath
from statistics import NormalDist

import numpy as np
import pytest

from models.dataset.observations import Figures, Observation, load_figures
from models.dataset.tables import DATA
from models.evaluation import frozen
from models.evaluation.frozen import AlreadyFrozen, Altered, FrozenForecast, canonical, read_all, record, save, score
from models.forecast.question import LEVELS
from tests.support.frozen import made

ROOT = Path(__file__).parents[3]
Z = np.array([NormalDist().inv_cdf(level) for level in LEVELS])


def figures(**shares: dict[int, float]) -> Figures:
    seen = {
        code: tuple(Observation(year, share, "nato", False, "x") for year, share in known.items())
        for code, known in shares.items()
    }
    return Figures("nato-later", True, seen)


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_bundled_files_are_those_that_were_frozen():
    names = {file.name for file in frozen.FOLDER.iterdir()}
    assert frozen.SUMS in names
    found = read_all()
    assert {it.name for it in found} == names - {frozen.SUMS}
    assert not found or checked(frozen.FOLDER).returncode == 0
    for it in found:
        assert (frozen.FOLDER / it.name).read_text(encoding="utf-8") == canonical(it.content)
        assert it.name == f"{it.content['date']}-{it.content['vintage']}-m{it.content['model_version']}.json"
        for ally in it.content["allies"].values():
            assert list(ally["scenarios"]) == it.content["scenarios"] == list(frozen.SCENARIOS)
            shares = [said["core_share_pct"] for said in ally["scenarios"].values()]
            assert all(list(map(int, share)) == it.content["years"] for share in shares if share)
            assert all(ally["origin_share_pct"] and ally["sd_log_change"] for share in shares if share)
    assert [row["sha256"] for row in record(load_figures(), found)] == [it.sha256 for it in found]


def test_every_file_of_the_data_is_packaged():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["models"]
    files = [str(file.relative_to(DATA.parent)) for file in DATA.rglob("*") if file.is_file()]
    assert len(files) > 10
    assert [file for file in files if not any(PurePath(file).match(pattern) for pattern in patterns)] == []


def test_what_is_saved_is_read_and_checked_by_anybody(tmp_path):
    assert read_all(tmp_path) == ()
    first = save(made(), tmp_path)
    second = save(made(vintage="nato-2025"), tmp_path)
    assert (first.name, second.name) == ("2025-07-01-nato-2024-m1.json", "2025-07-01-nato-2025-m1.json")
    assert read_all(tmp_path) == (first, second)
    assert checked(tmp_path).stdout.splitlines() == [f"{first.name}: OK", f"{second.name}: OK"]


def test_a_frozen_file_never_changes(tmp_path):
    name = save(made(), tmp_path).name
    before = (tmp_path / name).read_bytes()
    with pytest.raises(AlreadyFrozen, match=name):
        save(made(draws=5), tmp_path)
    assert (tmp_path / name).read_bytes() == before

    (tmp_path / name).write_bytes(before.replace(b'"draws":1000', b'"draws":1001'))
    assert checked(tmp_path).returncode == 1
    with pytest.raises(Altered, match=name):
        read_all(tmp_path)

    (tmp_path / name).unlink()
    with pytest.raises(Altered, match="missing"):
        read_all(tmp_path)
    with pytest.raises(AlreadyFrozen):
        save(made(), tmp_path)


def test_a_file_that_is_not_listed_is_not_overwritten(tmp_path):
    file = tmp_path / "2025-07-01-nato-2024-m1.json"
    file.write_text("{}")
    with pytest.raises(AlreadyFrozen):
        save(made(), tmp_path)
    assert file.read_text() == "{}"


def test_equal_contents_have_equal_texts():
    content = made()
    assert canonical(dict(reversed(content.items()))) == canonical(content)
    assert json.loads(canonical(content)) == content
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"share": float("nan")})


KNOWN = {"DEU": {2023: 1.6, 2024: 2.0, 2025: 2.3, 2026: 2.9}, "POL": {2024: 4.0, 2025: 4.1, 2026: 4.2}}
"""Of the four figures after 2024 the baseline's 80 % intervals hold all but Germany's of 2026, which its 95 % holds."""


def said(content):
    return FrozenForecast("x.json", "0" * 64, content)


@pytest.mark.parametrize("last", [2023, 2024])
def test_before_any_figure_is_known_there_are_no_scores(last):
    before = {code: {y: s for y, s in known.items() if y <= last} or {last: 1.0} for code, known in KNOWN.items()}
    none = dict.fromkeys(("crps", "skill", "coverage_80", "coverage_95"))
    expected = {"scored_on": "nato-later", "allies": 2, "resolved": 0} | none | {"trend": none}
    assert score(said(made()), figures(**before)) == expected


def test_figures_after_the_origin_score_a_forecast():
    found = score(said(made()), figures(**KNOWN))
    assert (found["allies"], found["resolved"]) == (2, 4)
    assert (found["coverage_80"], found["coverage_95"]) == (0.75, 1.0)

    def pinball(quantiles, outcome):
        error = outcome - np.array(quantiles)
        return 2 * np.mean(np.maximum(np.array(LEVELS) * error, (np.array(LEVELS) - 1) * error))

    rows = [(code, year, KNOWN[code][year]) for code in KNOWN for year in (2025, 2026)]
    allies = made()["allies"]
    walk = [
        pinball(allies[code]["origin_share_pct"] * np.exp(0.1 * np.sqrt(year - 2024) * Z), share)
        for code, year, share in rows
    ]
    for scenario, scored in (("baseline", found), ("trend", found["trend"])):
        ours = [pinball(allies[code]["scenarios"][scenario]["core_share_pct"][str(year)], s) for code, year, s in rows]
        assert scored["crps"] == pytest.approx(np.mean(ours), abs=1e-4)
        assert scored["skill"] == pytest.approx(1 - np.mean(ours) / np.mean(walk), abs=1e-4)
    assert found["skill"] > found["trend"]["skill"]


def test_a_forecast_that_is_the_random_walk_has_no_skill():
    content = made()
    for code in ("DEU", "POL"):
        ally = content["allies"][code]
        ally["scenarios"]["trend"]["core_share_pct"] = {
            str(year): (ally["origin_share_pct"] * np.exp(0.1 * np.sqrt(year - 2024) * Z)).tolist()
            for year in content["years"]
        }
    assert score(said(content), figures(**KNOWN))["trend"]["skill"] == pytest.approx(0, abs=1e-9)


def test_figures_beyond_the_last_year_of_the_forecast_are_left_out():
    later = {code: known | {2027: 3.0, 2028: 3.0} for code, known in KNOWN.items()}
    assert score(said(made()), figures(**later))["resolved"] == 6


def test_the_record_names_each_file_and_its_scores(tmp_path):
    kept = save(made(), tmp_path)
    (row,) = record(figures(**KNOWN), read_all(tmp_path))
    facts = {"date": "2025-07-01", "release": "0.8.0", "model_version": "1", "vintage": "nato-2024"}
    assert row == facts | {"file": kept.name, "sha256": kept.sha256} | score(kept, figures(**KNOWN))


def test_what_a_frozen_forecast_says_is_read_by_ally_and_year(tmp_path):
    kept = save(made(), tmp_path)
    found = list(frozen.forecasts(kept))
    assert [(it.country, it.year) for it in found] == [(c, y) for c in ("DEU", "POL") for y in (2025, 2026, 2027)]
    assert {it.origin for it in found} == {2024}
    first = kept.content["allies"]["DEU"]["scenarios"]["baseline"]["core_share_pct"]["2025"]
    assert list(found[0].quantiles) == first
