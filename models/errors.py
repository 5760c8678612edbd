"""The error that every package of the statistics may raise."""

from __future__ import annotations


class CannotForecast(ValueError):
    """The question cannot be answered.

    Attributes
    ----------
    field : the wrong input (``deadline``, ``origin``, ``history``).
    detail : what is allowed instead.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail
