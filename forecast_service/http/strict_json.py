"""Strict JSON: one meaning for each text, and for every other text what is wrong, where, and what is expected there."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from typing import Any, NoReturn

COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""First bytes of what a client may send although it means JSON -> its name."""
EXPECTED = {
    "Expecting value": "a value is expected",
    "Expecting property name enclosed in double quotes": "a name in double quotes is expected",
    "Expecting ':' delimiter": "a colon is expected",
    "Expecting ',' delimiter": "a comma is expected, or the end of the list or object",
    "Illegal trailing comma before end of object": "a name in double quotes is expected after the comma",
    "Illegal trailing comma before end of array": "a value is expected after the comma",
    "Extra data": "the end of the text is expected",
    "Unterminated string starting at": "the text that begins here has no closing quote",
    "Invalid control character at": "a control character must be written as an escape, such as \\n",
    "Invalid control character": "a control character must be written as an escape, such as \\n",
    "Invalid \\escape": "a backslash must begin an escape, such as \\n or \\\\",
    "Invalid \\uXXXX escape": "four hexadecimal digits are expected after \\u",
}
"""The messages of Python's parser in plain words."""


class BadJson(ValueError):
    """A text that is not JSON, or is ambiguous; ``detail`` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The JSON object of these members. Raises BadJson if a key occurs twice: RFC 8259 leaves open which one counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise BadJson(f"The key {json.dumps(twice)} stands twice in one object.")
    return members


def load_json(data: bytes) -> Any:
    """The value of a UTF-8 JSON text. Raises BadJson."""
    text = _decoded(data)
    try:
        value = json.loads(text, object_pairs_hook=object_of, parse_constant=_no_constant)
        if "\\u" in text:  # half a surrogate pair is a valid escape, but no valid text
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except BadJson:
        raise
    except json.JSONDecodeError as error:
        what = EXPECTED.get(error.msg.removesuffix(": "), "something else is expected")
        raise BadJson(f"The text is not JSON: line {error.lineno}, column {error.colno}: {what}.") from None
    except RecursionError:
        raise BadJson("Lists and objects are nested too deeply.") from None
    except UnicodeError:
        raise BadJson("An escape \\ud800 to \\udfff stands alone: it is half a character.") from None
    except ValueError:  # Python's limit of digits, the only other error of its parser
        raise BadJson(_too_long(text)) from None
    return value


def _no_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is no JSON number: NaN and Infinity cannot be sent.")


def _decoded(data: bytes) -> str:
    """The text of these bytes."""
    for first, name in COMPRESSED.items():
        if data.startswith(first):
            raise BadJson(f"The text is compressed ({name}): send it uncompressed, as UTF-8.")
    encoding = json.detect_encoding(data)
    if encoding == "utf-8-sig":
        raise BadJson("The text begins with a byte order mark (EF BB BF): leave it out.")
    if encoding != "utf-8":
        raise BadJson(f"The text is {encoding[:6].upper()}: send it as UTF-8.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"the byte at offset {error.start:,} ({data[error.start]:02X}) is wrong"
        raise BadJson(f"The text is not UTF-8: {where}.") from None


def _too_long(text: str) -> str:
    """Where the first number is that has too many digits. Texts between quotes are skipped."""
    most = sys.get_int_max_str_digits()
    numbers = re.finditer(rf'"(?:[^"\\]|\\.)*"|[0-9]{{{most + 1},}}', text)
    at = next(found.start() for found in numbers if found[0][0] != '"')
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return f"A number is too long: line {line}, column {column}: at most {most:,} digits are possible."
