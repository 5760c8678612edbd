"""What a setting that cannot be used is refused with."""

from __future__ import annotations


class BadSetting(ValueError):
    """A variable whose value cannot be used; the message names it and says what is allowed."""
