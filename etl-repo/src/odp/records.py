"""The records that components exchange: frozen data that needs no service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from lake.tables.capabilities import Engine
from lake.tables.partitions import Partition, Transform
from lake.tables.size import TableSize
from odp.table_identity import contradicted, occupied_names, stored, write_columns, write_partition

OPERATION = "Op"
"""The column that DMS writes first in change files: I, U or D."""

INSERT, UPDATE, DELETE = "I", "U", "D"

VALID_SEQUENCE = r"^[0-9]{35}\z"
"""DMS writes exactly 35 digits (AR_H_CHANGE_SEQ); a business time with its fraction may have 20.

Java and RE2 read it alike.
"""

CADENCE_CLAIM = "cadence#"
"""Begins the keys of the claims of cadences in odpf_file_processing_tracker; a table's key is `database.table`."""

TOLD, PLANNED = "#told", "#planned"
"""Partitions of odpf_file_tracker for messages sent and for planned cadences. No table has such a name."""

EMPTIED = "EmptyTable"
"""The `event_reason` of a part without an object: a person empties the table, as its source was emptied."""

AUTO = "auto"
"""The engine of a table for which each plan chooses one."""
NATIVE_RUN = "native-"
"""Begins the ids of runs of the native engine; those of Glue begin with jr_."""

_SEQUENCER_DIGITS = 64


class FileType(StrEnum):
    """The kind of a DMS file, with the values of the reference framework's `dms_file_type`."""

    FULL_LOAD = "Full"
    CHANGES = "Incremental"


class RowHistory(StrEnum):
    """Whether a table keeps the latest row of each key or every version of it; the values are stored."""

    LATEST = "S"
    ALL = "H"


class FileStatus(StrEnum):
    """The status of a landed file: pending, or in the history."""

    PENDING = "raw_file_landed"
    APPLIED = "raw_file_processed"
    SKIPPED = "raw_file_skipped"
    HELD = "raw_file_held"


class SkipReason(StrEnum):
    """The reason why a file in the history was not read."""

    OVERWRITTEN = "its object was overwritten before the file was applied; the newer version counts"
    OVERWRITTEN_AMID = "its object was overwritten while the table was written, so nobody knows which version was read"
    COPY = "the same content under the same key was applied already"
    ABANDONED_LOAD = "its full load was given up: another one began before it was complete"
    IN_LOAD = "it landed before the full load that replaced the table began, and is in it"
    VANISHED = "its object was deleted from the staging bucket before the file was applied"
    DISMISSED = "a person dismissed it"


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """The configuration of one refresh cadence."""

    refresh_cadence: str
    datalake_format: str
    glue_job_name: str
    glue_job_worker_type: str
    glue_job_max_workers: int
    refresh_tables_batch_size: int


@dataclass(frozen=True, slots=True)
class RawTableConfig:
    """The configuration of one table of the raw database."""

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
    """How to treat a column whose name tables cannot have: `refuse` or `sanitise`."""
    on_dropped_column: str = "refuse"
    """How to treat a column that the source dropped: `refuse`, or `null` for newer rows."""
    before_images: str = "detect"
    """Whether the DMS task writes before-images: `written`, `none`, or `detect` by a full load."""
    partition_transform: Transform = "identity"
    """What the partition column's values are made into; only some formats have another than identity."""
    partition_buckets: int = 0
    engine: str = AUTO
    """What refreshes the table: `spark`, `native`, or `auto`, with which each plan chooses."""

    @property
    def partition(self) -> Partition | None:
        """The partition field; None if the table is unpartitioned."""
        if self.partition_key is None:
            return None
        return Partition(self.partition_key, self.partition_transform, self.partition_buckets)

    @property
    def identity(self) -> dict[str, str]:
        """What a table that holds data is bound to, under the names that are stored: other values would corrupt it."""
        return stored(
            {
                "source_table_name": self.source_table_name,
                "primary_key": write_columns(self.primary_key),
                "partition_key": write_partition(self.partition),
                "hudi_table_type": self.hudi_table_type,
                "history": self.history.value,
                "table_format": self.table_format,
                "raw_database_S3_bucket": self.raw_database_s3_bucket,
            }
        )

    def differs_from(self, written_with: Mapping[str, str] | None) -> dict[str, str]:
        """Return the fields in which the table's data was written with other values, and those values."""
        return contradicted(self.identity, written_with or {})

    @property
    def digest(self) -> str:
        """A digest of all fields that is the same in every process and release."""
        fields = asdict(self)
        if self.partition_transform == "identity":  # earlier releases knew no other
            del fields["partition_transform"], fields["partition_buckets"]
        if self.engine == AUTO:
            del fields["engine"]
        return hashlib.sha256(json.dumps(stored(fields), sort_keys=True).encode()).hexdigest()

    @property
    def qualified_name(self) -> str:
        """The key of the table's records, `database.table`: two databases may have tables of one name."""
        return f"{self.raw_database_name}.{self.raw_table_name}"

    @property
    def occupied_names(self) -> tuple[str, ...]:
        """The qualified names that the table takes; a merge-on-read table also has two views."""
        return occupied_names(self.qualified_name, self.table_format, self.hudi_table_type)

    @property
    def path(self) -> str:
        """The prefix of the table's files in the bucket."""
        return f"{self.raw_database_name}/{self.raw_table_name}"

    @property
    def base_path(self) -> str:
        """The URI of the table's files if the bucket's role is its physical name."""
        return f"s3://{self.raw_database_s3_bucket}/{self.path}"


def engine_of_run(run_id: str) -> Engine:
    """Say by its id which engine a run has."""
    return Engine.NATIVE if run_id.startswith(NATIVE_RUN) else Engine.SPARK


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """The written state of a table: the identity of its data, and whether a refresh is under way."""

    identity: Mapping[str, str] | None
    is_being_written: bool


@dataclass(frozen=True, slots=True)
class LandedFile:
    """One version of one object that DMS wrote; repeated events give the same id.

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
    """For a part of a parallel load: its folder and prefix in the table's folder. Each segment counts from 1."""
    event_reason: str = ""
    """The operation that wrote the object, as S3's event names it (PutObject, CopyObject …); a listing lacks it."""
    status: FileStatus = FileStatus.PENDING
    status_reason: str = ""
    approved: bool = False
    """Whether a person approved the held load or file."""
    held_id: str = ""
    """For a held file: the id of its quarantine entry. An older release kept none."""
    approval: str = ""
    """For files that a person approves together: their common approval. An approved file waits for the others."""
    is_replica: bool = False
    """Whether the object is known to be a copy of the other Region's; not stored, because the files are the same."""

    @property
    def name(self) -> str:
        """The file name; DMS orders the files of a table by name."""
        return self.key.rsplit("/", 1)[-1]

    @property
    def uri(self) -> str:
        """The S3 URI of the file."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def is_load(self) -> bool:
        """Whether the file is a part of a full load rather than a change file."""
        return self.file_type is FileType.FULL_LOAD

    @property
    def is_emptying(self) -> bool:
        """Whether this is a load without an object, by which a person empties the table."""
        return self.event_reason == EMPTIED

    @property
    def part_number(self) -> int:
        """The number of a part of a full load: DMS counts each segment from 1, in hexadecimal digits."""
        return int(self.name.rpartition("LOAD")[2].partition(".")[0], 16)

    def skipped(self, reason: SkipReason) -> LandedFile:
        """The file as a skipped one in the history."""
        return replace(self, status=FileStatus.SKIPPED, status_reason=reason.value)

    def held(self, reason: str) -> LandedFile:
        """The file as a held one in the history."""
        return replace(self, status=FileStatus.HELD, status_reason=reason, approved=False)

    def applied(self, generation: int) -> LandedFile:
        """The file as an applied one in the history."""
        return replace(self, status=FileStatus.APPLIED, status_reason="", generation=generation)

    @property
    def landing_order(self) -> str:
        """The position in the landing order, as a text that sorts: the second, then the sequencer.

        AWS promises the order of sequencers for one key; for two keys of one second there is nothing better. A listing
        has no sequencer. Then a change counts as the last of its second and a load as the first. So in doubt a change
        comes after a load, and none is dropped.
        """
        unknown = "" if self.is_load else "~"
        # the shorter of two sequencers is padded with zeros on the right
        # (https://repost.aws/knowledge-center/s3-duplicate-sqs-messages)
        return f"{self.landed_at}/{(self.sequencer or unknown).ljust(_SEQUENCER_DIGITS, '0')}"


class QuarantineKind(StrEnum):
    """The kind of a quarantine entry: an object, a message, a table, a load, or a decision of a person."""

    REJECTED_FILE = "rejected_file"
    MALFORMED_MESSAGE = "malformed_message"
    REFUSED_TABLE = "refused_table"
    HELD_LOAD = "held_load"
    HELD_FILE = "held_file"
    SKIPPED_FILE = "skipped_file"
    UNCONFIGURED_TABLE = "unconfigured_table"
    VANISHED_LOAD = "vanished_load"
    DECISION = "decision"
    """Not a waiting entry, but the record of a person's decision, by time."""


HELD_KINDS = (QuarantineKind.HELD_LOAD, QuarantineKind.HELD_FILE)
"""The kinds of entries whose files a person may approve while their objects exist."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An entry of odpf_quarantine, which waits for a person; a repeated problem has the same id."""

    kind: QuarantineKind
    entry_id: str
    reason: str
    details: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A stored quarantine entry of a table; `since` is the time at which it was kept (ISO 8601)."""

    entry_id: str
    source_table_name: str
    since: str
    is_dismissed: bool = False
    gone_at: str = ""
    """For a vanished load: the time at which its last object was deleted. An older release may lack it."""
    landed_from: str = ""
    """The landing time of the oldest file, or of an older release's entry; empty if there is no object."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PendingWork:
    """The pending files of one table: their number and bytes."""

    source_table_name: str
    files: int
    bytes: int
    registrations: int = 0
    """The number of registrations of the table. It never decreases, so a new file always changes it."""


@dataclass(frozen=True, slots=True)
class PendingFiles:
    """The pending files that a refresh works on: all loads, and the oldest changes by name.

    `registrations` was read before the files, so a file that is missing here increases it later.
    """

    files: tuple[LandedFile, ...]
    is_all: bool
    registrations: int


@dataclass(frozen=True, slots=True)
class TableLease:
    """The item of a table in odpf_file_processing_tracker, as planning reads it: its writer and its last refusal."""

    is_leased: bool = False
    refused_registrations: int = -1
    """The registrations at the last refused refresh; -1 if the last refresh was not refused."""
    refused_configuration: str = ""
    """The digest of the configuration at the last refused refresh."""
    was_cut_off: bool = False
    """Whether the last run was killed or timed out."""
    engine: Engine = Engine.SPARK
    """The engine of the last run."""
    refresh_status: str = ""
    """The status of the last refresh; empty before the first."""
    ended_at: str = ""
    error: str = ""
    """Why the last refresh failed; empty if it completed."""
    touched_at: str = ""
    """The time at which a run last began or ended; empty if none ever did."""
    size: TableSize | None = None
    """The table's size after its last commit, if a run recorded it."""
    beyond_engine: str = ""
    """Why the native engine left the next refresh to Spark; empty if it did not."""

    @property
    def is_spark_only(self) -> bool:
        """Whether Spark refreshes the table, whatever its configuration says."""
        return bool(self.beyond_engine)

    @property
    def is_left_to_spark(self) -> bool:
        """Whether the last run was a native one that left the pending files to Spark."""
        return self.engine is Engine.NATIVE and self.is_spark_only

    @property
    def is_refused(self) -> bool:
        """Whether the last refresh was refused, so the next one waits for a change."""
        return self.refused_registrations >= 0

    def waits_for_change(self, table: RawTableConfig, work: PendingWork) -> bool:
        """Whether neither files nor configuration have changed since the last refusal."""
        return self.refused_registrations == work.registrations and self.refused_configuration == table.digest


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The source tables of each batch of one execution of a cadence, and the engine of each; Spark's come first."""

    refresh_cadence: str
    execution_name: str
    batches: tuple[tuple[str, ...], ...]
    engines: tuple[str, ...] = ()
    epoch: int = 0
    """The number of the epoch of Regions under which the plan was made; its runs end when a later one begins."""
    is_standby: bool = False
    """Whether the plan is one of the standby Region, which sees files later than the active one."""

    @property
    def spark_batches(self) -> int:
        """The number of batches that Spark refreshes; plans of earlier releases name no engine, and all are Spark's."""
        return len(self.batches) - self.engines.count(Engine.NATIVE)

    @property
    def key(self) -> str:
        """The key of the plan; an execution that is started again overwrites only its own plan."""
        return f"odp/plans/{self.refresh_cadence}/{self.execution_name}.json"
