"""Reconciles every table of the source with the lake, and never passes on nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from rehearsal.source.database import SourceTable
from rehearsal.validation.comparison import Difference, TableComparison, compare, unreadable
from rehearsal.validation.lake import LakeTableError

ReadTable = Callable[[str], pa.Table]
"""Gives the whole content of the table of this name."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The comparison of every table that was asked for."""

    tables: tuple[TableComparison, ...]

    @property
    def has_passed(self) -> bool:
        """Whether there are tables, and the lake holds each of them exactly."""
        return bool(self.tables) and all(table.is_identical for table in self.tables)

    @property
    def difference_count(self) -> int:
        """How many differences there are, listed or not."""
        return sum(table.difference_count for table in self.tables)

    @property
    def differences(self) -> Iterator[Difference]:
        """The listed differences, table by table."""
        return (difference for table in self.tables for difference in table.differences)


def reconcile(tables: Iterable[SourceTable], *, read_source: ReadTable, read_lake: ReadTable) -> Reconciliation:
    """Compare each table; one that the lake cannot give is a difference, not an error that hides the others."""
    return Reconciliation(tuple(_compare_table(table, read_source, read_lake) for table in tables))


def _compare_table(table: SourceTable, read_source: ReadTable, read_lake: ReadTable) -> TableComparison:
    source = read_source(table.name)
    try:
        lake = read_lake(table.name)
    except LakeTableError as error:
        return unreadable(table.name, source, str(error))
    return compare(table.name, source, lake, table.key)
