"""The page about the architecture is short, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*/|[a-z_/]+\.py)`", PAGE)))
PACKAGES = (ROOT / "forecast_service", ROOT / "models")


def test_the_page_is_two_screens_long() -> None:
    assert len(PAGE.splitlines()) <= 80


def test_the_page_names_folders_and_files() -> None:
    assert len([name for name in NAMED if name.endswith("/")]) > 20
    assert len([name for name in NAMED if name.endswith(".py")]) > 15


@pytest.mark.parametrize("name", NAMED)
def test_every_path_on_the_page_exists(name: str) -> None:
    places = (ROOT, *PACKAGES, ROOT / "tests", ROOT / "benchmarks")
    assert any((place / name).exists() for place in places), name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_folder_is_named(package: Path) -> None:
    folders = {f"{folder.parent.name}/" for folder in package.glob("*/__init__.py")}
    assert folders <= set(NAMED)


@pytest.mark.parametrize(
    "init",
    [
        path
        for package in (*PACKAGES, ROOT / "benchmarks")
        for path in package.rglob("__init__.py")
        if "migrations" not in path.parts
    ],
    ids=lambda path: str(path.parent.relative_to(ROOT)),
)
def test_every_folder_says_what_belongs_there(init: Path) -> None:
    assert init.read_text(encoding="utf-8").startswith('"""')


def test_few_modules_lie_outside_the_folders() -> None:
    assert len(list((ROOT / "forecast_service").glob("*.py"))) <= 12
