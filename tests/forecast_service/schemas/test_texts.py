"""Texts that callers write: one spelling of each, and nothing that cannot be seen."""

from __future__ import annotations

import pytest

from forecast_service.schemas.texts import appearance, plain


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("half way", "half way"),
        ("  half way\t\n\u00a0", "half way"),
        ("E\u0301lan", "Élan"),
        ("\u212b", "Å"),
        ("", ""),
        (" \u2003 ", ""),
        ("🚀 'quoted\" \\ %s; -- 🇩🇪", "🚀 'quoted\" \\ %s; -- 🇩🇪"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("❤\ufe0f", "❤\ufe0f"),
    ],
)
def test_a_text_is_read_in_one_form(text: str, read: str) -> None:
    assert plain(text) == read
    assert plain(read) == read


UNPRINTABLE = [
    *("a\x00b", "a\x07b", "a\nb", "a\tb", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b"),
    *(f"a{chr(code)}b" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)),
    *("a\u200bb", "\u200b", "a\u00adb", "\ufeffab", "\u2060", "a\ue000b", "a\u0378b", "a\uffffb", "\U000e0041"),
    *("\u200d", "\u200ca", "a\u200d", "a \u200d b", "1\u200d2"),
]


@pytest.mark.parametrize("text", UNPRINTABLE, ids=ascii)
def test_an_unprintable_character_is_refused_and_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"unprintable character U\+[0-9A-F]{4,6}$"):
        plain(text)


@pytest.mark.parametrize("text", ["\u3164", "\u2800 \u2800", "\u115f\u1160", "\ufe0f", "\u0301", "\u034f"], ids=ascii)
def test_a_text_in_which_nothing_is_visible_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="visible"):
        plain(text)


def test_lines_are_allowed_where_they_are_expected() -> None:
    assert plain("one\r\ntwo\rthree\n\nfour\n", lines=True) == "one\ntwo\nthree\n\nfour"
    with pytest.raises(ValueError, match="U\\+202E"):
        plain("one\n\u202etwo", lines=True)


@pytest.mark.parametrize(
    "name", ["baseline", "BaseLine", "ｂａｓｅｌｉｎｅ", "base\u200dline", "baseline\u3164", "baseline\ufe0f"]
)
def test_names_that_look_alike_are_alike(name: str) -> None:
    assert appearance(name) == "baseline"
