"""What can be read of one table from outside: files, books, commits and rows, whatever the lake is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odp.refreshes import RefreshStatus, RowCounts

Row = Mapping[str, Any]
Version = tuple[str, str]
"""The key and the version of an object."""


@dataclass(frozen=True, slots=True)
class BookedFile:
    """A file as the books have it."""

    file_id: str
    key: str
    version_id: str
    file_type: str


@dataclass(frozen=True, slots=True)
class CommitEvidence:
    """One commit: the files it finished, what it counted, whether it replaced the table."""

    file_ids: frozenset[str]
    counts: RowCounts
    is_reload: bool


@dataclass(frozen=True, slots=True)
class TableEvidence:
    """Everything about one table at one moment."""

    landed: frozenset[Version]
    readable: frozenset[Version]
    pending: Sequence[BookedFile]
    history: Sequence[BookedFile]
    commits: Sequence[CommitEvidence]
    told: RowCounts
    status: RefreshStatus | None
    rows: Sequence[Row]
