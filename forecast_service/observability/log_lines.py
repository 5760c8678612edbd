"""The lines that a process of the service logs, with the standard library alone.

structlog takes 9 MB, which a process that only draws, fits or serves metrics need not have. Its lines have the same
form: one JSON object each, or text for people.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import threading
from collections.abc import MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, TextIO

FORMAT, LEVEL = "FORECAST_LOG_FORMAT", "FORECAST_LOG_LEVEL"
PACKAGE = "forecast_service"

SECRET_NAMES = re.compile(
    r"authori[sz]ation|api[-_]?key|token|secret|passw|cookie|credential(?!ibility)", re.IGNORECASE
)
_MARKS = ("=", "://", "bearer", "basic", "eyj")
_SUSPECT = re.compile(r"Bearer|Basic|://|=|eyJ", re.IGNORECASE)  # a quick test: a secret below matches one of these
_SECRETS = (
    (re.compile(r"\b(Bearer|Basic)\s+[^\s\"',;]+", re.IGNORECASE), r"\1 ***"),
    (re.compile(r"(://[^\s/:@]*):[^\s/@]+@"), r"\1:***@"),  # a password in an address
    (re.compile(r"\b((?:[\w-]*[-_])?(?:key|token|secret|password))=[^\s&\"']+", re.IGNORECASE), r"\1=***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),  # a JWT
)

_stray = logging.getLogger("stderr")
_facts: dict[str, Any] = {}


@lru_cache(1024)
def _name_secrets(names: tuple[str, ...]) -> bool:
    return any(map(SECRET_NAMES.search, names))


def _may_hold_secrets(names: tuple[str, ...], values: str) -> bool:
    """A quick test, since most lines hold none."""
    values = values.lower()
    return any(mark in values for mark in _MARKS) or _name_secrets(names)


def mask(event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace secrets in ``event`` by asterisks: values with a secret's name, and texts that look like one."""
    if not _may_hold_secrets(tuple(event), "\n".join([value for value in event.values() if isinstance(value, str)])):
        return event
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = "***"
        elif isinstance(value, str) and _SUSPECT.search(value):
            for pattern, stars in _SECRETS:
                value = pattern.sub(stars, value)
            event[name] = value
    return event


def name_process(process: str) -> None:
    """Name this process in its lines. A fork of it calls this again, also for its own id."""
    _facts.update(process=process, pid=os.getpid())


def process_facts() -> dict[str, Any]:
    """The name and the id of this process; empty if it has no name, such as a command that a person runs."""
    return _facts


class Formatter(logging.Formatter):
    """One JSON object a line; text if ``form`` is "text"."""

    def __init__(self, form: str) -> None:
        super().__init__("%(asctime)s [%(levelname)s] %(message)s [%(name)s]")
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {"event": record.getMessage(), **_facts, "logger": record.name}
        event["level"] = record.levelname.lower()
        event["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        mask(event)
        if self._form != "text":
            return json.dumps(event, default=str)
        parts = (f"{event['timestamp']} [{event['level']}] {event['event']} [{record.name}]", event.get("exception"))
        return "\n".join(filter(None, parts))


class Handler(logging.StreamHandler[TextIO]):
    """The handler of :func:`set_up`."""


class _PrintedLines(io.TextIOBase):
    """Logs what code prints to standard error, line by line."""

    def __init__(self, to: TextIO) -> None:
        self.to = to
        self._begun = ""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.to.fileno()

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in filter(str.strip, lines):
            _stray.error("%s", line)
        return len(text)


def handler() -> Handler | None:
    """The handler that :func:`set_up` has made in this process."""
    return next((found for found in logging.getLogger().handlers if isinstance(found, Handler)), None)


def set_up(process: str) -> None:
    """Log all that this process writes to standard error, as FORECAST_LOG_FORMAT and FORECAST_LOG_LEVEL say.

    That includes warnings, uncaught exceptions and what libraries log or print. For processes of the service, not for
    commands that a person runs.
    """
    name_process(process)
    stream = sys.stderr.to if isinstance(sys.stderr, _PrintedLines) else sys.stderr
    made = Handler(stream)
    made.setFormatter(Formatter(os.environ.get(FORMAT, "json")))
    root = logging.getLogger()
    root.handlers = [made]
    root.setLevel(logging.WARNING)
    level = logging.getLevelNamesMapping().get(os.environ.get(LEVEL, "info").upper(), logging.INFO)
    logging.getLogger(PACKAGE).setLevel(level)
    logging.raiseExceptions = False  # a handler that cannot write would report it to sys.stderr, which logs
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda of: _log_uncaught(of.exc_type, of.exc_value, of.exc_traceback)
    sys.unraisablehook = lambda of: _log_uncaught(of.exc_type, of.exc_value, of.exc_traceback)
    sys.stderr = _PrintedLines(stream)


def release() -> None:
    """Let this process print to standard error again, such as why it does not start, to the person who started it."""
    if isinstance(sys.stderr, _PrintedLines):
        sys.stderr = sys.stderr.to
    sys.excepthook = sys.__excepthook__


def _log_uncaught(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    exc_info = (kind, error or kind(), where)
    logging.getLogger(PACKAGE).critical("uncaught exception: %s", kind.__name__, exc_info=exc_info)


def set_up_like(process: str | None) -> None:
    """Log as the process that started this one, which was called ``process``; do nothing if it had no name."""
    if process:
        set_up(process)
