"""Writes tables of any format with Spark: one commit for each refresh, whose proof says what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from lake.tables.change import ChangeKind, TableChange
from lake.tables.columns import Columns
from lake.tables.format import Table, open_table
from odp.file_processor.apply.changes import cast_to
from odp.file_processor.apply.commit_proof import (
    may_count_updates_without_row,
    read_commit,
    read_source_names,
)
from odp.file_processor.apply.decided_refresh import (
    DecidedRefresh,
    demand_own_commit,
    load_version,
    placed,
    placed_files,
    refuse_earlier_keys,
    refuse_unseen_commit,
)
from odp.file_processor.apply.parquet_footers import read_columns
from odp.file_processor.apply.refresh_rows import (
    KeyedRows,
    RefreshRows,
    count_final_rows,
    without_deleted,
)
from odp.file_processor.apply.row_order import with_keys
from odp.file_processor.apply.source_columns import NamedColumns, must_rewrite, with_table_names
from odp.file_processor.apply.spark_failures import explained
from odp.file_processor.apply.table_format import bound_columns, definition_of, format_of
from odp.file_processor.apply.technical_columns import technical_columns
from odp.records import RawTableConfig
from odp.refresh import LastCommit, RefreshKind, RefreshPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


# One refresh of one table: columns, rewriting, rows, and the change for the table format.


@dataclass(frozen=True)
class RefreshChange(DecidedRefresh):
    """One refresh of one table, made and applied with Spark."""

    spark: SparkSession
    table: Table
    check_lease: Callable[[], None]

    def apply(self) -> None:
        """Write the refresh in one commit, after what an earlier release left has been put right."""
        file_columns = {} if self.is_emptied else read_columns(self.spark, self.refresh.read_files)
        columns, named = self.columns(file_columns), self.named(file_columns)
        self.table.repair(self.stored, self.check_lease)
        rows = RefreshRows(self.spark, with_table_names(self.config), columns, self.refresh)
        staying = self.staying_columns
        capabilities = format_of(self.config).capabilities
        if staying is not None and must_rewrite(staying, columns, bound_columns(self.config), capabilities):
            self._rewrite(rows, staying)
            staying = columns
        self._write(rows, self._rows(rows, named, staying or columns), named)

    def _rewrite(self, rows: RefreshRows, of_table: Columns) -> None:
        """Put the table's rows as they are into wider columns, in a commit of its own that no reader notices."""
        wider = with_keys(self._stored_rows(rows.columns, of_table), rows.config, rows.columns)
        fence = self.refresh.fence
        selected = wider.select(*rows.columns, *technical_columns(rows.config))
        self.table.apply(TableChange(ChangeKind.REWRITE, selected, rows.columns, {}, fence=fence), self.check_lease)

    def _stored_rows(self, columns: Columns, of_table: Columns) -> DataFrame:
        return self.table.rows().select(*cast_to(columns, of_table), *technical_columns(self.config))

    def _rows(self, rows: RefreshRows, named: Mapping[str, NamedColumns], of_table: Columns) -> KeyedRows:
        is_merged = self.is_historical and self.stored is not None
        if self.is_emptied:
            empty = KeyedRows(rows.without_rows(), rows.without_rows())
            return rows.emptied_history(self._stored_rows(rows.columns, of_table)) if is_merged else empty
        read = rows.read(named)
        version = self.content.load_version
        if self.refresh.kind is RefreshKind.RELOAD and is_merged:
            return rows.reloaded_history(read, self._stored_rows(rows.columns, of_table), version)
        if not version and is_merged and any(file.is_load for file in self.refresh.files):
            version = rows.version_of_load(read, self._stored_rows(rows.columns, of_table), "")
        version = version or load_version("", self.refresh.state.generation)
        keyed = rows.keyed(read, version)
        marked = may_count_updates_without_row(self.refresh, self.existing, named.values()) and not self.is_historical
        final = rows.final(keyed, marked=marked)
        is_new = not self.is_historical and not self.is_merged
        return KeyedRows(without_deleted(final) if is_new else final, keyed, version, marked)

    def _write(self, rows: RefreshRows, made: KeyedRows, named: Mapping[str, NamedColumns]) -> None:
        final, counted = count_final_rows(self.spark, made.final) if made.marked else (made.final, None)
        known = made.known if self.is_merged else None
        proof = self.proof(made.load_version, named, counted)
        change = TableChange(self.kind, final, rows.columns, proof, known, self.refresh.fence)
        self.table.apply(change, self.check_lease)


# Writes the change, and makes sure that the newest commit is this one.


class SparkTableWriter:
    """Applies refreshes to tables in the session it is given; `buckets` has the physical bucket of each role."""

    def __init__(self, spark: SparkSession, buckets: Mapping[str, str] = MappingProxyType({})) -> None:
        self._spark = spark
        self._buckets = buckets

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the newest refresh from the table itself; None when the table has none."""
        commit = self._table(config).last_commit()
        return read_commit(commit) if commit else None

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit that carries its file ids and the table's state."""
        here, table = placed_files(refresh, self._buckets), self._table(config)
        stored = table.existing()
        refuse_earlier_keys(config, stored)
        refuse_unseen_commit(config, refresh, stored)
        with explained(self._spark, config, (*here.files, *here.replayed)):
            RefreshChange(placed(config, self._buckets), here, stored, self._spark, table, check_lease).apply()
        return demand_own_commit(config, refresh, stored, self.last_refresh(config))

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        """Bring the Data Catalog up to the newest commit; returns its time.

        A column that the source calls otherwise has the source's name as its comment.
        """
        return self._table(config).publish(published_commit, read_source_names)

    def _table(self, config: RawTableConfig) -> Table:
        return open_table(format_of(config), self._spark, definition_of(placed(config, self._buckets)))
