"""Tables: the rows of an answer as a data frame, with the columns and numbers of the service's CSV.

pandas and polars are extras, imported when a frame is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import polars

Kind = type[str] | type[int] | type[float] | type[bool]


class MissingLibrary(ImportError):
    """pandas or polars is not installed."""


@dataclass(frozen=True)
class Table:
    """Rows and their columns; a missing value is None."""

    kinds: dict[str, Kind]
    """The type of each column by its name."""
    rows: Sequence[tuple[Any, ...]]

    def columns(self) -> dict[str, list[Any]]:
        """The values of each column by its name."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.kinds)
        return {
            name: [None if value is None else kind(value) for value in column]
            for (name, kind), column in zip(self.kinds.items(), columns, strict=True)
        }

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas DataFrame.

        Raises
        ------
        MissingLibrary
        """
        try:
            import pandas
        except ImportError:
            raise MissingLibrary('pandas is not installed: pip install "forecast-service-client[pandas]"') from None
        types = {str: "str", int: "int64", float: "float64", bool: "boolean"}
        nullable = types | {int: "Int64"}  # NumPy's integers have no missing value
        return pandas.DataFrame(
            {
                name: pandas.Series(column, dtype=(nullable if None in column else types)[self.kinds[name]])
                for name, column in self.columns().items()
            }
        )

    def to_polars(self) -> polars.DataFrame:
        """A polars DataFrame.

        Raises
        ------
        MissingLibrary
        """
        try:
            import polars
        except ImportError:
            raise MissingLibrary('polars is not installed: pip install "forecast-service-client[polars]"') from None
        return polars.DataFrame(self.columns(), schema=self.kinds)


class Tabular:
    """An answer that is also a table."""

    def table(self) -> Table:
        """The rows."""
        raise NotImplementedError

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas DataFrame; raises :class:`MissingLibrary`."""
        return self.table().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars DataFrame; raises :class:`MissingLibrary`."""
        return self.table().to_polars()
