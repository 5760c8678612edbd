"""``forecast-service scenario``: documents checked without a service, and the schema exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_service.cli.json_places import places
from forecast_service.cli.main import main
from forecast_service.openapi.scenario_schema import DIALECT
from tests.support.service import environment

GOOD = '{"$schema": "https://example.org/v1/schemas/scenario.json", "name": "mine", "levers": [], "public": true}'
LEVERS = '{"name": "mine", "levers": [\n  {"type": "freeze"},\n  {"type": "delay", "years": 2}\n]}'


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner(env=environment(Path("state"))).invoke(main, ["scenario", *arguments], input=stdin)


def check(text: str | bytes) -> Result:
    Path("mine.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    return run("check", "mine.json")


def test_a_good_document_is_ok() -> None:
    done = check(GOOD)
    assert (done.exit_code, done.output) == (0, "mine.json: ok\n")


def test_standard_input_is_a_file_too() -> None:
    assert run("check", "-", stdin=GOOD).output == "-: ok\n"
    assert run("check", "-", stdin="{}").exit_code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["mine.json: The text is not JSON: line 1, column 1: a value is expected."]),
        ('{\n  "name": 1 2}', ["mine.json: The text is not JSON: line 2, column 13: a comma is expected"]),
        ('{"name": "a", "name": "b"}', ['mine.json: The key "name" stands twice in one object.']),
        ("\ufeff{}", ["mine.json: The text begins with a byte order mark"]),
        (b"\xff", ["mine.json: The text is not UTF-8"]),
        ("[]", ["mine.json:1:1: must be an object"]),
        ("{}", ["mine.json:1:1: levers: is missing; ", "mine.json:1:1: name: is missing; "]),
        (
            '{"name": "mine",\n "levers": [\n  {"type": "cap", "share_pct": 200},\n'
            '  {"type": "capp"},\n  {"type": "cap"}]}',
            [
                "mine.json:3:19: /levers/0/share_pct: must be a number from 0.01 to 100 (% of GDP)",
                "mine.json:4:4: /levers/1/type: must be one of history_override, ",
                "mine.json:5:3: /levers/2: share_pct: is missing; must be a number",
            ],
        ),
        ('{"name": "mine", "levers": [], "leverz": 1}', ["mine.json:1:32: /leverz: is not known here; did you mean"]),
        ('{"name": "baseline", "levers": []}', ["mine.json:1:2: /name: is the name of a scenario that ships"]),
        (LEVERS, ["mine.json:3:3: /levers/1: a freeze and a delay act on the same years"]),
    ],
)
def test_each_fault_has_a_line_that_says_where_and_what_is_allowed(text: str | bytes, said: list[str]) -> None:
    done = check(text)
    lines = done.stdout.splitlines()
    assert [line.startswith(words) for line, words in zip(lines, said, strict=True)] == [True] * len(said), lines
    assert (done.exit_code, done.stderr) == (1, "Error: 1 of 1 file is not right\n")


def test_one_bad_file_does_not_hide_the_others() -> None:
    Path("good.json").write_text(GOOD)
    Path("bad.json").write_text("{}")
    done = run("check", "bad.json", "good.json")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "good.json: ok")
    assert "1 of 2 files are not right" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["nowhere.json"], ["."]])
def test_what_is_no_file_is_wrong_usage(arguments: list[str]) -> None:
    assert run("check", *arguments).exit_code == 2


def test_the_schema_is_written_and_compared() -> None:
    assert run("schema", "--output", "s.json").exit_code == 0
    written = Path("s.json").read_text(encoding="utf-8")
    assert json.loads(written)["$schema"] == DIALECT
    assert run("schema", "--check", "s.json").exit_code == 0
    Path("s.json").write_text(written.replace("2020-12", "2019-09"), encoding="utf-8")
    changed = run("schema", "--check", "s.json")
    assert (changed.exit_code, "make openapi" in changed.output) == (1, True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_part_of_a_text_has_its_place(value: Any, indent: int | None, escaped: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=escaped)
    lines = text.split("\n")

    def parts(value: Any, path: tuple[str, ...], begin: str) -> dict[tuple[str, ...], str]:
        inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        named = isinstance(value, dict)
        found = {path: begin}
        for name, inner in inside:
            starts = name if named else inner
            shown = json.dumps(starts, ensure_ascii=escaped) if not isinstance(starts, list | dict) else ""
            found |= parts(inner, (*path, str(name)), shown)
        return found

    expected = parts(value, (), "")
    found = places(text)
    assert found.keys() == expected.keys()
    for path, (line, column) in found.items():
        assert lines[line - 1][column - 1 :].startswith(expected[path])
    assert list(found.values()) == sorted(found.values()), "in the order of the text"
