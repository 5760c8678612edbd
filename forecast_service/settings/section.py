"""The base of the sections of the settings: each section checks its own fields, then calls the next."""

from __future__ import annotations


class BadSetting(ValueError):
    """A variable has an invalid value; the message names the variable and says what is allowed."""


class Section:
    """The last of the sections, each of which ends its checks with ``super().__post_init__()``."""

    def __post_init__(self) -> None:
        """Check the fields. Raises BadSetting."""
