"""What the components need from the outside world; `dynamodb`, `file_processor.apply` and tests provide it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lake.landing.listings import ObjectVersion, TableListing, VersionPage
from lake.ledger.epochs import Epoch, RegionSettings
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
    """Registers landed files."""

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history; False when it was known."""


class KnownFiles(FileRegister, Protocol):
    """Looks up many files at once."""

    def unknown(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """List the given files that are neither pending nor in the history."""

    def unprocessed(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """List the given files that the history lacks."""


@dataclass(frozen=True, slots=True)
class LandingMark:
    """What the Region in which a file landed says of that; the other Region has a copy, or will have one."""

    region: str
    landed_at: str
    sequencer: str | None
    event_reason: str


class LandingMarks(Protocol):
    """What the other Region says of the files that landed there."""

    def mark_of(self, file: LandedFile) -> LandingMark | None:
        """Return what the other Region says of a file that landed there; None if it says nothing (yet)."""


class ReplicatedObjects(Protocol):
    """Looks at staged objects that may be copies of another Region's."""

    def landing_of_replica(self, file: LandedFile) -> str | None:
        """Return when the original of a replica landed; None if the object is no replica, or gone."""


class Quarantine(Protocol):
    """Keeps everything that waits for a person outside the lake."""

    def keep(self, entry: Quarantined) -> bool:
        """Keep an entry with its reason; False when it is there already."""


class RefreshEntries(Quarantine, Protocol):
    """The quarantine as a refresh writes it."""

    def replace(self, entry: Quarantined) -> None:
        """Write an entry, and replace it if it is there already."""

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        """Remove an entry."""


class KnownEntries(Quarantine, Protocol):
    """Looks up many quarantine entries at once."""

    def unknown(self, entries: Sequence[Quarantined]) -> Sequence[Quarantined]:
        """List the given entries that are not kept yet."""


class TableEntries(Protocol):
    """The entries of one kind in quarantine, each of a table."""

    def entries(self, kind: QuarantineKind) -> Sequence[str]:
        """List the ids of the entries of a kind."""

    def replace(self, entry: Quarantined) -> None:
        """Write an entry, and replace it if it is there already."""

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        """Remove an entry."""


class HeldEntries(Protocol):
    """The entries of files that wait for a person."""

    def of_tables(self, kind: QuarantineKind) -> Sequence[KeptEntry]:
        """List the entries of a kind, each with its table."""


class LoadEntries(Quarantine, HeldEntries, Protocol):
    """The entries of loads, which a person may have dismissed."""

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        """Remove an entry."""


class Listing(Protocol):
    """The objects of a staging bucket, with or without an event."""

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        """List the versions of every object below a prefix and after a key, in the order of keys.

        This includes overwritten versions: an overwritten first LOAD part is the sign of an abandoned load.
        """

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        """Return the current version of each key, None if there is none; a request for each key."""

    def page(self, bucket: str, key_marker: str, version_marker: str) -> VersionPage:
        """Return the page of versions that follows a marker."""

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """List the folders directly below a prefix, in their order, each with a slash at its end."""


class Deletions(Protocol):
    """Looks up deletions in a staging bucket."""

    def deletions(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        """Say of each key below a prefix when its object was deleted; empty if a reader gets one."""


class StagedFiles(Protocol):
    """Finds files whose events are lost or late, and the current versions of objects."""

    def register_missing(
        self, pending: Sequence[LandedFile], newest_change_file: str, processed: Sequence[LandedFile] = ()
    ) -> TableListing:
        """Register unknown files beside a table's pending files, and return the current listing.

        `processed` are files that the history is known to have.
        """

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        """Return the current version of each key, None if there is none; a request for each key."""


class ObjectContents(Protocol):
    """Compares versions of staged objects."""

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        """Whether two versions of one object have the same content; None if one of them is gone."""


class FileHistory(Protocol):
    """The landed files of a table as the ledger has them: its loads, and the changes that are done."""

    def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the pending parts of full loads of one source table."""

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the parts of full loads in the history, applied or not."""

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        """List change files in the history, in the order of names, from a name on, up to a limit."""


class FileTracker(FileHistory, Protocol):
    """The ledger of landed files: pending until they are done, then in the history."""

    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        """List all pending parts of loads and the oldest pending changes of one source table."""

    def unrecorded_files(
        self, source_table_name: str, file_ids: Collection[str], pending: PendingFiles
    ) -> Sequence[LandedFile]:
        """List the files of a commit that do not count as applied: they are pending, skipped or held.

        `pending` was read since the commit was.
        """


class PendingWorkReader(Protocol):
    """Reads the amount of pending work of each source table."""

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Return the pending work of every source table; reads a small item of each table that ever had a file."""


class PlannedLeases(Protocol):
    """Reads for planning which tables are being written, and which were refused."""

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
        """Return the leases of the given tables; tables that no refresh ever touched are left out."""


class CadenceClaims(Protocol):
    """One execution of a cadence at a time."""

    def claim(self, refresh_cadence: str, execution: str) -> str:
        """Claim a cadence for an execution, and return its owner: another execution as long as that runs."""

    def release(self, refresh_cadence: str, execution: str) -> None:
        """Release the cadence, unless another execution has it."""


class ToldStates(Protocol):
    """Keeps what people were told, by the key of each subject."""

    def known(self) -> Mapping[str, Told]:
        """Return what people know of every subject that has a problem, or had one lately."""

    def claim(self, key: str, told: Told) -> str | None:
        """Claim the next message of a subject; None if another run has it, or the item changed since it was read."""

    def note(self, key: str, claim: str, told: Told) -> None:
        """Record what people know now, unless another run took the claim over."""

    def give_back(self, key: str, claim: str, told: Told) -> None:
        """Release the claim of a message that could not be sent; `told` is the state before the claim."""


class Topic(Protocol):
    """Sends messages to subscribers."""

    def publish(self, subject: str, text: str) -> None:
        """Send a message to all subscribers."""


class ActiveRegion(Protocol):
    """Tells which Region is active, as one's own Region knows it."""

    @property
    def settings(self) -> RegionSettings:
        """The two Regions, and how a standby works."""

    @property
    def own_region(self) -> str:
        """The Region in which this code runs."""

    def newest(self) -> Epoch:
        """Return the epoch in force."""


class StandbyPlans(Protocol):
    """Keeps when a standby last planned each cadence."""

    def last_as_standby(self, refresh_cadence: str) -> str:
        """Return the time (ISO 8601) of a cadence's last plan in a standby; empty without one."""

    def planned_as_standby(self, refresh_cadence: str) -> None:
        """Record that a standby planned a cadence now."""


class PlanStorage(Protocol):
    """Keeps the plans that job runs read."""

    def write(self, plan: BatchPlan) -> None:
        """Keep a plan under its key."""

    def read(self, key: str) -> BatchPlan:
        """Read the plan of a key."""


class TableLeases(Protocol):
    """One writer per table: the lease is taken and renewed by conditional writes."""

    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        """Take the lease if it is free or expired; None while another run holds it.

        Raises:
            StaleRegionError: the active Region has changed since the plan of the run.
        """

    def renew(self, lease: Lease) -> None:
        """Renew a lease; raises LeaseLostError or StaleRegionError when it is no longer the run's."""


class RunLog(Protocol):
    """Records refreshes under their leases, each record whole or not at all."""

    def append(self, lease: Lease, entry: RunRecord) -> None:
        """Move files from pending to history and record the outcome; a closing record also returns the lease.

        Raises:
            LeaseLostError: another run took the lease over; nothing of the record's last step was written.
        """

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        """Record the outcome of a run that lost its lease."""


class Cadences(Protocol):
    """The running configuration of a cadence."""

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        """Return a cadence and its active tables as of one deployment; raises MissingConfigurationError."""


class TableConfigs(Protocol):
    """The running configuration of a table."""

    def table(self, refresh_cadence: str, source_table_name: str) -> RawTableConfig:
        """Return one table's configuration; raises MissingConfigurationError."""


class ConfigRequests(Protocol):
    """The versions of the configuration request in the config bucket."""

    def newest(self) -> str | None:
        """Return the id of the newest request; None if there is none."""

    def read(self, request_id: str) -> ConfigRequest | None:
        """Read a request; None if the bucket no longer has it."""


class DeployTracker(Protocol):
    """Records configuration requests."""

    def receive(self, request: ConfigRequest, commit: str, requested_by: str) -> None:
        """Record a request; a known one stays unchanged."""

    def status(self, request: ConfigRequest) -> RequestStatus:
        """Return the status of a received request."""

    def close(self, request: ConfigRequest, status: RequestStatus, reasons: Sequence[str]) -> None:
        """Record that a request ended without being applied; one that has ended stays unchanged."""


class ConfigurationStore(Protocol):
    """Changes the running configuration: one deployment at a time, and visible as a whole."""

    def begin(self) -> int:
        """Begin an attempt to deploy; it ends every earlier attempt."""

    def running(self, attempt: int) -> Configuration:
        """Finish what the last deployment left unfinished, then give the running configuration.

        Raises:
            DeploymentOvertakenError: another attempt began later.
        """

    def activate(self, attempt: int, deployment: ConfigDeployment) -> None:
        """Make the changes of a deployment visible at once; raises DeploymentOvertakenError."""


class WrittenTables(Protocol):
    """Reads what refreshes wrote into the lake's tables."""

    def written(self, qualified_names: Iterable[str]) -> Mapping[str, WrittenTable]:
        """Return the written state of the given tables; tables that no refresh ever touched are left out."""


class TableWriter(Protocol):
    """Applies files to one table in one commit."""

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the latest refresh from the table itself; None if the table has none."""

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit that carries its file ids and state.

        `check_lease` is called right before the commit begins; if it raises, the table stays unchanged.
        """

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        """Update the Data Catalog to the latest commit if it differs, and return the commit's time."""
