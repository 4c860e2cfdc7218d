"""Makes of a refresh's files the final rows that a table format writes: one of each record key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from lake.spark_session import aggregated, computed_once
from lake.tables.columns import Columns
from odp.file_processor.apply.changes import ChangeReader
from odp.file_processor.apply.column_names import NamedColumns
from odp.file_processor.apply.row_keys import with_keys, with_versions
from odp.file_processor.apply.row_order import IS_CHANGE, last_row_per_key
from odp.file_processor.apply.table_history import Reload, greatest_version, least_version, load_version
from odp.file_processor.apply.technical_columns import VERSION, record_key, technical_columns
from odp.file_processor.apply.updates_without_row import FinalRows
from odp.records import DELETE, INSERT, OPERATION, RawTableConfig
from odp.refresh import RefreshPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

IS_INSERTED = "_odp_is_inserted"
"""Whether any change of the row's key in this refresh is an insert."""


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """The final rows of a refresh, one of each record key, and the version of a load's rows in a historical table.

    Only `known` rows may have record keys that the table holds: they need not be final. Final rows that are `marked`
    have the column IS_INSERTED.
    """

    final: DataFrame
    known: DataFrame
    load_version: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class RefreshRows:
    """The rows of one refresh of a table with these columns, whose configuration has the table's own names."""

    spark: SparkSession
    config: RawTableConfig
    columns: Columns
    refresh: RefreshPlan

    def read(self, named: Mapping[str, NamedColumns]) -> DataFrame:
        """Read the files, of which `named` are the columns by file id; each row has its position."""
        files = self.refresh.read_files
        return ChangeReader(self.spark, self.config, self.columns).read(files, named)

    def keyed(self, rows: DataFrame, version: str) -> DataFrame:
        """Add record keys and, to rows of a historical table, versions: rows of a load have this one."""
        if VERSION in technical_columns(self.config):
            rows = with_versions(rows, version)
        return with_keys(rows, self.config, self.columns)

    def final(self, keyed: DataFrame, *, marked: bool = False) -> DataFrame:
        """Give the last row of each record key, marked if any row of its key is an insert."""
        sequence = self.config.change_sequence
        marks = {IS_INSERTED: F.max(F.col(OPERATION) == INSERT)} if marked else {}
        last = last_row_per_key(keyed, [record_key(self.config)], has_sequence=bool(sequence), of_all=marks)
        return last.select(*self.columns, *technical_columns(self.config), *marks)

    def without_rows(self) -> DataFrame:
        """Give no rows of the table's columns."""
        schema = ", ".join(f"`{name}` {type_}" for name, type_ in self.columns.items())
        return self.spark.createDataFrame(
            [], ", ".join([schema, *(f"{name} string" for name in technical_columns(self.config))])
        )

    def version_of_load(self, rows: DataFrame, existing: DataFrame, load_before: str) -> str:
        """Name the version of a load's rows: later than all that the table holds before the changes among the rows.

        Changes of versions before the table's former load do not count: a task that went back wrote them again.
        """
        changes = self._changes(rows)
        first_change = None if changes is None else least_version(changes, load_before)
        return load_version(greatest_version(existing, first_change), self.refresh.state.generation)

    def reloaded_history(self, rows: DataFrame, existing: DataFrame, load_before: str) -> KeyedRows:
        """Give the rows that a reload adds to a historical table that holds others."""
        changes, version = self._changes(rows), self.version_of_load(rows, existing, load_before)
        load = self.final(self.keyed(rows.filter(~F.col(IS_CHANGE)), version))
        added = Reload(self.config, self.columns, existing, version).new_versions(load)
        added = with_keys(added, self.config, self.columns)
        if changes is None:
            return KeyedRows(added, self.without_rows(), version)
        return KeyedRows(added.unionByName(self.final(changes)), changes, version)

    def emptied_history(self, existing: DataFrame) -> KeyedRows:
        """Give a delete mark for each live key of a historical table; the load that follows has a later version."""
        version = load_version(greatest_version(existing), self.refresh.state.generation)
        marks = Reload(self.config, self.columns, existing, version).marks()
        return KeyedRows(with_keys(marks, self.config, self.columns), self.without_rows())

    def _changes(self, rows: DataFrame) -> DataFrame | None:
        if all(file.is_load for file in self.refresh.read_files):
            return None
        return self.keyed(rows.filter(F.col(IS_CHANGE)), "")


def without_deleted(rows: DataFrame) -> DataFrame:
    """Keep what exists after the changes."""
    return rows.filter(F.col(OPERATION) != DELETE)


def count_final_rows(spark: SparkSession, marked: DataFrame) -> tuple[DataFrame, FinalRows]:
    """Count final rows that have the column IS_INSERTED; gives them without it, with the files read already.

    Hudi reads the rows more than once, so that a counter which runs along with the write would count them twice.
    """
    once = computed_once(spark, marked)
    is_inserted = F.col(IS_INSERTED) & (F.col(OPERATION) != DELETE)
    counted = aggregated(once, F.count(F.lit(1)), F.count_if(is_inserted))
    return once.drop(IS_INSERTED), FinalRows(*counted)
