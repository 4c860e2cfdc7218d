"""Writes the rows of tables as they are at one moment."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa

from rehearsal.dms.checkpoint import TableState, TableStatus
from rehearsal.dms.columns import SourceColumn, column_array
from rehearsal.dms.definition import ReplicationDefinition
from rehearsal.dms.large_values import TooLargeError, check_size
from rehearsal.dms.source import SnapshotReader, Source, TableDefinition
from rehearsal.dms.source_errors import ReplicationFailedError, TableRedefinedError
from rehearsal.dms.table_folders import TableFolders

Consistency = Literal["table", "snapshot"]
"""`table`: changes overlap the load of each table, as with DMS. `snapshot`: all tables at one moment, no overlap."""
_KILOBYTE = 1024
_log = logging.getLogger(__name__)


class FullLoad:
    """Loads tables one after another, each with the position from which its changes follow."""

    def __init__(
        self,
        definition: ReplicationDefinition,
        source: Source,
        folders: TableFolders,
        clock: Callable[[], datetime],
    ) -> None:
        self._definition = definition
        self._source = source
        self._folders = folders
        self._clock = clock
        self._begun = clock()

    def load(self, states: Sequence[TableState], consistency: Consistency, loaded: Callable[[], None]) -> None:
        """Load the tables; `loaded` is called after each, so that it is not loaded again."""
        with self._source.snapshots() as reader:
            position = reader.begin()
            for number, state in enumerate(states):
                if consistency == "table":
                    if number:
                        position = reader.begin()
                    reader.end()
                state.start = position
                self._load(reader, state)
                loaded()

    def _load(self, reader: SnapshotReader, state: TableState) -> None:
        table = (state.schema, state.table)
        milliseconds = self._definition.target.parquet_timestamp_in_millisecond
        definition = self._source.definition(*table, milliseconds=milliseconds)
        state.status, state.message = TableStatus.FULL_LOAD, ""
        state.key, state.declared = definition.key, definition.declared
        state.unnamed_types, state.hidden = definition.unnamed_types, definition.hidden
        state.full_load_rows = 0
        obstacle = definition.obstacle
        if any(column.is_large for column in definition.columns) and not definition.key:
            obstacle = "a table with large values needs a primary key, otherwise DMS cannot replicate them"
        if obstacle:
            self._fail(state, obstacle)
            return
        if self._definition.settings.full_load_settings.target_table_prep_mode != "DO_NOTHING":
            self._folders.remove(table)
        self._try_to_write(reader, definition, state)

    def _try_to_write(self, reader: SnapshotReader, definition: TableDefinition, state: TableState) -> None:
        try:
            self._write_parts(reader, definition, state)
        except TableRedefinedError as error:
            self._fail(state, f"the table was altered while it was loaded: {error}")
        except TooLargeError as error:
            stops = self._definition.stops_at_large_values
            self._fail(state, f"a row cannot be loaded: {error}", is_of_data=True, stops=stops)
        except pa.ArrowException as error:
            self._fail(state, f"a row cannot be loaded: {error}", is_of_data=True)
        else:
            state.status, state.message = TableStatus.COMPLETED, definition.caution
            _log.info("%s is loaded. %s", state.name, definition.caution)

    def _write_parts(self, reader: SnapshotReader, definition: TableDefinition, state: TableState) -> None:
        part = _Part(definition.columns)
        most = self._definition.target.max_file_size * _KILOBYTE
        largest = self._definition.settings.target_metadata.lob_max_size * _KILOBYTE
        number = 0
        for columns in reader.rows(definition):
            part.add(columns, largest)
            state.full_load_rows += len(columns[0])
            if part.size >= most:
                number += 1
                self._write(definition, number, part)
                part = _Part(definition.columns)
        if part.batches:
            self._write(definition, number + 1, part)

    def _write(self, definition: TableDefinition, number: int, part: "_Part") -> None:
        is_of_start = self._definition.target.use_task_start_time_for_full_load_timestamp
        table = (definition.schema, definition.table)
        at = self._begun if is_of_start else self._clock()
        body = self._folders.files(table).load_part(definition.columns, part.arrays(), at)
        self._folders.put_load_part(table, number, body)

    def _fail(self, state: TableState, message: str, *, is_of_data: bool = False, stops: bool = False) -> None:
        errors = self._definition.settings.error_behavior
        policy = errors.data_error_policy if is_of_data else errors.table_error_policy
        if stops or policy == "STOP_TASK":
            raise ReplicationFailedError(f"{state.name}: {message}")
        state.status, state.message = TableStatus.ERROR, message


class _Part:
    """The rows of one file, column by column."""

    def __init__(self, columns: Sequence[SourceColumn]) -> None:
        self._columns = columns
        self.batches: list[list[pa.Array]] = []
        self.size = 0

    def add(self, rows: Sequence[Sequence[Any]], largest: int) -> None:
        """Add rows, given as the values of each column."""
        arrays = []
        for column, values in zip(self._columns, rows, strict=True):
            check_size(column, values, largest)
            arrays.append(column_array(column, values))
        self.batches.append(arrays)
        self.size += sum(array.nbytes for array in arrays)

    def arrays(self) -> list[pa.Array]:
        return [pa.concat_arrays(column) for column in zip(*self.batches, strict=True)]
