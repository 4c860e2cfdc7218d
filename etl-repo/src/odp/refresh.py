"""What a refresh is: decided, committed, and told in the books; plain frozen data like the other records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from odp.records import LandedFile


class RefreshStatus(StrEnum):
    """The state of a table in odpf_file_processing_tracker."""

    UPDATING = "updating_table"
    COMPLETED = "completed"
    ERROR = "refresh_error"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one table until `expires_at` (epoch seconds); the token grows with every owner.

    `written_with` is the identity of the data that the table holds, if it is known to hold any.
    """

    qualified_name: str
    owner: str
    fencing_token: int
    expires_at: float
    catalog_commit: str = ""
    written_with: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows that one commit inserted, updated and deleted, as its own metadata says.

    `updates_without_row` are among the inserted ones: updates of keys that the table did not have. It is 0 where nobody
    counted them.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    updates_without_row: int = 0

    def __add__(self, other: RowCounts) -> RowCounts:
        return RowCounts(
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.deleted + other.deleted,
            self.updates_without_row + other.updates_without_row,
        )


@dataclass(frozen=True, slots=True)
class TableState:
    """What a table already holds: its load generation, that generation's LOAD keys, and its newest change file.

    `began` is the moment at which the generation's first LOAD part landed, `changes_until` the moment of the change
    file that landed last of those applied; both are empty without such a file.
    """

    generation: int = 0
    load_keys: frozenset[str] = frozenset()
    newest_change_file: str = ""
    began: str = ""
    changes_until: str = ""


class RefreshKind(StrEnum):
    """What a refresh means for the rows that the table already holds."""

    INITIAL = "initial"
    CHANGES = "changes"
    RELOAD = "reload"
    EMPTY = "empty"
    """Remove every row: the source was emptied, and a person released that."""


@dataclass(frozen=True, slots=True)
class HeldFiles:
    """Files that wait for a person together, with the reason: a load that looks like an accident, files too old."""

    held_id: str
    reason: str
    files: tuple[LandedFile, ...]


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """What one commit does to one table: `files` are new to it; `state` is the table's state afterwards.

    `replayed` files were applied already and are read again, because an older file or the load that they follow
    arrived after them; `skipped` files are done without being read, each with its reason; `held` ones wait for a
    person. Without `files` there is nothing to commit. A load is awaited while parts of one are pending or held: the
    table may lack rows that it has. A reload is late if the table holds changes that follow it.
    """

    kind: RefreshKind
    files: tuple[LandedFile, ...]
    replayed: tuple[LandedFile, ...]
    state: TableState
    skipped: tuple[LandedFile, ...] = ()
    held: tuple[HeldFiles, ...] = ()
    awaits_load: bool = False
    is_late_reload: bool = False

    @property
    def file_ids(self) -> frozenset[str]:
        """The files that this refresh applies, which the commit carries as proof."""
        return frozenset(file.file_id for file in self.files)

    @property
    def read_files(self) -> tuple[LandedFile, ...]:
        """The files whose rows the commit is made of; a load without rows, which empties the table, is no object."""
        return tuple(file for file in (*self.files, *self.replayed) if not file.is_emptying)

    @property
    def set_aside(self) -> tuple[LandedFile, ...]:
        """The files that are done without being applied."""
        return (
            *self.skipped,
            *(replace(file, held_id=held.held_id, approval="") for held in self.held for file in held.files),
        )


@dataclass(frozen=True, slots=True)
class LastCommit:
    """The last refresh that reached the table, read back from the commit itself."""

    commit_time: str
    file_ids: frozenset[str]
    state: TableState
    counts: RowCounts


@dataclass(frozen=True, slots=True)
class RefreshOutcome:
    """What one run did to one table, kept in odpf_file_processing_tracker_history."""

    qualified_name: str
    source_table_name: str
    status: RefreshStatus
    started_at: str
    ended_at: str
    counts: RowCounts = RowCounts()
    files: int = 0
    error: str = ""
    stack_trace: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One step of a refresh as the books take it: files that are done, each with its status, and the outcome so far.

    An entry that `closes` the refresh returns its lease with `catalog_commit` and, if the table is known to hold data,
    the identity of that. One that was `refused` puts the table into quarantine; `refused_registrations` and
    `refused_configuration` say on what it was refused, so that the table is planned again once either differs.
    """

    outcome: RefreshOutcome
    files: tuple[LandedFile, ...] = ()
    closes: bool = False
    catalog_commit: str = ""
    written_with: Mapping[str, str] | None = None
    refused: bool = False
    refused_registrations: int = 0
    refused_configuration: str = ""
