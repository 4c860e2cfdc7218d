"""What the components need from the outside world; `dynamodb`, `file_processor.apply` and tests provide it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from lake.landing.listings import ObjectVersion, TableListing, VersionPage
from odp.configuration import ConfigDeployment, ConfigRequest, Configuration, RequestStatus
from odp.records import (
    BatchConfig,
    BatchPlan,
    KeptEntry,
    LandedFile,
    PendingFiles,
    PendingWork,
    Quarantined,
    QuarantineKind,
    RawTableConfig,
    TableLease,
    WrittenTable,
)
from odp.refresh import LastCommit, Lease, RefreshOutcome, RefreshPlan, RunRecord
from odp.state_changes import Told


class FileRegister(Protocol):
    """Where landed files are written down."""

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history; False when it was known."""


class KnownFiles(FileRegister, Protocol):
    """The register, asked for many files at once."""

    def unknown(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """Name those of the given files that are neither pending nor in the history."""


class Quarantine(Protocol):
    """The one place of what is kept out of the lake and waits for a person."""

    def keep(self, entry: Quarantined) -> bool:
        """Keep an entry with its reason; False when it is there already."""


class RefreshEntries(Quarantine, Protocol):
    """The quarantine as a refresh writes it."""

    def replace(self, entry: Quarantined) -> None:
        """Keep an entry as it is now, whether or not it is there already."""


class KnownEntries(Quarantine, Protocol):
    """The quarantine, asked for many entries at once."""

    def unknown(self, entries: Sequence[Quarantined]) -> Sequence[Quarantined]:
        """Name those of the given entries that are not kept yet."""


class TableEntries(Protocol):
    """The entries of one kind in quarantine, each of a table."""

    def entries(self, kind: QuarantineKind) -> Sequence[str]:
        """List the ids of the entries of a kind."""

    def replace(self, entry: Quarantined) -> None:
        """Keep an entry as it is now, whether or not it is there already."""

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        """Take an entry out."""


class HeldEntries(Protocol):
    """The entries of files that wait for a person."""

    def of_tables(self, kind: QuarantineKind) -> Sequence[KeptEntry]:
        """List the entries of a kind, each with its table."""


class LoadEntries(Quarantine, HeldEntries, Protocol):
    """The entries of loads, which a person may have dismissed."""

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        """Take an entry out."""


class Listing(Protocol):
    """What lies in a staging bucket, whether or not an event named it."""

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        """Give the versions of every object below a prefix, in the order of their keys, after a key.

        Also those that were overwritten: a first LOAD part that was tells of a load that was given up.
        """

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        """Give the version that a reader of each key gets, None where there is none; a request for each key."""

    def page(self, bucket: str, key_marker: str, version_marker: str) -> VersionPage:
        """Give the page of versions that follows a marker."""

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """List the folders directly below a prefix, in their order, each with a slash at its end."""


class Deletions(Protocol):
    """What became of the objects of a staging bucket."""

    def deletions(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        """Say of each key below a prefix when its object was deleted; empty if a reader gets one."""


class StagedFiles(Protocol):
    """Finds the files whose events were lost or are late, and what became of objects."""

    def register_missing(self, pending: Sequence[LandedFile], newest_change_file: str) -> TableListing:
        """Register what lies beside a table's pending files and is not known; tells what is there now."""

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        """Give the version that a reader of each key gets, None where there is none; a request for each key."""


class ObjectContents(Protocol):
    """Compares versions of staged objects."""

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        """Tell whether two versions of one object have the same content; None if one of them is gone."""


class FileHistory(Protocol):
    """The landed files of a table as the ledger has them: its loads, and the changes that are done."""

    def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the pending parts of full loads of one source table."""

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the parts of full loads that the history has, whatever became of them."""

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        """List the change files that the history has, by name from a name on, at most so many."""


class FileTracker(FileHistory, Protocol):
    """The ledger of landed files: pending until they are done, then history."""

    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        """List all pending parts of loads and the oldest pending changes of one source table."""

    def not_booked(self, source_table_name: str, file_ids: Collection[str]) -> Sequence[LandedFile]:
        """List those of the given files, which a commit applied, that are pending or that a person skipped since."""


class PendingWorkReader(Protocol):
    """How much waits for each source table."""

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Give the work of every source table that has pending files; reads a small item of each that ever had one."""


class PlannedLeases(Protocol):
    """What whoever plans must know of tables: which are being written, and which were refused."""

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
        """Give what is known of those of the given tables that a refresh ever touched."""


class CadenceClaims(Protocol):
    """One execution of a cadence at a time."""

    def claim(self, refresh_cadence: str, execution: str) -> str:
        """Claim a cadence for an execution; gives the execution that has it, which is another one while that runs."""

    def release(self, refresh_cadence: str, execution: str) -> None:
        """Give the cadence back, unless another execution has it."""


class ToldStates(Protocol):
    """What people were told, by the key of each subject."""

    def known(self) -> Mapping[str, Told]:
        """Give what people know of every subject that has a problem, or had one lately."""

    def claim(self, key: str, told: Told) -> str | None:
        """Claim the next message of a subject; None if another run has it, or people know more than was read."""

    def note(self, key: str, claim: str, told: Told) -> None:
        """Keep what people know now, unless the claim was taken over."""

    def give_back(self, key: str, claim: str, told: Told) -> None:
        """Let the next judgement send a message, as this one could not be sent; `told` is what was known before."""


class Topic(Protocol):
    """Where those subscribe who are told."""

    def publish(self, subject: str, text: str) -> None:
        """Send a message to all subscribers."""


class PlanStorage(Protocol):
    """Where plans wait for the job runs that carry them out."""

    def write(self, plan: BatchPlan) -> None:
        """Keep a plan under its key."""

    def read(self, key: str) -> BatchPlan:
        """Give the plan of a key."""


class TableLeases(Protocol):
    """One writer per table: the lease is taken and renewed by conditional writes."""

    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        """Take the lease if it is free or expired; None while another run holds it."""

    def renew(self, lease: Lease) -> None:
        """Prolong a lease that is still held; raises LeaseLostError when it was taken over."""


class RunLog(Protocol):
    """What is written down of a refresh: under its lease, each entry whole or not at all."""

    def append(self, lease: Lease, entry: RunRecord) -> None:
        """Move files from pending to history and keep the outcome; a closing entry returns the lease with it.

        Raises:
            LeaseLostError: the lease was taken over; nothing of the entry's last step was written.
        """

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        """Keep the outcome of a run that has no lease any more."""


class Cadences(Protocol):
    """The running configuration of a cadence."""

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        """Give a cadence and its active tables as one deployment left them; raises MissingConfigurationError."""


class TableConfigs(Protocol):
    """The running configuration of a table."""

    def table(self, refresh_cadence: str, source_table_name: str) -> RawTableConfig:
        """Give one table's configuration; raises MissingConfigurationError."""


class ConfigRequests(Protocol):
    """The versions of the configuration request in the config bucket."""

    def newest(self) -> str | None:
        """Give the id of the newest request; None if there is none."""

    def read(self, request_id: str) -> ConfigRequest | None:
        """Give a request as it came; None if the bucket has it no more."""


class DeployTracker(Protocol):
    """The books of configuration requests."""

    def receive(self, request: ConfigRequest, commit: str, requested_by: str) -> None:
        """Keep a request as it came; one that is known is left as it is."""

    def status(self, request: ConfigRequest) -> RequestStatus:
        """Tell what became of a received request."""

    def close(self, request: ConfigRequest, status: RequestStatus, reasons: Sequence[str]) -> None:
        """Write down that a request ended without being applied; one that ended before is left as it is."""


class ConfigurationStore(Protocol):
    """The running configuration, changed by one deployment at a time and seen by its readers as a whole."""

    def begin(self) -> int:
        """Begin an attempt to deploy, which ends every attempt that began before."""

    def running(self, attempt: int) -> Configuration:
        """Give the running configuration, after finishing what the last deployment left unfinished.

        Raises:
            DeploymentOvertakenError: another attempt began later.
        """

    def activate(self, attempt: int, deployment: ConfigDeployment) -> None:
        """Make the changes of a deployment visible at once; raises DeploymentOvertakenError."""


class WrittenTables(Protocol):
    """What refreshes have made of the lake's tables."""

    def written(self, qualified_names: Iterable[str]) -> Mapping[str, WrittenTable]:
        """Tell of those of the given tables that a refresh ever touched."""


class TableWriter(Protocol):
    """Applies files to one table in one commit; decides nothing."""

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the newest refresh from the table itself; None when the table has none."""

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit that carries its file ids and state.

        `check_lease` is called last before the commit begins; what it raises leaves the table as it is.
        """

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        """Bring the Data Catalog up to the newest commit, if it differs; gives that commit's time."""
