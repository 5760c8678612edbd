"""What the sections of the settings have in common: each checks its own fields, then lets the next check its."""

from __future__ import annotations


class BadSetting(ValueError):
    """A variable whose value cannot be used; the message names it and says what is allowed."""


class Section:
    """Ends the line of sections, each of which ends its checks with ``super().__post_init__()``."""

    def __post_init__(self) -> None:
        """Check the fields.

        Raises
        ------
        BadSetting
        """
