"""The folders of the replicated tables in the sink, and what is put into them."""

from collections.abc import Callable
from datetime import datetime

from rehearsal.dms.definition import ReplicationDefinition
from rehearsal.dms.sinks import Sink
from rehearsal.dms.table_files import TableFiles
from rehearsal.source.dms import DatePartitions, FileNames

Table = tuple[str, str]
"""Schema and name in the source."""


class TableFolders:
    """Names and puts files; no two change files of a table share a name."""

    def __init__(self, definition: ReplicationDefinition, sink: Sink, clock: Callable[[], datetime]) -> None:
        self._definition = definition
        self._sink = sink
        self._clock = clock
        self._names: dict[str, FileNames] = {}
        self._files: dict[Table, TableFiles] = {}

    def files(self, table: Table) -> TableFiles:
        """What makes the table's files."""
        if table not in self._files:
            self._files[table] = TableFiles(self._definition.target, self._definition.mappings, *table)
        return self._files[table]

    def put_load_part(self, table: Table, number: int, body: bytes) -> None:
        """Store a part of a full load; the same part of the load before is replaced."""
        names, name = self._named(table)
        self._sink.put(names.full_load(name, number), body)

    def put_changes(self, table: Table, committed_at: datetime, body: bytes) -> None:
        """Store changes that were committed on one day, or in one hour."""
        names, name = self._named(table)
        self._sink.put(names.changes(name, committed_at.isoformat()), body)

    def date_folder(self, table: Table, committed_at: datetime) -> str:
        """The part of the key that says when changes were committed."""
        return self._named(table)[0].date_folder(committed_at.isoformat())

    def remove(self, table: Table) -> None:
        """Remove every file of the table."""
        names, name = self._named(table)
        self._sink.remove(names.full_load(name, 1).rpartition("/")[0] + "/")

    def _named(self, table: Table) -> tuple[FileNames, str]:
        schema, name = self._definition.mappings.target(*table)
        if schema not in self._names:
            target = self._definition.target
            partitions = DatePartitions(target.date_partition_sequence, target.date_partition_delimiter)
            chosen = partitions if target.date_partition_enabled else None
            self._names[schema] = FileNames(schema, target.bucket_folder, chosen, self._clock)
        return self._names[schema], name
