"""Applies one decided refresh to one Hudi table: columns, rows, look-up and the one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.errors import RejectedInputError
from lake.tables.columns import Columns
from odp.file_processor.apply.changes import cast_to
from odp.file_processor.apply.column_names import NamedColumns, changed_names, with_table_names
from odp.file_processor.apply.own_columns import KEY, own_columns
from odp.file_processor.apply.parquet_footers import read_columns
from odp.file_processor.apply.refresh_rows import KeyedRows, RefreshRows, count_final_rows, without_deleted
from odp.file_processor.apply.row_keys import with_keys
from odp.file_processor.apply.schema_changes import must_rewrite
from odp.file_processor.apply.table_history import load_version
from odp.file_processor.apply.table_schema import HeldTable, decide_table_columns, name_files
from odp.file_processor.apply.updates_without_row import may_count_updates_without_row
from odp.file_processor.table_writers.hudi_commit_metadata import (
    TableContent,
    content_metadata,
    final_rows_metadata,
)
from odp.file_processor.table_writers.hudi_index import decide_look_up
from odp.file_processor.table_writers.hudi_options import (
    Operation,
    bound_columns,
    rewrite_options,
    write_operation,
    write_options,
)
from odp.file_processor.table_writers.hudi_timeline import ExistingTable, forget_ordering_field
from odp.records import RawTableConfig, VersioningType
from odp.refresh import RefreshKind, RefreshPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, slots=True)
class HudiRefresh:
    """One refresh of one table; configuration and files have physical buckets."""

    spark: SparkSession
    config: RawTableConfig
    refresh: RefreshPlan
    table: ExistingTable | None
    check_lease: Callable[[], None]

    def apply(self) -> None:
        """Write the refresh in one commit, after what an earlier release left has been put right."""
        is_emptied = self.refresh.kind is RefreshKind.EMPTY  # its files may be gone: they are the reason
        file_columns = {} if is_emptied else read_columns(self.spark, self.refresh.read_files)
        columns = self._columns(file_columns)
        named = {} if is_emptied else name_files(self.config, self.refresh, file_columns, self._before)
        if self.table and self.table.ordering_field:
            self.check_lease()
            forget_ordering_field(self.spark, self.config.base_path)
        rows = RefreshRows(self.spark, with_table_names(self.config), columns, self.refresh)
        held = self._held_columns()
        if held is not None and must_rewrite(held, columns, bound_columns(rows.config)):
            self._rewrite(rows, held)
            held = columns
        self._write(rows, self._rows(rows, named, held or columns), changed_names(named.values()))

    @property
    def _operation(self) -> Operation:
        return write_operation(self.config, self.refresh, is_held=self.table is not None)

    @property
    def _is_historical(self) -> bool:
        return self.config.table_data_versioning_type is VersioningType.HISTORICAL

    @property
    def _before(self) -> HeldTable | None:
        return self.table.held if self.table else None

    def _columns(self, file_columns: Mapping[str, Columns]) -> Columns:
        if self.refresh.kind is not RefreshKind.EMPTY:
            return decide_table_columns(self.config, self.refresh, file_columns, self._before)
        if self.table is None:
            message = f"{self.config.qualified_name}: there is no table to empty"
            raise RejectedInputError(message)
        return self.table.columns

    def _held_columns(self) -> Columns | None:
        """Give the columns of the rows that stay in the table; None if none does."""
        return self.table.columns if self.table and self._operation is Operation.UPSERT else None

    def _rewrite(self, rows: RefreshRows, held: Columns) -> None:
        """Put the table's rows as they are into wider columns, in a commit of its own that no reader notices."""
        wider = with_keys(self._stored(rows.columns, held), rows.config, rows.columns)
        options = rewrite_options(rows.config, rows.columns)
        save(wider.select(*rows.columns, *own_columns(rows.config)), options, self.config.base_path, self.check_lease)

    def _stored(self, columns: Columns, of_table: Columns) -> DataFrame:
        stored = self.spark.read.format("hudi").load(self.config.base_path)
        return stored.select(*cast_to(columns, of_table), *own_columns(self.config))

    def _rows(self, rows: RefreshRows, named: Mapping[str, NamedColumns], held: Columns) -> KeyedRows:
        is_merged = self._is_historical and self.table is not None
        if self.refresh.kind is RefreshKind.EMPTY:
            empty = KeyedRows(rows.without_rows(), rows.without_rows())
            return rows.emptied_history(self._stored(rows.columns, held)) if is_merged else empty
        read = rows.read(named)
        version = self.table.content.load_version if self.table else ""
        if self.refresh.kind is RefreshKind.RELOAD and is_merged:
            return rows.reloaded_history(read, self._stored(rows.columns, held), version)
        if not version and is_merged and any(file.is_load for file in self.refresh.files):
            version = rows.version_of_load(read, self._stored(rows.columns, held), "")
        version = version or load_version("", self.refresh.state.generation)
        keyed = rows.keyed(read, version)
        marked = may_count_updates_without_row(self.refresh, self._before, named.values()) and not self._is_historical
        final = rows.final(keyed, marked=marked)
        is_replacing = not self._is_historical and self._operation is not Operation.UPSERT
        return KeyedRows(without_deleted(final) if is_replacing else final, keyed, version, marked)

    def _write(self, rows: RefreshRows, made: KeyedRows, source_names: Mapping[str, str]) -> None:
        is_merged = self.table is not None and self._operation is Operation.UPSERT
        look_up = decide_look_up(self.spark, rows.config, made.known) if is_merged else None
        content = self.table.content if self.table else TableContent()
        after = content.after(self.refresh, made.load_version, is_replaced=not is_merged, source_names=source_names)
        options = write_options(rows.config, self.refresh, rows.columns, look_up) | content_metadata(after)
        final = made.final
        if made.marked:
            final, counted = count_final_rows(self.spark, final)
            options |= final_rows_metadata(counted)
        save(final, options, self.config.base_path, self.check_lease)


def save(rows: DataFrame, options: Mapping[str, str], base_path: str, check_lease: Callable[[], None]) -> None:
    """Write rows in one commit; the lease is checked last before it begins."""
    writer = rows.write.format("hudi").options(**options).mode("append")
    check_lease()
    writer.save(base_path)


def refuse_earlier_keys(config: RawTableConfig, table: ExistingTable) -> None:
    """Refuse a table of an earlier release whose record keys may be the same for two keys of the source.

    Raises:
        RejectedInputError: naming the way out.
    """
    if own_columns(config) and not table.newest.has_column(KEY):
        message = (
            f"{config.qualified_name} was written by an earlier release, whose keys of several columns and versions of "
            "rows are not always unique; replicate the table into a new raw_table_name"
        )
        raise RejectedInputError(message)
