"""Makes of a refresh's files the final rows that a table format writes: one of each record key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from lake.spark_session import aggregated, computed_once
from lake.tables.columns import Columns, String
from odp.file_processor.apply.changes import ChangeReader
from odp.file_processor.apply.commit_proof import FinalRows
from odp.file_processor.apply.decided_refresh import load_version
from odp.file_processor.apply.row_order import (
    IS_CHANGE,
    key_text,
    last_row_per_key,
    with_keys,
    with_versions,
)
from odp.file_processor.apply.source_columns import NamedColumns
from odp.file_processor.apply.technical_columns import KEY, VERSION, record_key, technical_columns
from odp.records import DELETE, INSERT, OPERATION, VALID_SEQUENCE, RawTableConfig
from odp.refresh import RefreshPlan

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


# A reload of a historical table adds new versions of changed rows, and marks missing rows as deleted.


_JOIN, _GREATEST, _LOADED = "_odp_join", "_odp_greatest", "_odp_loaded_"


def greatest_version(rows: DataFrame, before: str | None = None) -> str:
    """Return the greatest version among rows, of those before another if it is given; '' of none."""
    rows = rows if before is None else rows.filter(F.col(VERSION) < before)
    return str(rows.agg(F.max(VERSION)).collect()[0][0] or "")


def least_version(rows: DataFrame, after: str) -> str | None:
    """Return the least version among rows, of those after another; None of none."""
    found = rows.filter(F.col(VERSION) > after).agg(F.min(VERSION)).collect()[0][0]
    return None if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Reload:
    """What the table holds of a historical table before a reload, whose rows get this version."""

    config: RawTableConfig
    columns: Columns
    existing: DataFrame
    version: str

    def new_versions(self, loaded: DataFrame) -> DataFrame:
        """Return the rows to add for a load that has one row of each key: nothing for a row that is as it was."""
        names = [*self.columns]
        load = loaded.withColumn(_JOIN, key_text(self.config, self.columns))
        load = load.select(_JOIN, *(F.col(name).alias(_LOADED + name) for name in names))
        both = self._newest().join(load, _JOIN, "full_outer")
        is_loaded, was_live = F.col(_LOADED + OPERATION).isNotNull(), F.col(OPERATION) != DELETE
        is_new = F.col(OPERATION).isNull() | ~was_live | self._differs()
        changed = both.filter(F.when(is_loaded, is_new).otherwise(was_live))
        values = {name: F.when(is_loaded, F.col(_LOADED + name)).otherwise(F.col(name)) for name in names}
        values[OPERATION] = F.when(is_loaded, F.lit(INSERT)).otherwise(F.lit(DELETE))
        return changed.select(
            *(value.alias(name) for name, value in values.items()), F.lit(self.version).alias(VERSION)
        )

    def marks(self) -> DataFrame:
        """Return a delete mark for every key that is live."""
        live = self._newest().filter(F.col(OPERATION) != DELETE).drop(_JOIN)
        return live.withColumns({OPERATION: F.lit(DELETE), VERSION: F.lit(self.version)})

    def _newest(self) -> DataFrame:
        """Return the newest version of each key before the load; the record key ends in a comma and the version."""
        before = self.existing.filter(F.col(VERSION) < self.version)
        keyed = before.withColumn(_JOIN, F.expr(f"left({KEY}, length({KEY}) - length({VERSION}) - 1)"))
        newest = keyed.withColumn(_GREATEST, F.max(VERSION).over(Window.partitionBy(_JOIN)))
        return newest.filter(F.col(_GREATEST) == F.col(VERSION)).select(_JOIN, *self.columns)

    def _differs(self) -> Column:
        return reduce(or_, (self._differs_in(name) for name in self.columns if name != OPERATION))

    def _differs_in(self, name: str) -> Column:
        loaded, existing = F.col(_LOADED + name), F.col(name)
        if name == self.config.partition_key and self.columns[name] == String():
            # Spark takes it from the folder's name, which an empty text and NULL have in common
            loaded, existing = (F.when(column != "", column) for column in (loaded, existing))
        differs = ~loaded.eqNullSafe(existing)
        if name == self.config.change_sequence and self.columns[name] == String():
            # DMS's sequence is empty in loads
            is_sequence = F.coalesce(existing, F.lit("")).rlike(f"{VALID_SEQUENCE}|^\\z")
            differs = differs & ~((F.coalesce(loaded, F.lit("")) == "") & is_sequence)
        return differs


# The final rows of a refresh: one of each record key.


IS_INSERTED = "_odp_is_inserted"
"""Whether any change of the row's key in this refresh is an insert."""


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """A refresh's final rows, one for each record key, and the version of a load in a historical table.

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
        """Read the files; `named` has their columns by file id; each row has its position."""
        files = self.refresh.read_files
        return ChangeReader(self.spark, self.config, self.columns).read(files, named)

    def keyed(self, rows: DataFrame, version: str) -> DataFrame:
        """Add record keys and, to rows of a historical table, versions: rows of a load have this one."""
        if VERSION in technical_columns(self.config):
            rows = with_versions(rows, version)
        return with_keys(rows, self.config, self.columns)

    def final(self, keyed: DataFrame, *, marked: bool = False) -> DataFrame:
        """Return the last row of each record key, marked if any row of its key is an insert."""
        sequence = self.config.change_sequence
        marks = {IS_INSERTED: F.max(F.col(OPERATION) == INSERT)} if marked else {}
        last = last_row_per_key(keyed, [record_key(self.config)], has_sequence=bool(sequence), of_all=marks)
        return last.select(*self.columns, *technical_columns(self.config), *marks)

    def without_rows(self) -> DataFrame:
        """Return no rows of the table's columns."""
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
        """Return the rows that a reload adds to a historical table that holds others."""
        changes, version = self._changes(rows), self.version_of_load(rows, existing, load_before)
        load = self.final(self.keyed(rows.filter(~F.col(IS_CHANGE)), version))
        added = Reload(self.config, self.columns, existing, version).new_versions(load)
        added = with_keys(added, self.config, self.columns)
        if changes is None:
            return KeyedRows(added, self.without_rows(), version)
        return KeyedRows(added.unionByName(self.final(changes)), changes, version)

    def emptied_history(self, existing: DataFrame) -> KeyedRows:
        """Return a delete mark for each live key of a historical table; the load that follows has a later version."""
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
    """Count final rows that have the column IS_INSERTED; returns them without it, with the files read already.

    Hudi reads the rows more than once, so that a counter which runs along with the write would count them twice.
    """
    once = computed_once(spark, marked)
    is_inserted = F.col(IS_INSERTED) & (F.col(OPERATION) != DELETE)
    counted = aggregated(once, F.count(F.lit(1)), F.count_if(is_inserted))
    return once.drop(IS_INSERTED), FinalRows(*counted)
