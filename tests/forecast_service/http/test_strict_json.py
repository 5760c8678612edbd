"""JSON is read strictly, at a cost that grows with the body and no faster."""

from __future__ import annotations

import gzip

import pytest

from forecast_service.http.strict_json import BadJson, load_json, object_of
from tests.support.comparisons import CountingStr


def test_a_repeated_key_is_named() -> None:
    with pytest.raises(BadJson) as refused:
        load_json(b'{"country": "DEU", "targets": {"core": 2, "related": 1, "core": 3}}')
    assert refused.value.detail == 'The key "core" stands twice in one object.'


def test_a_repeated_key_is_found_without_comparing_every_key_with_every_other() -> None:
    keys = [CountingStr(f"k{i}") for i in range(2000)]
    CountingStr.compared = 0
    with pytest.raises(BadJson, match="k1999"):
        object_of([*((key, 1) for key in keys), (CountingStr("k1999"), 2)])
    assert CountingStr.compared < 10 * len(keys)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b'{"a": }', "The text is not JSON: line 1, column 7: a value is expected."),
        (b"{a: 1}", "The text is not JSON: line 1, column 2: a name in double quotes is expected."),
        (b"{'a': 1}", "The text is not JSON: line 1, column 2: a name in double quotes is expected."),
        (b'{"a" 1}', "The text is not JSON: line 1, column 6: a colon is expected."),
        (b'{"a": 1\n "b": 2}', "The text is not JSON: line 2, column 2: a comma is expected, or the end of the list "),
        (b"[01]", "The text is not JSON: line 1, column 3: a comma is expected, or the end of the list or object."),
        (b"{} x", "The text is not JSON: line 1, column 4: the end of the text is expected."),
        (b'{"a": "b', "The text is not JSON: line 1, column 7: the text that begins here has no closing quote."),
        (b'"a\nb"', "The text is not JSON: line 1, column 3: a control character must be written as an escape, "),
        (b'"\\q"', "The text is not JSON: line 1, column 2: a backslash must begin an escape, such as \\n or \\\\."),
        (b'"\\u12"', "The text is not JSON: line 1, column 3: four hexadecimal digits are expected after \\u."),
        (b'"\\ud800"', "An escape \\ud800 to \\udfff stands alone: it is half a character."),
        (b"\xef\xbb\xbf{}", "The text begins with a byte order mark (EF BB BF): leave it out."),
        ("{}".encode("utf-16"), "The text is UTF-16: send it as UTF-8."),
        ("{}".encode("utf-16-be"), "The text is UTF-16: send it as UTF-8."),
        ("{}".encode("utf-32"), "The text is UTF-32: send it as UTF-8."),
        (b'{"a": "D\xcb"}', "The text is not UTF-8: the byte at offset 8 (CB) is wrong."),
        (gzip.compress(b"{}", mtime=0), "The text is compressed (gzip): send it uncompressed, as UTF-8."),
        (b"\x28\xb5\x2f\xfd\x00", "The text is compressed (zstd): send it uncompressed, as UTF-8."),
        (b"[" * 100_000, "Lists and objects are nested too deeply."),
        (b'{"a": ' * 50_000, "Lists and objects are nested too deeply."),
        (
            b'{"a": "' + b"9" * 5000 + b'",\n "b": -' + b"9" * 5000 + b"}",
            "A number is too long: line 2, column 8: at most 4,300 digits are possible.",
        ),
        (b"[NaN]", "NaN is no JSON number: NaN and Infinity cannot be sent."),
        (b"[-Infinity]", "-Infinity is no JSON number: NaN and Infinity cannot be sent."),
        (b'{"a": 1, "a": 2}', 'The key "a" stands twice in one object.'),
    ],
)
def test_a_bad_text_says_what_is_wrong_and_where(text: bytes, detail: str) -> None:
    with pytest.raises(BadJson) as refused:
        load_json(text)
    assert refused.value.detail.startswith(detail)
