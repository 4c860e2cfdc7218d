"""The records that components hand to each other; plain frozen data without behaviour that needs a service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from odp.quoted_names import write_columns
from odp.table_identity import contradicted, occupied_names, stored

OPERATION = "Op"
"""The column that DMS writes first in change files: I, U or D."""

INSERT, UPDATE, DELETE = "I", "U", "D"

CADENCE_CLAIM = "cadence#"
"""Begins the keys of the claims of cadences in odpf_file_processing_tracker; a table's key is `database.table`."""

TOLD, PLANNED = "#told", "#planned"
"""Partitions of odpf_file_tracker: what people were told, and when cadences were planned. No table has such a name."""

EMPTIED = "EmptyTable"
"""The `event_reason` of a part without an object: a person wants the table emptied, as its source was."""

_SEQUENCER_DIGITS = 64


class FileType(StrEnum):
    """What a DMS file holds, in the words of the reference framework's `dms_file_type`."""

    FULL_LOAD = "Full"
    CHANGES = "Incremental"


class RowHistory(StrEnum):
    """Whether a table keeps the latest row of each key or every version of it; the values are stored."""

    LATEST = "S"
    ALL = "H"


class FileStatus(StrEnum):
    """What became of a landed file; a pending file has no other entry, the others are in the history."""

    PENDING = "raw_file_landed"
    APPLIED = "raw_file_processed"
    SKIPPED = "raw_file_skipped"
    HELD = "raw_file_held"


class SkipReason(StrEnum):
    """Why a file is in the history although it was not read."""

    OVERWRITTEN = "its object was overwritten before the file was applied; the newer version counts"
    OVERWRITTEN_AMID = "its object was overwritten while the table was written, so nobody knows which version was read"
    COPY = "the same content under the same key was applied already"
    ABANDONED_LOAD = "its full load was given up: another one began before it was complete"
    IN_LOAD = "it landed before the full load that replaced the table began, and is in it"
    VANISHED = "its object was deleted from the staging bucket before the file was applied"
    DISMISSED = "a person dismissed it"


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """How the tables of one refresh cadence are processed."""

    refresh_cadence: str
    datalake_format: str
    glue_job_name: str
    glue_job_worker_type: str
    glue_job_max_workers: int
    refresh_tables_batch_size: int


@dataclass(frozen=True, slots=True)
class RawTableConfig:
    """How one source table becomes one table of the raw database."""

    refresh_cadence: str
    source_table_name: str
    primary_key: tuple[str, ...]
    partition_key: str | None
    change_sequence: str | None
    """The column that holds DMS's change sequence; without one, file names and row order decide."""
    hudi_table_type: str
    history: RowHistory
    table_format: str
    is_active: bool
    raw_database_name: str
    raw_database_s3_bucket: str
    raw_table_name: str
    column_names: str = "refuse"
    """What becomes of a column whose name tables cannot have: `refuse` or `sanitise`."""
    on_dropped_column: str = "refuse"
    """What becomes of a column that the source dropped: `refuse`, or `null` from then on."""
    before_images: str = "detect"
    """Whether the DMS task writes before-images: `written`, `none`, or `detect` once a full load was there."""

    @property
    def identity(self) -> dict[str, str]:
        """What a table that holds data is bound to, under the names that are stored: other values would corrupt it."""
        return stored(
            {
                "source_table_name": self.source_table_name,
                "primary_key": write_columns(self.primary_key),
                "partition_key": write_columns(filter(None, [self.partition_key])),
                "hudi_table_type": self.hudi_table_type,
                "history": self.history.value,
                "table_format": self.table_format,
                "raw_database_S3_bucket": self.raw_database_s3_bucket,
            }
        )

    def differs_from(self, written_with: Mapping[str, str] | None) -> dict[str, str]:
        """Give the fields, with their stored values, in which the data of the table was written otherwise."""
        return contradicted(self.identity, written_with or {})

    @property
    def digest(self) -> str:
        """A text that differs as soon as any field does, and is the same in every process and release."""
        fields = json.dumps(stored(asdict(self)), sort_keys=True)
        return hashlib.sha256(fields.encode()).hexdigest()

    @property
    def qualified_name(self) -> str:
        """Two databases may hold tables of the same name, so books are kept under `database.table`."""
        return f"{self.raw_database_name}.{self.raw_table_name}"

    @property
    def occupied_names(self) -> tuple[str, ...]:
        """The qualified names that no other table can have; a merge-on-read table has two views besides itself."""
        return occupied_names(self.qualified_name, self.hudi_table_type)

    @property
    def path(self) -> str:
        """Where the table's files lie in the bucket."""
        return f"{self.raw_database_name}/{self.raw_table_name}"

    @property
    def base_path(self) -> str:
        """Where the table's files lie, if the role is the bucket's physical name as well."""
        return f"s3://{self.raw_database_s3_bucket}/{self.path}"


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """What the books say of a table of the lake: the identity that its data has, and whether a refresh is under way."""

    identity: Mapping[str, str] | None
    is_being_written: bool


@dataclass(frozen=True, slots=True)
class LandedFile:
    """One version of one object that DMS wrote, known by an id that a repeated event cannot change.

    `landed_at` is the event's time (ISO 8601, UTC); `generation` is set once the file is in the table.
    """

    source_table_name: str
    file_id: str
    file_type: FileType
    schema_name: str
    table_name: str
    bucket: str
    key: str
    size: int
    etag: str
    landed_at: str
    version_id: str | None = None
    sequencer: str | None = None
    generation: int = 0
    segment: str = ""
    """Of a part of a parallel load: its folder and prefix in the table's folder; each segment counts from 1."""
    event_reason: str = ""
    """What wrote the object, in the words of S3's event (PutObject, CopyObject …); a listing does not say."""
    status: FileStatus = FileStatus.PENDING
    status_reason: str = ""
    approved: bool = False
    """Whether a person approved the held load or file."""
    held_id: str = ""
    """Of a held file: the id by which its quarantine entry is known in the table; an older release kept none."""
    approval: str = ""
    """Of a file that a person approves with others: what they have in common. Who is approved waits for the others."""

    @property
    def name(self) -> str:
        """The file name, by which DMS orders the files of a table."""
        return self.key.rsplit("/", 1)[-1]

    @property
    def uri(self) -> str:
        """Where the file lies, as readers and people address it."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def is_load(self) -> bool:
        """Whether the file is a part of a full load, and no file of changes."""
        return self.file_type is FileType.FULL_LOAD

    @property
    def is_emptying(self) -> bool:
        """Whether this is no object but a load without rows, by which a person empties the table."""
        return self.event_reason == EMPTIED

    @property
    def part_number(self) -> int:
        """Of a part of a full load: DMS counts the parts of each segment from 1, in hexadecimal digits."""
        return int(self.name.rpartition("LOAD")[2].partition(".")[0], 16)

    def skipped(self, reason: SkipReason) -> LandedFile:
        """The file as the history has it when it is not applied."""
        return replace(self, status=FileStatus.SKIPPED, status_reason=reason.value)

    def held(self, reason: str) -> LandedFile:
        """The file as the history has it while it waits for a person."""
        return replace(self, status=FileStatus.HELD, status_reason=reason, approved=False)

    def applied(self, generation: int) -> LandedFile:
        """The file as the history has it once the table holds it."""
        return replace(self, status=FileStatus.APPLIED, status_reason="", generation=generation)

    @property
    def landing_order(self) -> str:
        """When the file landed, as a text that sorts: the second and, within it, the sequencer.

        AWS promises the order of sequencers for one key; for two keys of one second there is nothing better. A listing
        names no sequencer: then a change is taken for the last of its second and a load for the first, so that in
        doubt a change comes after a load and nothing of it is dropped.
        """
        unknown = "" if self.is_load else "~"
        # the shorter of two sequencers is padded with zeros on the right
        # (https://repost.aws/knowledge-center/s3-duplicate-sqs-messages)
        return f"{self.landed_at}/{(self.sequencer or unknown).ljust(_SEQUENCER_DIGITS, '0')}"


class QuarantineKind(StrEnum):
    """What kept something out of the lake: what it is, what told of it, or what its table would have become."""

    REJECTED_FILE = "rejected_file"
    MALFORMED_MESSAGE = "malformed_message"
    REFUSED_TABLE = "refused_table"
    HELD_LOAD = "held_load"
    HELD_FILE = "held_file"
    SKIPPED_FILE = "skipped_file"
    UNCONFIGURED_TABLE = "unconfigured_table"
    VANISHED_LOAD = "vanished_load"
    DECISION = "decision"
    """Nothing that waits: what a person decided, by time."""


HELD_KINDS = (QuarantineKind.HELD_LOAD, QuarantineKind.HELD_FILE)
"""The entries of files that a person may approve, as long as their objects are there."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something that waits for a person in odpf_quarantine; the id is the same however often it comes."""

    kind: QuarantineKind
    entry_id: str
    reason: str
    details: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """An entry of a table as the quarantine has it; `since` is when it was kept, ISO 8601."""

    entry_id: str
    source_table_name: str
    since: str
    is_dismissed: bool = False
    gone_at: str = ""
    """Of a vanished load: when its last object was deleted; an older release may not have kept it."""
    landed_from: str = ""
    """When the oldest file landed, or when an older release kept the entry; empty if there is no object."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PendingWork:
    """How much of one table waits to be applied."""

    source_table_name: str
    files: int
    bytes: int
    registrations: int = 0
    """How many files were ever registered for the table; it never falls, so a new file always shows."""


@dataclass(frozen=True, slots=True)
class PendingFiles:
    """The pending files of one table that a refresh may work on: all loads, and the oldest changes by name.

    `registrations` was read before the files, so a file that is missing here raises it later.
    """

    files: tuple[LandedFile, ...]
    is_all: bool
    registrations: int


@dataclass(frozen=True, slots=True)
class TableLease:
    """What odpf_file_processing_tracker says of a table to whoever plans: who writes it, and what was refused."""

    is_leased: bool = False
    refused_registrations: int = -1
    """The registrations that the last refused refresh had seen; -1 when the last refresh was not refused."""
    refused_configuration: str = ""
    """The digest of the configuration that the last refused refresh had."""
    was_cut_off: bool = False
    """Whether the last run did not come to its end: it was killed, or ran out of time."""
    refresh_status: str = ""
    """How the last refresh ended, or that one is under way; empty before the first."""
    ended_at: str = ""
    error: str = ""
    """Why the last refresh failed; empty if it completed."""
    touched_at: str = ""
    """When a run last began or ended to work on the table; empty if none ever did."""

    @property
    def is_refused(self) -> bool:
        """Whether the last refresh was refused, and the next one waits until something changes."""
        return self.refused_registrations >= 0

    def waits_for_change(self, table: RawTableConfig, work: PendingWork) -> bool:
        """Whether nothing has changed since the last refresh was refused, neither files nor configuration."""
        return self.refused_registrations == work.registrations and self.refused_configuration == table.digest


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The source tables of each batch of one execution of a cadence."""

    refresh_cadence: str
    execution_name: str
    batches: tuple[tuple[str, ...], ...]

    @property
    def key(self) -> str:
        """Where the plan lies in its bucket; an execution that is started again overwrites its own plan only."""
        return f"odp/plans/{self.refresh_cadence}/{self.execution_name}.json"
