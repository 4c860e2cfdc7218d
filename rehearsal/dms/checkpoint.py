"""What a replication keeps on disk: how far it has come, and the state of each table."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from rehearsal.dms.log import DELETE, INSERT, UPDATE, Position


class TableStatus(StrEnum):
    """The states of a table, as DescribeReplicationTableStatistics has them."""

    BEFORE_LOAD = "Before load"
    FULL_LOAD = "Full load"
    COMPLETED = "Table completed"
    ERROR = "Table error"


@dataclass
class TableState:
    """One table of a replication."""

    schema: str
    table: str
    status: TableStatus = TableStatus.BEFORE_LOAD
    message: str = ""
    """Why the table is suspended."""
    start: Position | None = None
    """Its load has every change that ends here or before."""
    key: tuple[str, ...] = ()
    unnamed_types: dict[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    """The columns that no file has."""
    declared: tuple[tuple[str, str], ...] = ()
    """The definition that its last load read."""
    full_load_rows: int = 0
    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    ddls: int = 0

    @property
    def name(self) -> str:
        """Schema and table."""
        return f"{self.schema}.{self.table}"

    def count(self, operation: str) -> None:
        """Count one replicated change."""
        self.inserts += operation == INSERT
        self.updates += operation == UPDATE
        self.deletes += operation == DELETE


@dataclass
class Checkpoint:
    """How far a replication has come: what is before `position` is in files."""

    position: Position | None = None
    sequence: int = 0
    """The number of the last change before the position."""
    latest: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    """The time of the last change; change sequences never go back."""
    tables: dict[str, TableState] = field(default_factory=dict)


_CHECKPOINT = TypeAdapter(Checkpoint)


class CheckpointFile:
    """The checkpoint in a folder; a kill leaves the former one or the new one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "checkpoint.json"

    def read(self) -> Checkpoint:
        """The last checkpoint; of a new replication, an empty one."""
        return _CHECKPOINT.validate_json(self._file.read_bytes()) if self._file.exists() else Checkpoint()

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        arriving = self._file.with_suffix(".new")
        arriving.write_bytes(_CHECKPOINT.dump_json(checkpoint, indent=1))
        arriving.replace(self._file)
