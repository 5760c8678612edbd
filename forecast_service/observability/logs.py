"""Logs on standard error, without secrets: one JSON object per line, or text for people."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from forecast_service.observability import log_lines

DEBUG, INFO = logging.DEBUG, logging.INFO
ACCESS = "forecast_service.access"
_access = logging.getLogger(ACCESS)
_lines_are_json = True  # set by configure()


def without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """As :func:`forecast_service.observability.log_lines.mask` (structlog processor)."""
    return log_lines.mask(event)


def _name_process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the name and the id of the process (structlog processor)."""
    event.update(log_lines.process_facts())
    return event


# format_exc_info comes before without_secrets, so that secrets in tracebacks are replaced too.
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    _name_process,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    without_secrets,
]


_encode = json.JSONEncoder(default=str).encode


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Passes on lines that :func:`access` has formatted."""

    def format(self, record: logging.LogRecord) -> str:
        line: str | None = getattr(record, "line", None)
        return super().format(record) if line is None else line


def access(level: int, facts: MutableMapping[str, Any]) -> None:
    """Log one request: the line that structlog's processors would write, in a fifth of their time."""
    logger = _access
    if not logger.isEnabledFor(level):
        return
    if not _lines_are_json:
        structlog.stdlib.get_logger(ACCESS).log(level, "request", **facts)
        return
    bound = structlog.contextvars.get_contextvars()
    event = {**facts, "event": "request", **bound, **log_lines.process_facts(), "logger": ACCESS}
    event["level"] = logging.getLevelName(level).lower()
    event["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = _encode(without_secrets(logger, "", event))
    logger.handle(logger.makeRecord(ACCESS, level, "", 0, line, (), None, extra={"line": line}))


def formatter(form: str) -> structlog.stdlib.ProcessorFormatter:
    """The formatter for the loggers of structlog and of the standard library."""
    writer: Any = (
        structlog.processors.JSONRenderer(default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return Formatter(foreign_pre_chain=_SHARED, processors=[remove, writer])


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to the present ``sys.stderr``, which tests and daemons replace."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configure(form: str, level: str) -> None:
    """Set the format and level of this package's loggers; after :func:`log_lines.set_up`, the format of all."""
    global _lines_are_json
    _lines_are_json = form == "json"
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logger = logging.getLogger(log_lines.PACKAGE)
    logger.setLevel(level.upper())
    if handler := log_lines.handler():
        handler.setFormatter(formatter(form))
        return
    own = next((h for h in logger.handlers if isinstance(h, _Handler)), None) or _Handler()
    own.setFormatter(formatter(form))
    logger.addHandler(own)


def set_up_process(process: str, form: str, level: str) -> None:
    """Log all that this process writes to standard error (:func:`log_lines.set_up`), with structlog's context."""
    log_lines.set_up(process)
    configure(form, level)


GUNICORN = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "root": {},
    "loggers": {"gunicorn.error": {"level": "INFO", "propagate": True}},
}
"""gunicorn's ``logconfig_dict``: its messages pass to the handler of :func:`log_lines.set_up`."""
