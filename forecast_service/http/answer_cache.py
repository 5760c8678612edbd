"""Representations of answers in memory, of bounded size."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock
from typing import Any

from cachetools import LRUCache

from forecast_service.http.compression import compress

OVERHEAD_BYTES = 1000
"""What an entry costs beside its bodies: key, headers, bookkeeping."""


@dataclass
class Representation:
    """An answer as it is sent, in one format and any number of encodings."""

    body: bytes
    format: str
    tag: str
    facts: dict[str, Any]  # what the log says of it
    expires_with_vintage: bool = False  # whether it is another one once another vintage of the figures is current
    alt: str = ""  # of a picture: what it shows, in a sentence
    encodings: dict[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes held, about."""
        return OVERHEAD_BYTES + len(self.body) + len(self.alt) + sum(map(len, self.encodings.values()))

    def encoded(self, encoding: str | None) -> tuple[bytes, str]:
        """The body in an encoding, and its ETag: another encoding is another representation (RFC 9110, 8.8.3)."""
        if encoding is None:
            return self.body, self.tag
        if encoding not in self.encodings:
            self.encodings[encoding] = compress(self.body, encoding)
        return self.encodings[encoding], f"{self.tag}-{encoding}"


class AnswerCache:
    """The answers asked for last, of bounded size; of one process, shared by its threads."""

    def __init__(self, limit_bytes: int) -> None:
        self.answers: LRUCache[Hashable, Representation] = LRUCache(limit_bytes, attrgetter("size"))
        self._lock = Lock()

    def get(self, key: Hashable) -> Representation | None:
        """The answer cached under ``key``, which becomes the last to be dropped."""
        with self._lock:
            return self.answers.get(key)

    def put(self, key: Hashable, answer: Representation) -> None:
        """Cache ``answer``, or count it anew after it has grown; the answer not asked for longest makes room."""
        with self._lock, suppress(ValueError):  # it is larger than the cache
            self.answers.pop(key, None)
            self.answers[key] = answer
