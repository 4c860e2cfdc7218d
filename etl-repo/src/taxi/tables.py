"""The ports of the table format; `iceberg` implements them, and the jobs decide what to write."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Days = frozenset[date]


class ConformedTable(Protocol):
    """The conformed trips of one dataset; each row has the file that it came from."""

    def prepare(self) -> None:
        """Create the table if it is missing, and add newly declared columns."""

    def replace_files(self, rows: DataFrame, source_files: Collection[str]) -> None:
        """Replace all rows of these files; readers see all of the change or none."""


class TripHistory(Protocol):
    """The conformed trips for the builds of purpose-built tables."""

    def snapshot(self) -> str | None:
        """Return the id of the current snapshot; None if nothing was ever loaded."""

    def days_changed_since(self, snapshot: str) -> Days | None:
        """Return the days that gained or lost rows after a snapshot; None if the snapshot has expired."""

    def trips(self, snapshot: str, days: Days | None) -> DataFrame:
        """Return the rows of some days, or all of them, as of a snapshot."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The snapshot of the trips and the version of the rule that a purpose-built table shows."""

    snapshot: str
    rules_version: str


class PurposeBuiltTable(Protocol):
    """The table of one rule, which records its own provenance."""

    def provenance(self) -> Provenance | None:
        """Return what the table shows; None if it does not exist."""

    def replace_all(self, rows: DataFrame, provenance: Provenance) -> None:
        """Replace the whole table and its columns, in one commit together with its provenance."""

    def replace_days(self, rows: DataFrame, days: Days, provenance: Provenance) -> None:
        """Replace the rows of some days, in one commit together with the provenance."""
