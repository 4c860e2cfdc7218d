"""What the flow needs of a table format; `iceberg` provides it, job code decides and hands over what to apply."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Days = frozenset[date]


class ConformedTable(Protocol):
    """The conformed trips of one dataset, each row knowing the file it came from."""

    def prepare(self) -> None:
        """Create the table if it is missing, and add the columns that the dataset has since declared."""

    def replace_files(self, rows: DataFrame, source_files: Collection[str]) -> None:
        """Put rows in place of all that came from these files before; readers see all of it or nothing of it."""


class TripHistory(Protocol):
    """The conformed trips as the purpose-built tables read them."""

    def snapshot(self) -> str | None:
        """Name the present state; None while nothing was ever loaded."""

    def days_changed_since(self, snapshot: str) -> Days | None:
        """Tell which days gained or lost rows after a snapshot; None if it is not known any more."""

    def trips(self, snapshot: str, days: Days | None) -> DataFrame:
        """Give the rows of some days, or all of them, as of a snapshot."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which state of the trips, by which version of its rule, a purpose-built table shows."""

    snapshot: str
    rules_version: str


class PurposeBuiltTable(Protocol):
    """The result of one rule, which tells by itself how far it is."""

    def provenance(self) -> Provenance | None:
        """Tell what the table shows; None if it does not exist."""

    def replace_all(self, rows: DataFrame, provenance: Provenance) -> None:
        """Put rows in place of the whole table and its columns, in one step together with what they show."""

    def replace_days(self, rows: DataFrame, days: Days, provenance: Provenance) -> None:
        """Put rows in place of those of some days, in one step together with what they show."""
