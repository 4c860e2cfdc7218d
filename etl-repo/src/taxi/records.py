"""The records that the flow's parts hand to each other; plain frozen data without behaviour that needs a service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FORMAT = 1
"""The format of items of taxi_audit, bundles and outcomes in S3; what was stored without a number has it, too.

Readers ignore fields that they do not know. A change that an older reader would misread needs another number, and a
migration.
"""

REJECTED = "rejected"
"""In the audit table the dataset of objects that belong to none; no dataset may be named so."""


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
    """One version of one object of a dataset, known by an id that a repeated event cannot change.

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
    """How often the job said that a failure befell it that passes."""
    deaths: int = 0
    """How many runs with it died or were refused in a row, while no other run of the dataset ended well."""
    alone: int = 0
    """How many runs died that had no other file."""
    most_files: int = 0
    """How many files its next bundle may have, since a run with it died; 0 while nothing is held against it."""
    not_before: int = 0
    """When it may be claimed again, in seconds since 1970."""
    loaded: FileOutcome | None = None
    """What the conformed job loaded of it, if only the purpose-built tables are still to be brought up to date."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to load a dataset's files; every claim takes a greater fencing token, also one of the same owner."""

    dataset: str
    owner: str
    fencing_token: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease: the claim, and the execution of the state machine that made it, if it said which."""

    lease: Lease
    execution_arn: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files that one claim of one execution loads together; `number` is the fencing token of the claim."""

    dataset: str
    execution: str
    number: int
    files: tuple[LandedFile, ...]

    @property
    def key(self) -> str:
        """Where the bundle lies in its bucket; no two claims write the same."""
        return f"taxi/bundles/{self.dataset}/{self.execution}/{self.number}.json"

    @property
    def is_loaded(self) -> bool:
        """Whether the conformed table has all its files, so that only the purpose-built tables are to be built."""
        return all(file.loaded is not None for file in self.files)

    @property
    def lease(self) -> Lease:
        """The lease under which the bundle was claimed."""
        return Lease(self.dataset, self.execution, self.number)


class LoadStatus(StrEnum):
    """What the conformed job made of one file of a bundle; a pending one failed in a way that passes."""

    LOADED = "loaded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file of a bundle; `quarantine` is the S3 URI prefix of its malformed rows, if it has any."""

    file_id: str
    status: LoadStatus
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    quarantine: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that stays pending, as the next claim finds it, and in words how it was tried and what was in the way."""

    file: LandedFile
    wait_seconds: int
    how: str
    error: str


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A row that is in no table: where it stands in its file, what stands there, and what is wrong with it.

    `line` counts from 1: the lines of a CSV file with its header, the rows of a Parquet file.
    """

    source_file: str
    line: int
    text: str
    reason: str
