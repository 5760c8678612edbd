"""Where the parts of a JSON text stand."""

from __future__ import annotations

import json
import re
from bisect import bisect_right

_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

Place = tuple[int, int]
"""Line and column, from 1."""


def places(text: str) -> dict[tuple[str, ...], Place]:
    """The place of each part of the valid JSON ``text``, by its path; of a member of an object, that of its name."""
    found: dict[tuple[str, ...], Place] = {}
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    marks = [(match[0], match.start()) for match in _MARK.finditer(text)]
    path: list[str] = []
    in_list: list[bool] = []
    for number, (mark, at) in enumerate(marks):
        if mark in {"}", "]"}:
            path.pop()
            in_list.pop()
            continue
        if mark == "," and in_list[-1]:
            path[-1] = str(int(path[-1]) + 1)
        if mark in {",", ":"}:
            continue
        if marks[number + 1 : number + 2] and marks[number + 1][0] == ":":
            path[-1] = json.loads(mark)
        line = bisect_right(lines, at)
        found.setdefault(tuple(path), (line, at - lines[line - 1] + 1))
        if mark in {"{", "["}:
            path.append("0")
            in_list.append(mark == "[")
    return found
