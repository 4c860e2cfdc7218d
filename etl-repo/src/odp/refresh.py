"""The records of a refresh: its plan, its commit and its run record; frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from lake.tables.capabilities import Engine
from lake.tables.size import TableSize
from odp.records import LandedFile


class RefreshStatus(StrEnum):
    """The state of a table in odpf_file_processing_tracker."""

    UPDATING = "updating_table"
    COMPLETED = "completed"
    ERROR = "refresh_error"
    STOPPED = "refresh_stopped"
    """The active Region changed during the run; its files wait, and nobody has to do anything."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one table until `expires_at` (epoch seconds); the token grows with every owner.

    `written_with` is the identity of the table's data, if the table is known to have data.
    """

    qualified_name: str
    owner: str
    fencing_token: int
    expires_at: float
    catalog_commit: str = ""
    written_with: Mapping[str, str] | None = None
    beyond_engine: str = ""
    """Why the native engine left the table to this run; empty if it did not."""
    spark_until: float = 0.0
    """The time until which the reason stays (epoch seconds); a later refresh of Spark that completes removes it."""
    epoch: int = 0
    """The number of the epoch of Regions under which the lease was taken."""


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows that one commit inserted, updated and deleted, as its own metadata says.

    `updates_without_row` counts updates of keys that the table did not have; they are among the inserted rows. It is 0
    where they were not counted.
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
    """The content of a table: its load generation, the keys of that load's parts, and its newest change file.

    `load_landing_order` belongs to the load's first part, `last_change_landing_order` to the applied change file that
    landed last. Both are empty without such a file.
    """

    generation: int = 0
    load_keys: frozenset[str] = frozenset()
    newest_change_file: str = ""
    load_landing_order: str = ""
    last_change_landing_order: str = ""


class RefreshKind(StrEnum):
    """The effect of a refresh on the existing rows."""

    INITIAL = "initial"
    CHANGES = "changes"
    RELOAD = "reload"
    EMPTY = "empty"
    """Remove every row: the source was emptied, and a person approved it."""


@dataclass(frozen=True, slots=True)
class HeldFiles:
    """Files that wait for a person for one reason: a load that looks like an accident, or files that are too old."""

    held_id: str
    reason: str
    files: tuple[LandedFile, ...]


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """The plan of one commit to one table: `files` are new to it; `state` is the table's state afterwards.

    `replayed` files were applied already and are read again, because an older file, or the load that they follow,
    arrived after them. `skipped` files are done without being read, each with its reason. `held` files wait for a
    person. Without `files` there is nothing to commit. A load is awaited while parts of one are pending or held: the
    table may lack its rows. A reload is late if the table has changes that follow it. The plan is right for a table
    whose newest commit applied the files that it `follows`.
    """

    kind: RefreshKind
    files: tuple[LandedFile, ...]
    replayed: tuple[LandedFile, ...]
    state: TableState
    skipped: tuple[LandedFile, ...] = ()
    held: tuple[HeldFiles, ...] = ()
    awaits_load: bool = False
    is_late_reload: bool = False
    fence: int = 0
    """The fencing token of the lease under which the commit is made."""
    follows: frozenset[str] | None = None
    epoch: int = 0
    """The number of the epoch of Regions under which the commit is made."""

    @property
    def file_ids(self) -> frozenset[str]:
        """The ids of the files that this refresh applies; the commit carries them as proof."""
        return frozenset(file.file_id for file in self.files)

    @property
    def read_files(self) -> tuple[LandedFile, ...]:
        """The files that the commit reads; a load without rows, which empties the table, has no object."""
        return tuple(file for file in (*self.files, *self.replayed) if not file.is_emptying)

    @property
    def set_aside(self) -> tuple[LandedFile, ...]:
        """The skipped and held files."""
        return (
            *self.skipped,
            *(replace(file, held_id=held.held_id, approval="") for held in self.held for file in held.files),
        )


@dataclass(frozen=True, slots=True)
class LastCommit:
    """The latest refresh that the table's own commit records."""

    commit_time: str
    file_ids: frozenset[str]
    state: TableState
    counts: RowCounts
    size: TableSize | None = None
    """The table's size after the commit, if its format says it."""
    epoch: int = 0
    """The number of the epoch of Regions under which the commit was made; commits of earlier releases have none."""
    added_columns: tuple[str, ...] = ()
    """The columns that changes brought since the load in the table: rows from before them have NULL there."""


@dataclass(frozen=True, slots=True)
class RefreshOutcome:
    """The outcome of one run for one table, kept in odpf_file_processing_tracker_history."""

    qualified_name: str
    source_table_name: str
    status: RefreshStatus
    started_at: str
    ended_at: str
    counts: RowCounts = RowCounts()
    files: int = 0
    error: str = ""
    stack_trace: str = ""
    engine: Engine = Engine.SPARK
    beyond_engine: str = ""
    """Why the native engine left the table to Spark, in its own run and in those of Spark that follow."""
    advice: str = ""
    """What a person may have to do about rows of the table, with the commands."""

    @property
    def is_left_to_spark(self) -> bool:
        """Whether this is a native run that left pending files to Spark."""
        return self.engine is Engine.NATIVE and bool(self.beyond_engine)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The record of one step of a refresh: the files that are done, each with its status, and the outcome so far.

    A record that `closes` the refresh returns its lease with `catalog_commit` and, if the table is known to have data,
    the identity of the data. A `refused` record puts the table into quarantine. The table is planned again once
    `refused_registrations` or `refused_configuration` differs. Its last known `size` stays until a record has another.
    `comes_again` says whether the reason to leave the table to Spark will probably come again.
    """

    outcome: RefreshOutcome
    files: tuple[LandedFile, ...] = ()
    closes: bool = False
    catalog_commit: str = ""
    written_with: Mapping[str, str] | None = None
    refused: bool = False
    refused_registrations: int = 0
    refused_configuration: str = ""
    size: TableSize | None = None
    comes_again: bool = False
