"""The records that the flow's parts exchange: frozen data that needs no service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FORMAT = 1
"""The format of items of taxi_audit, bundles and outcomes in S3; what was stored without a number has it, too.

Readers ignore fields that they do not know. A change that an older reader would misread needs another number, and a
migration.
"""

REJECTED = "rejected"
"""The dataset, in the audit table, of objects that belong to none; no dataset may have this name."""


class FileStatus(StrEnum):
    """The state of a file in the audit table."""

    LANDED = "landed"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class LandedFile:
    """One version of one object of a dataset; repeated events give the same id.

    `landed_at` is the event's time (ISO 8601, UTC); `etag` is without quotes.
    """

    dataset: str
    file_id: str
    bucket: str
    key: str
    etag: str
    size: int
    landed_at: str
    version_id: str | None = None
    tries: int = 0
    """The number of transient failures that the job reported."""
    deaths: int = 0
    """The number of runs in a row that died or were refused, without a successful run of the dataset."""
    alone: int = 0
    """The number of dead runs that had only this file."""
    most_files: int = 0
    """The most files of its next bundle, after a run with it died; 0 without suspicion."""
    not_before: int = 0
    """The earliest time of the next claim, in epoch seconds."""
    loaded: FileOutcome | None = None
    """The conformed job's outcome, if only the purpose-built tables are not updated yet."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to load a dataset's files; every claim takes a greater fencing token, also one of the same owner."""

    dataset: str
    owner: str
    fencing_token: int


@dataclass(frozen=True, slots=True)
class Holder:
    """The owner of a lease: its claim, and the ARN of the claim's execution if it is known."""

    lease: Lease
    execution_arn: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files that one claim of one execution loads together; `number` is the fencing token of the claim."""

    dataset: str
    execution: str
    number: int
    files: tuple[LandedFile, ...]
    epoch: int = 0
    """The number of the epoch of Regions under which it was claimed; its run commits under no later one."""

    @property
    def key(self) -> str:
        """The key of the bundle; no two claims write the same one."""
        return f"taxi/bundles/{self.dataset}/{self.execution}/{self.number}.json"

    @property
    def is_loaded(self) -> bool:
        """Whether the conformed table has all its files, so only the purpose-built tables are left."""
        return all(file.loaded is not None for file in self.files)

    @property
    def lease(self) -> Lease:
        """The lease under which the bundle was claimed."""
        return Lease(self.dataset, self.execution, self.number)


class LoadStatus(StrEnum):
    """The conformed job's result for one file; a pending file had a transient failure.

    A stopped file had none: the active Region changed, and its Region loads it when it is active again.
    """

    LOADED = "loaded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    PENDING = "pending"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """The outcome of one file of a bundle; `quarantine` is the S3 URI prefix of its malformed rows, if any."""

    file_id: str
    status: LoadStatus
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    quarantine: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that stays pending for the next claim, with a text about its tries and its error."""

    file: LandedFile
    wait_seconds: int
    how: str
    error: str


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A row that no table has: its line in the file, its text, and its fault.

    `line` counts from 1: the lines of a CSV file with its header, the rows of a Parquet file.
    """

    source_file: str
    line: int
    text: str
    reason: str
