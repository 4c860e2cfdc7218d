"""What the parts of the flow need from the outside world; `dynamodb`, `s3_bundles` and tests provide it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from taxi.records import Bundle, FileOutcome, Holder, LandedFile, Lease, MalformedRow, RejectedFile, WaitingFile

if TYPE_CHECKING:
    from lake.landing.listings import ObjectVersion, SweepState


class Known(StrEnum):
    """What the audit table knew of a file when it was to be registered."""

    NEW = "new"
    PENDING = "pending"
    ENDED = "ended"


class FileRegister(Protocol):
    """Registers landed files."""

    def register(self, file: LandedFile) -> Known:
        """Add a file as landed and pending, unless it is known; tell which."""

    def record_rejected(self, file: RejectedFile) -> None:
        """Keep an object that is no file of a dataset where people can see it."""


class KnownFiles(FileRegister, Protocol):
    """Landed files, and which of many are written down."""

    def unknown(
        self, files: Sequence[LandedFile | RejectedFile], datasets: Collection[str]
    ) -> Sequence[LandedFile | RejectedFile]:
        """Name those of the given files that nobody wrote down, neither as one of these datasets nor as rejected."""


class RawListing(Protocol):
    """The raw bucket's versions of objects."""

    def versions(self, bucket: str, prefix: str, after: str) -> Iterator[ObjectVersion]:
        """List the versions of every object below a prefix and after a key, in the order of keys."""


class SweepStates(Protocol):
    """Keeps the position of the sweep."""

    def load(self) -> SweepState:
        """Load the position of the last run."""

    def save(self, state: SweepState) -> None:
        """Save the position of this run."""


class Executions(Protocol):
    """The state machine's executions."""

    def start(self, dataset: str, name: str) -> None:
        """Start an execution for a dataset; one that was started under this name before is not started again."""


class ExecutionStates(Protocol):
    """What the state machine's executions are doing."""

    def has_ended(self, execution_arn: str) -> bool:
        """Tell whether an execution has ended, in any way; False if nobody can tell."""


class DatasetLeases(Protocol):
    """One execution per dataset works at a time."""

    def acquire(self, dataset: str, owner: str, execution_arn: str) -> Lease | None:
        """Take a free, expired or own lease with a new fencing token; None while another holds it."""

    def holder(self, dataset: str) -> Holder | None:
        """Tell who holds a dataset's lease, expired or not; None if nobody does."""

    def take_over(self, holder: Holder, owner: str, execution_arn: str) -> Lease | None:
        """Take the lease of a holder that ended, with a new fencing token; None if it has changed hands since."""

    def renew(self, lease: Lease) -> None:
        """Prolong a lease that is still held; raises LeaseLostError when a later claim took it."""

    def release(self, lease: Lease) -> None:
        """Return a lease that is still held; raises LeaseLostError."""


class PendingFiles(Protocol):
    """The files that landed and have not ended."""

    def pending(self, dataset: str) -> Sequence[LandedFile]:
        """List a dataset's pending files as they are at this moment."""

    def begin(self, lease: Lease, files: Sequence[LandedFile]) -> None:
        """Write down that the lease's owner began with files; raises LeaseLostError."""

    def end(self, lease: Lease, outcomes: Sequence[FileOutcome]) -> None:
        """End pending files, which are then pending no more; raises LeaseLostError."""

    def keep_pending(self, lease: Lease, files: Sequence[WaitingFile]) -> None:
        """Write down how files were tried, why they are pending and until when they wait; raises LeaseLostError."""

    def hasten(self, lease: Lease, file_ids: Sequence[str]) -> None:
        """Let files that wait for a run that works be claimed at once; raises LeaseLostError."""


class BundleStorage(Protocol):
    """Where bundles and their outcomes wait for the steps that need them."""

    def write(self, bundle: Bundle) -> None:
        """Keep a bundle under its key."""

    def read(self, key: str) -> Bundle:
        """Give the bundle of a key."""

    def write_outcome(self, bundle_key: str, outcomes: Sequence[FileOutcome]) -> None:
        """Keep what became of a bundle's files; a later outcome of the same bundle replaces it."""

    def outcome(self, bundle_key: str) -> Mapping[str, FileOutcome] | None:
        """Give what became of a bundle's files, by file id; None if nothing was written."""


class RawFiles(Protocol):
    """The raw bucket."""

    def version(self, bucket: str, key: str) -> str | None:
        """Give the etag that an object has at this moment, without quotes; None if there is none."""

    def read_start(self, bucket: str, key: str, length: int) -> bytes:
        """Give the first bytes of an object, all of them if it is shorter; raises SourceFileError if it is gone."""


class Quarantine(Protocol):
    """Where malformed rows are kept for people to look at and mend."""

    def keep(self, dataset: str, file_id: str, rows: Iterable[MalformedRow]) -> str:
        """Keep the malformed rows of a file version, in place of those kept of it before; give their S3 URI prefix."""
