"""What every room of the statistics may refuse with."""

from __future__ import annotations


class CannotForecast(ValueError):
    """A question that has no answer.

    Attributes
    ----------
    field : the input that is at fault (``deadline``, ``origin``, ``history``).
    detail : what is allowed instead.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail
