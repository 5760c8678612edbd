"""Representations of answers in memory, of bounded size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

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
        self.limit_bytes = limit_bytes
        self.bytes = 0
        self._kept: OrderedDict[Hashable, tuple[Representation, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Representation | None:
        """The answer kept under ``key``, which becomes the last to be dropped."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, answer: Representation) -> None:
        """Keep ``answer``, or count it anew after it has grown; what was not asked for longest makes room."""
        with self._lock:
            _, before = self._kept.pop(key, (None, 0))
            size = answer.size
            self.bytes -= before
            if size > self.limit_bytes:
                return
            self._kept[key] = (answer, size)
            self.bytes += size
            while self.bytes > self.limit_bytes:
                self.bytes -= self._kept.popitem(last=False)[1][1]

    def __len__(self) -> int:
        return len(self._kept)
