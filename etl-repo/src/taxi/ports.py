"""The ports of the flow's parts; `dynamodb`, `s3_bundles` and tests implement them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from lake.landing.object_created import RejectedFile
from taxi.records import Bundle, FileOutcome, Holder, LandedFile, Lease, MalformedRow, WaitingFile

if TYPE_CHECKING:
    from lake.landing.listings import ObjectVersion


class EarlierState(StrEnum):
    """The state of a file in the audit table before its registration."""

    NEW = "new"
    PENDING = "pending"
    ENDED = "ended"


class FileRegister(Protocol):
    """Registers landed files."""

    def register(self, file: LandedFile) -> EarlierState:
        """Add a file as landed and pending unless it is known; returns the earlier state."""

    def record_rejected(self, file: RejectedFile) -> None:
        """Record an object that belongs to no dataset, where people can see it."""

    def unknown(
        self, files: Sequence[LandedFile | RejectedFile], datasets: Collection[str]
    ) -> Sequence[LandedFile | RejectedFile]:
        """List the given files that are not recorded, neither for one of these datasets nor as rejected."""


class RawListing(Protocol):
    """The raw bucket's versions of objects."""

    def versions(self, bucket: str, prefix: str, after: str) -> Iterator[ObjectVersion]:
        """List the versions of every object below a prefix and after a key, in the order of keys."""


class Executions(Protocol):
    """The state machine's executions."""

    def start(self, dataset: str, name: str) -> None:
        """Start an execution for a dataset; the same name starts nothing twice."""


class ExecutionStates(Protocol):
    """Looks up the state machine's executions."""

    def has_ended(self, execution_arn: str) -> bool:
        """Whether an execution has ended, in any way; False if unknown."""


class DatasetLeases(Protocol):
    """One execution per dataset works at a time."""

    def acquire(self, dataset: str, owner: str, execution_arn: str) -> Lease | None:
        """Take a free, expired or own lease with a new fencing token; None while another execution has it."""

    def holder(self, dataset: str) -> Holder | None:
        """Return the owner of a dataset's lease, expired or not; None if there is none."""

    def take_over(self, holder: Holder, owner: str, execution_arn: str) -> Lease | None:
        """Take the lease of an ended owner, with a new fencing token; None if it has changed hands meanwhile."""

    def renew(self, lease: Lease) -> None:
        """Renew a lease; raises LeaseLostError if a later claim took it."""

    def release(self, lease: Lease) -> None:
        """Return a lease; raises LeaseLostError if a later claim took it."""


class PendingFiles(Protocol):
    """Reads and updates the pending files."""

    def pending(self, dataset: str) -> Sequence[LandedFile]:
        """List a dataset's pending files, strongly consistent."""

    def begin(self, lease: Lease, files: Sequence[LandedFile]) -> None:
        """Record that the lease's owner began with files; raises LeaseLostError."""

    def end(self, lease: Lease, outcomes: Sequence[FileOutcome]) -> None:
        """End pending files; raises LeaseLostError."""

    def keep_pending(self, lease: Lease, files: Sequence[WaitingFile]) -> None:
        """Record the tries of files, why they are pending and until when they wait; raises LeaseLostError."""

    def hasten(self, lease: Lease, file_ids: Sequence[str]) -> None:
        """End the wait of files that wait for a working run; raises LeaseLostError."""


class BundleStorage(Protocol):
    """Keeps bundles and their outcomes between steps."""

    def write(self, bundle: Bundle) -> None:
        """Keep a bundle under its key."""

    def read(self, key: str) -> Bundle:
        """Read the bundle of a key."""

    def write_outcome(self, bundle_key: str, outcomes: Sequence[FileOutcome]) -> None:
        """Keep the outcomes of a bundle's files; a later write for the same bundle replaces them."""

    def outcome(self, bundle_key: str) -> Mapping[str, FileOutcome] | None:
        """Read the outcomes of a bundle's files, by file id; None if nothing was written."""


class RawFiles(Protocol):
    """The raw bucket."""

    def version(self, bucket: str, key: str) -> str | None:
        """Return the current etag of an object, without quotes; None if the object does not exist."""

    def read_start(self, bucket: str, key: str, length: int) -> bytes:
        """Return the first bytes of an object, all of them if it is shorter; raises SourceFileError if it is gone."""


class Quarantine(Protocol):
    """Keeps malformed rows, for people to look at and correct."""

    def keep(self, dataset: str, file_id: str, rows: Iterable[MalformedRow]) -> str:
        """Keep the malformed rows of a file version, replacing earlier ones; returns their S3 URI prefix."""
