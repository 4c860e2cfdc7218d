"""One replication: a full load, then the changes, until it is stopped or a person has to do something."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from rehearsal.dms.change_stream import ChangeStream
from rehearsal.dms.checkpoint import Checkpoint, CheckpointFile, TableState, TableStatus
from rehearsal.dms.definition import ReplicationDefinition
from rehearsal.dms.engines import source_of
from rehearsal.dms.full_load import Consistency, FullLoad
from rehearsal.dms.sinks import Sink
from rehearsal.dms.source_errors import ReloadRefusedError, ReplicationFailedError, SourceLostError
from rehearsal.dms.table_folders import Table, TableFolders

_BUSY_SECONDS = 0.5
"""How often the log of a busy source is looked at: DMS is sent each change at once."""
_log = logging.getLogger(__name__)


def now() -> datetime:
    """The time by which files are named."""
    return datetime.now(UTC)


class Replication:
    """Replicates the selected tables of a database into a sink; what it has done is in a folder, for the next start."""

    def __init__(
        self,
        definition: ReplicationDefinition,
        connection: Mapping[str, Any],
        sink: Sink,
        folder: Path,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.definition = definition
        self._source = source_of(definition.source, connection, folder)
        self._file = CheckpointFile(folder)
        self._clock = clock
        self._folders = TableFolders(definition, sink, clock)
        self._wanted: SimpleQueue[tuple[Table, ...]] = SimpleQueue()
        self.checkpoint = Checkpoint()
        self._resume()

    def start(self, consistency: Consistency = "table") -> None:
        """Check the source, load the tables that are not loaded, and keep from where changes follow."""
        self._source.check()
        if self.definition.replication_type != "full-load":
            states = self.checkpoint.tables.values()
            self._source.keep_log(is_new=not (self.checkpoint.position or any(state.start for state in states)))
        if self.definition.replication_type != "cdc":
            self._load(self._unloaded(), consistency)
        if self.checkpoint.position is None:
            self._begin_changes()

    def step(self, *, write: bool = False) -> int:
        """Read the log to its present end; write what is due, or all of it. Return the number of new changes."""
        count = self._stream.read()
        if write or self._stream.is_due:
            self._stream.write()
        return count

    def run(self, stopped: threading.Event, tell: Callable[[], None] = lambda: None) -> None:
        """Start, or go on after a stop, and follow the source; while it is away, try again as the settings say."""
        retries = Retries(self.definition)
        is_started, changed_at = False, time.monotonic()
        while not stopped.is_set():
            try:
                if not is_started:
                    self.start()
                    is_started = True
                    if self.definition.replication_type == "full-load":
                        return
                self._reload_what_was_asked_for()
                count = self.step()
                retries.succeeded()
            except SourceLostError as error:
                stopped.wait(retries.seconds_after(error))
                self._resume()  # what was read and is in no file is read again
                continue
            tell()
            changed_at = time.monotonic() if count else changed_at
            stopped.wait(self._pause(time.monotonic() - changed_at))
        self._stream.write()

    def ask_for_reload(self, *tables: Table) -> None:
        """Let the thread that runs the replication load tables again."""
        self._wanted.put(tables)

    def reload(self, *tables: Table) -> None:
        """Load tables again while changes go on, as ReloadTables does.

        DMS keeps the definition that it read before, so a table that was altered since is refused.
        """
        states = [self._state(table) for table in tables]
        for state in states:
            definition = self._source.definition(state.schema, state.table, milliseconds=False)
            if state.declared and definition.declared != state.declared:
                raise ReloadRefusedError(
                    f"{state.name} was altered since its last load, and a reload keeps the former definition: stop, "
                    "and load all tables again (reload-target)"
                )
            self._stream.write_table((state.schema, state.table))
        self._load(states, "table")

    def _reload_what_was_asked_for(self) -> None:
        while not self._wanted.empty():
            for table in self._wanted.get():
                try:
                    self.reload(table)
                except ReloadRefusedError as error:
                    _log.warning("%s", error)
                    if state := self.checkpoint.tables.get(".".join(table)):
                        state.status, state.message = TableStatus.ERROR, str(error)

    def reload_all(self) -> None:
        """Load every table again by its present definition, as reload-target does after a stop."""
        self.forget()
        self.start()

    def forget(self) -> None:
        """Let the next start load every table; changes are still numbered from where they were."""
        self.checkpoint = Checkpoint(sequence=self.checkpoint.sequence, latest=self.checkpoint.latest)
        self._file.write(self.checkpoint)
        self._resume()

    def _load(self, states: Sequence[TableState], consistency: Consistency) -> None:
        def loaded() -> None:
            self._file.write(self.checkpoint)

        if states:
            FullLoad(self.definition, self._source, self._folders, self._clock).load(states, consistency, loaded)

    def _begin_changes(self) -> None:
        starts = [state.start for state in self.checkpoint.tables.values() if state.start]
        self.checkpoint.position = min(starts) if starts else self._source.end_of_log()
        self._file.write(self.checkpoint)
        self._resume()

    def _unloaded(self) -> list[TableState]:
        """The selected tables without a complete load; what is not selected any more is forgotten."""
        chosen = [table for table in self._source.tables() if self.definition.mappings.selects(*table)]
        if not chosen and self.definition.settings.error_behavior.fail_on_no_tables_captured:
            raise ReplicationFailedError(
                "no table of the source matches the table mappings, or the user may read none of them: "
                "look at the names, whose case counts, and at the user's SELECT"
            )
        known = self.checkpoint.tables
        states = {".".join(table): known.get(".".join(table)) or TableState(*table) for table in chosen}
        self.checkpoint.tables = states
        self._stream = self._new_stream()
        unloaded = (TableStatus.BEFORE_LOAD, TableStatus.FULL_LOAD)
        return [state for state in states.values() if state.status in unloaded]

    def _state(self, table: Table) -> TableState:
        found = self.checkpoint.tables.get(".".join(table))
        if found is None:
            raise ReloadRefusedError(f"{'.'.join(table)} is no table of this replication")
        return found

    def _resume(self) -> None:
        """Go on from what is on disk."""
        self.checkpoint = self._file.read()
        self._stream = self._new_stream()

    def _new_stream(self) -> ChangeStream:
        def keep() -> None:
            self._file.write(self.checkpoint)

        return ChangeStream(self.definition, self._source, self._folders, self.checkpoint, keep)

    def _pause(self, without_change: float) -> float:
        """How long the log is left alone: a moment until the source is idle, and never longer than a file may wait."""
        poll_seconds = self.definition.source.settings.poll_seconds
        seconds = poll_seconds if without_change >= poll_seconds else _BUSY_SECONDS
        is_written_at_once = not self.definition.target.cdc_max_batch_interval
        return min(seconds, 1.0 if is_written_at_once else self._stream.seconds_until_due)


class Retries:
    """How often and when a lost source is tried again."""

    def __init__(self, definition: ReplicationDefinition) -> None:
        self._settings = definition.settings.error_behavior
        self._count = 0

    def succeeded(self) -> None:
        """The source has answered: begin to count again."""
        self._count = 0

    def seconds_after(self, error: SourceLostError) -> float:
        """The seconds until the next attempt; the last attempt fails the replication."""
        settings = self._settings
        self._count += 1
        seconds = settings.recoverable_error_interval
        if settings.recoverable_error_throttling:
            seconds = min(seconds * 2 ** (self._count - 1), settings.recoverable_error_throttling_max)
        is_last = settings.recoverable_error_stop_retry_after_throttling_max and (
            seconds >= settings.recoverable_error_throttling_max
        )
        if is_last or 0 <= settings.recoverable_error_count < self._count:
            raise ReplicationFailedError(f"the source does not answer, after {self._count} attempts: {error}")
        _log.warning("the source does not answer (%s); next attempt in %s s", error, seconds)
        return float(seconds)
