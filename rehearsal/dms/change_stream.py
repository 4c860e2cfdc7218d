"""Follows the log of the source and writes the changes of the replicated tables into files."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from rehearsal.dms.checkpoint import Checkpoint, TableState, TableStatus
from rehearsal.dms.columns import SourceColumn
from rehearsal.dms.definition import ReplicationDefinition
from rehearsal.dms.large_values import TooLargeError, check_size
from rehearsal.dms.log import Position, TableChanges, TableStatement, Transaction, UnknownValueError, Verb
from rehearsal.dms.source import Source
from rehearsal.dms.source_errors import ReplicationFailedError
from rehearsal.dms.table_files import Change
from rehearsal.dms.table_folders import Table, TableFolders

_KILOBYTE = 1024
_log = logging.getLogger(__name__)


@dataclass
class _Pending:
    """Changes of one table that are in no file yet."""

    columns: dict[str, SourceColumn]
    folders: dict[str, list[Change]] = field(default_factory=dict)
    size: int = 0


class ChangeStream:
    """Reads what was committed since the checkpoint, and writes files when they are large or old enough."""

    def __init__(
        self,
        definition: ReplicationDefinition,
        source: Source,
        folders: TableFolders,
        checkpoint: Checkpoint,
        keep: Callable[[], None],
    ) -> None:
        """`keep` writes the checkpoint to disk."""
        self._definition = definition
        self._source = source
        self._folders = folders
        self._checkpoint = checkpoint
        self._keep = keep
        self._read_to, self._sequence, self._latest = checkpoint.position, checkpoint.sequence, checkpoint.latest
        self._pending: dict[Table, _Pending] = {}
        self._pending_since = 0.0
        self._columns: dict[str, tuple[object, dict[str, SourceColumn]]] = {}
        self._truncation = ""
        """The table whose truncation is to stop the replication."""

    def read(self) -> int:
        """Read to where the log ends now, and return the number of changes that are new."""
        until = self._source.end_of_log()
        if self._read_to is None:
            self._read_to = until
        before = self._sequence
        if self._read_to < until:
            for transaction in self._source.read_log(self._read_to, until):
                self._take(transaction)
                self._read_to = transaction.end
                self._stop_after_truncation()
            self._read_to = max(self._read_to, until)
        self._keep_if_nothing_is_pending()
        return self._sequence - before

    @property
    def is_due(self) -> bool:
        """Whether the oldest change that is in no file has waited for the endpoint's interval."""
        return bool(self._pending) and self.seconds_until_due <= 0

    @property
    def seconds_until_due(self) -> float:
        """How long the oldest change that is in no file may still wait; one that comes now, for the whole interval."""
        interval = self._definition.target.cdc_max_batch_interval
        waited = time.monotonic() - self._pending_since if self._pending else 0.0
        return max(0.0, interval - waited)

    def write(self) -> None:
        """Write every pending change, and keep how far the log is in files."""
        for table in list(self._pending):
            self.write_table(table)
        self._keep_if_nothing_is_pending()

    def write_table(self, table: Table) -> None:
        """Write the pending changes of one table; one file holds changes of one date folder and one schema."""
        pending = self._pending.get(table)
        if pending:
            state = self._state(table)
            for changes in pending.folders.values():
                try:
                    body = self._folders.files(table).changes(pending.columns, state.key, changes)
                except pa.ArrowException as error:
                    self._suspend(state, f"a change cannot be written: {error}")
                    break
                self._folders.put_changes(table, changes[0].committed_at, body)
            del self._pending[table]

    def _keep_if_nothing_is_pending(self) -> None:
        if self._pending or self._checkpoint.position == self._read_to:
            return
        self._checkpoint.position = self._read_to
        self._checkpoint.sequence, self._checkpoint.latest = self._sequence, self._latest
        self._keep()
        if self._read_to:
            self._source.confirm(self._read_to)

    def _take(self, transaction: Transaction) -> None:
        # the time of a transaction that waited for a lock is when it began; sequences must not go back
        self._latest = max(self._latest, transaction.committed_at)
        for event in transaction.events:
            if isinstance(event, TableStatement):
                self._take_statement(event, transaction)
            elif self._definition.mappings.selects(event.schema, event.table):
                self._take_changes((event.schema, event.table), event, transaction)

    def _take_changes(self, table: Table, changes: TableChanges, transaction: Transaction) -> None:
        state = self._checkpoint.tables.get(".".join(table)) or self._register(table, transaction.end)
        if state.status != TableStatus.COMPLETED or (state.start and transaction.end <= state.start):
            self._sequence += len(changes)
            return
        columns = self._columns_of(state, changes)
        pending = self._pending_of(table, columns)
        folder = self._folders.date_folder(table, transaction.committed_at)
        try:
            for change in self._changes(changes, columns, state.key, transaction):
                pending.folders.setdefault(folder, []).append(change)
                state.count(change.operation)
        except (TooLargeError, UnknownValueError, pa.ArrowException) as error:
            self.write_table(table)
            self._suspend(state, str(error), is_cut_off=isinstance(error, TooLargeError))
        pending.size += changes.size
        if pending.size >= self._definition.target.cdc_min_file_size * _KILOBYTE:
            self.write_table(table)

    def _pending_of(self, table: Table, columns: dict[str, SourceColumn]) -> _Pending:
        """The changes of these columns that are in no file; those of other columns are written."""
        pending = self._pending.get(table)
        if pending and pending.columns != columns:
            self.write_table(table)
            pending = None
        if pending is None:
            if not self._pending:
                self._pending_since = time.monotonic()
            pending = self._pending[table] = _Pending(columns)
        return pending

    def _columns_of(self, state: TableState, changes: TableChanges) -> dict[str, SourceColumn]:
        """The columns of the log's map of the table; as long as the map is the same, so are they."""
        known = self._columns.get(state.name)
        if known and known[0] is changes.layout:
            return known[1]
        milliseconds = self._definition.target.parquet_timestamp_in_millisecond
        columns = changes.columns(state.unnamed_types, state.hidden, milliseconds=milliseconds)
        if changes.key is not None and changes.key != state.key:
            self.write_table((state.schema, state.table))
            state.key, state.message = changes.key, ""
        self._columns[state.name] = changes.layout, columns
        return columns

    def _changes(
        self, changes: TableChanges, columns: dict[str, SourceColumn], key: tuple[str, ...], transaction: Transaction
    ) -> Iterator[Change]:
        most = self._definition.settings.target_metadata.lob_max_size * _KILOBYTE
        large = [column for column in columns.values() if column.is_large]
        for row in changes.rows(columns, key):
            self._sequence += 1
            for column in large:
                check_size(column, [row.after.get(column.name)], most)
            sequence = f"{self._latest:%Y%m%d%H%M%S}00{self._sequence:019d}"
            at = transaction.committed_at
            yield Change(row.operation, row.after, row.before, at, sequence, str(transaction.end))

    def _register(self, table: Table, at: Position) -> TableState:
        """A selected table that is new: DMS replicates its changes and loads nothing."""
        definition = self._source.definition(*table, milliseconds=False)
        state = TableState(*table, status=TableStatus.COMPLETED, key=definition.key, declared=definition.declared)
        state.unnamed_types, state.hidden = definition.unnamed_types, definition.hidden
        state.message = definition.caution
        self._checkpoint.tables[state.name] = state
        _log.info("%s is new at %s; its changes are replicated", state.name, at)
        if definition.obstacle:
            self._suspend(state, definition.obstacle)
        return state

    def _take_statement(self, statement: TableStatement, transaction: Transaction) -> None:
        table = (statement.schema, statement.table)
        state = self._checkpoint.tables.get(".".join(table))
        if state is None or (state.start and transaction.end <= state.start):
            return
        _log.info("%s of %s at %s", statement.verb, state.name, transaction.end)
        state.ddls += 1
        self.write_table(table)
        policy = self._definition.settings.change_processing_ddl_handling_policy
        if statement.verb is Verb.TRUNCATE:
            self._truncated(state)
        if statement.verb is Verb.DROP:
            if policy.handle_source_table_dropped:
                self._folders.remove(table)
            del self._checkpoint.tables[state.name]
        if statement.verb is Verb.RENAME:
            self._suspend(state, "the source renamed the table, which DMS does not follow: load it again by its name")
        if statement.verb in (Verb.ALTER, Verb.CREATE):
            definition = self._source.definition(*table, milliseconds=False)
            self._columns.pop(state.name, None)
            state.key = definition.key or state.key
            state.unnamed_types, state.hidden = definition.unnamed_types, definition.hidden

    def _truncated(self, state: TableState) -> None:
        settings = self._definition.settings
        if settings.error_behavior.apply_error_fail_on_truncation_ddl:
            self._truncation = state.name
        elif settings.change_processing_ddl_handling_policy.handle_source_table_truncated:
            self._folders.remove((state.schema, state.table))

    def _stop_after_truncation(self) -> None:
        """Stop behind the transaction, which may change other tables after it truncates one."""
        if self._truncation:
            name, self._truncation = self._truncation, ""
            self.write()
            raise ReplicationFailedError(
                f"{name} was truncated at {self._read_to}, and no file tells the lake: "
                "resume, then load the table again"
            )

    def _suspend(self, state: TableState, message: str, *, is_cut_off: bool = False) -> None:
        errors = self._definition.settings.error_behavior
        policy = errors.data_truncation_error_policy if is_cut_off else errors.data_error_policy
        if policy == "STOP_TASK" or (is_cut_off and self._definition.stops_at_large_values):
            raise ReplicationFailedError(f"{state.name}: {message}")
        state.status, state.message = TableStatus.ERROR, message
        _log.warning("%s is suspended: %s", state.name, message)
        self._keep()

    def _state(self, table: Table) -> TableState:
        return self._checkpoint.tables[".".join(table)]
