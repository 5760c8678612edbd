"""A cache in memory, of bounded size, of answers as they are sent."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock
from typing import Any

from cachetools import LRUCache

from forecast_service.http.compression import compress
from forecast_service.observability import metrics

OVERHEAD_BYTES = 1000
"""The estimated size of an entry's key, headers and bookkeeping."""
LARGEST_PART = 0.5
"""A larger part of the cache is given to no answer: it would drop all others, and is seldom asked for twice."""


@dataclass
class Representation:
    """An answer in one format, with the encodings that clients have asked for."""

    body: bytes
    format: str
    tag: str
    facts: dict[str, Any]  # for the log line
    expires_with_vintage: bool = False  # whether a switch to another vintage changes it
    alt: str = ""  # of a chart: a sentence that says what it shows
    file: str = ""  # of a chart or table: the name under which a browser saves it
    encodings: dict[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes in memory, estimated."""
        return OVERHEAD_BYTES + len(self.body) + len(self.alt) + sum(map(len, self.encodings.values()))

    def encoded(self, encoding: str | None) -> tuple[bytes, str]:
        """The body in an encoding, and its ETag: each encoding has an ETag of its own (RFC 9110, 8.8.3)."""
        if encoding is None:
            return self.body, self.tag
        if encoding not in self.encodings:
            self.encodings[encoding] = compress(self.body, encoding)
        return self.encodings[encoding], f"{self.tag}-{encoding}"


class _Answers(LRUCache[Hashable, Representation]):
    """Counts the answers that it drops."""

    def popitem(self) -> tuple[Hashable, Representation]:
        metrics.EVICTIONS.inc()
        return super().popitem()


class AnswerCache:
    """The answers used last. The threads of a process share it; processes do not."""

    def __init__(self, limit_bytes: int) -> None:
        self.answers = _Answers(limit_bytes, attrgetter("size"))
        self._lock = Lock()

    def get(self, key: Hashable) -> Representation | None:
        """The answer cached under ``key``, now the most recently used."""
        with self._lock:
            return self.answers.get(key)

    def put(self, key: Hashable, answer: Representation) -> None:
        """Cache ``answer``, or update its size after it has grown. Drops the least recently used answers."""
        with self._lock:
            self.answers.pop(key, None)
            if answer.size <= self.answers.maxsize * LARGEST_PART:
                self.answers[key] = answer
            metrics.answers_cached(len(self.answers), self.answers.currsize)
