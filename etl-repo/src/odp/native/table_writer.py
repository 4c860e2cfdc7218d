"""Writes Iceberg tables without a JVM: one commit for each refresh, whose proof says what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import pyarrow as pa

from lake.errors import BeyondEngineError
from lake.tables.capabilities import Engine
from lake.tables.change import ChangeKind, TableDefinition
from lake.tables.columns import Columns, String
from lake.tables.iceberg_native.row_change import RowChange
from lake.tables.iceberg_native.table import NativeIcebergTable
from odp.file_processor.apply.commit_proof import may_count_updates_without_row, read_commit, read_source_names
from odp.file_processor.apply.decided_refresh import (
    DecidedRefresh,
    demand_own_commit,
    load_version,
    placed,
    placed_files,
    refuse_earlier_keys,
    refuse_unseen_commit,
)
from odp.file_processor.apply.source_columns import with_table_names
from odp.file_processor.apply.table_format import bound_columns, definition_of, format_of
from odp.file_processor.apply.technical_columns import technical_columns
from odp.native.dms_columns import Footer
from odp.native.dms_rows import OpenFile, read_footers
from odp.native.final_rows import FinalRows, schema_of
from odp.native.room import Room
from odp.native.small_files import once
from odp.records import LandedFile, RawTableConfig
from odp.refresh import LastCommit, RefreshKind, RefreshPlan

OpenTable = Callable[[TableDefinition], NativeIcebergTable]


class NativeTableWriter:
    """Applies refreshes to tables of a catalog; `buckets` has the physical bucket of each role.

    Without `room` each refresh takes the memory that it needs.
    """

    def __init__(
        self,
        open_table: OpenTable,
        open_file: OpenFile,
        buckets: Mapping[str, str] = MappingProxyType({}),
        room: Room | None = None,
    ) -> None:
        self._open_table = open_table
        self._open_file = open_file
        self._buckets = buckets
        self.room = room
        self._committed: dict[str, NativeIcebergTable] = {}

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the newest refresh from the table itself; None when the table has none."""
        return _newest(self._table(config))

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit that carries its file ids and the table's state.

        Raises:
            BeyondEngineError: Spark has to apply it; nothing was written.
        """
        table = self._table(config)
        stored = table.existing()
        refuse_earlier_keys(config, stored)
        refuse_unseen_commit(config, refresh, stored)
        here = placed_files(refresh, self._buckets)
        with _room_in_arrow(config):
            change = self._change(DecidedRefresh(placed(config, self._buckets), here, stored))
            table.repair(stored, check_lease)
            table.apply(change, check_lease)
        again = self._table(config)
        committed = demand_own_commit(config, refresh, stored, _newest(again))
        self._committed[config.qualified_name] = again
        return committed

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        """Comment columns that the source calls otherwise; returns the newest commit's time.

        A commit of this run is published as it was read to know that it is there.
        """
        table = self._committed.pop(config.qualified_name, None) or self._table(config)
        return table.publish(published_commit, read_source_names)

    def _change(self, decided: DecidedRefresh) -> RowChange:
        _refuse_history(decided)
        files = () if decided.is_emptied else decided.refresh.read_files
        open_file = once(self._open_file)
        footers = self._footers(decided, files, open_file)
        file_columns = {id_: footer.columns for id_, footer in footers.items()}
        columns, named = decided.columns(file_columns), decided.named(file_columns)
        _refuse_other_keys(decided, columns)
        config = with_table_names(decided.config)
        version = decided.content.load_version or load_version("", decided.refresh.state.generation)
        kind = ChangeKind.MERGE if decided.is_merged else ChangeKind.REPLACE
        stored = {**columns, **{name: String() for name in technical_columns(config)}}
        if decided.is_emptied:
            empty = schema_of(config, columns).empty_table()
            return RowChange(kind, empty, stored, decided.proof("", {}, None), fence=decided.refresh.fence)
        rows = FinalRows(config, columns, files, named, open_file, version)
        may_count = may_count_updates_without_row(decided.refresh, decided.existing, named.values())
        counts = may_count and decided.is_merged and not decided.is_historical
        counted = rows.counts() if counts else None
        proof = decided.proof(version, named, counted)
        final = rows.read(with_deletes=decided.is_merged or decided.is_historical)
        return RowChange(kind, final, stored, proof, fence=decided.refresh.fence)

    def _footers(
        self, decided: DecidedRefresh, files: Sequence[LandedFile], open_file: OpenFile
    ) -> Mapping[str, Footer]:
        """Read the footers of files for which there is room."""
        if self.room is None:
            return read_footers(files, open_file)
        self.room.refuse_many(decided.config, files)
        footers = read_footers(files, open_file)
        keys = [*decided.config.primary_key, *filter(None, [decided.config.change_sequence])]
        self.room.refuse_large(decided.config, files, footers, keys)
        return footers

    def _table(self, config: RawTableConfig) -> NativeIcebergTable:
        _refuse_other_format(config)
        return self._open_table(definition_of(placed(config, self._buckets)))


def _newest(table: NativeIcebergTable) -> LastCommit | None:
    commit = table.last_commit()
    return read_commit(commit) if commit else None


@contextmanager
def _room_in_arrow(config: RawTableConfig) -> Iterator[None]:
    """Leave a change to Spark for which Arrow's arrays have no room, as if memory had ended; it is no MemoryError."""
    try:
        yield
    except pa.ArrowCapacityError as error:
        message = f"{config.qualified_name}: Arrow has no room for the change: {error}"
        raise BeyondEngineError(message, comes_again=True) from error


def _refuse_other_format(config: RawTableConfig) -> None:
    """Leave to Spark what only Spark writes: the format may have changed since the plan was made."""
    if Engine.NATIVE not in format_of(config).capabilities.engines:
        message = f"{config.qualified_name} is a table of the format {config.table_format}, which Spark alone writes"
        raise BeyondEngineError(message)


def _refuse_history(decided: DecidedRefresh) -> None:
    """Leave loads of a historical table that has rows to Spark, which compares them with all versions."""
    is_load = any(file.is_load for file in decided.refresh.read_files)
    ends_load = decided.refresh.kind in (RefreshKind.RELOAD, RefreshKind.EMPTY)
    if decided.is_historical and decided.stored is not None and (is_load or ends_load):
        message = f"{decided.config.qualified_name} is a historical table, whose loads Spark compares with its versions"
        raise BeyondEngineError(message)


def _refuse_other_keys(decided: DecidedRefresh, columns: Columns) -> None:
    """Leave it to Spark to write the texts of record keys again when the type of a part of the key widens."""
    staying = decided.staying_columns
    if staying is None or not technical_columns(decided.config):
        return
    widened = [name for name in sorted(bound_columns(decided.config)) if staying.get(name) != columns.get(name)]
    if widened:
        message = (
            f"{decided.config.qualified_name}: the type of {', '.join(widened)} widens, so each record key changes"
        )
        raise BeyondEngineError(message)
