"""What any lake shows of one table: files, ledger, commits and rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from operator import add
from typing import Any, overload

Row = Mapping[str, Any]
Version = tuple[str, str]
"""The key and the version of an object."""

PENDING, APPLIED, SKIPPED, HELD = "pending", "applied", "skipped", "held"
IN_DOUBT = "while the table was written"
"""What the history says of a part that may be in the table, or else what overwrote it."""
BY_A_PERSON = "a person skipped it"
"""The reason that people of the tester give."""
COMPLETED, FAILED = "completed", "refresh_error"


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that were inserted, updated and deleted; `unexpected` of the inserted ones are updates of unknown keys."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unexpected: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(add, astuple(self), astuple(other)))


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file as the ledger has it: pending, or in the history as applied, skipped (with a reason) or held."""

    file_id: str
    key: str
    version_id: str
    is_load: bool
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CommitEvidence:
    """One commit: the files it applied, what it counted, whether it replaced the table."""

    file_ids: frozenset[str]
    counts: Counts
    is_reload: bool


class LazyRows(Sequence[Row]):
    """Rows that are read when they are asked for."""

    def __init__(self, read: Callable[[], Sequence[Row]]) -> None:
        self._read = read

    @cached_property
    def _rows(self) -> Sequence[Row]:
        return self._read()

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...

    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        """The rows at a place."""
        return self._rows[at]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows)


@dataclass(frozen=True, slots=True)
class TableEvidence:
    """Everything about one table at one moment."""

    landed: frozenset[Version]
    readable: frozenset[Version]
    pending: Sequence[RecordedFile]
    history: Sequence[RecordedFile]
    commits: Sequence[CommitEvidence]
    told: Counts
    status: str
    rows: Sequence[Row]
