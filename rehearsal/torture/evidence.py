"""What any lake shows of one table: files, ledger, commits and rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from operator import add
from typing import Any, TypeVar, overload

Row = Mapping[str, Any]
Thing = TypeVar("Thing")
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


class Lazy(Sequence[Thing]):
    """Rows or commits that are read when they are asked for."""

    def __init__(self, read: Callable[[], Sequence[Thing]]) -> None:
        self._read = read

    @cached_property
    def _things(self) -> Sequence[Thing]:
        return self._read()

    @overload
    def __getitem__(self, at: int) -> Thing: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Thing]: ...

    def __getitem__(self, at: int | slice) -> Thing | Sequence[Thing]:
        """The ones at a place."""
        return self._things[at]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._things)


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
