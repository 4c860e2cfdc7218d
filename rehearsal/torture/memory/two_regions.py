"""Two lakes in memory with one clock: what lands in the active Region is copied to the other, late and in any order.

What is taken for granted of AWS: a replica keeps its version id and the time of its landing; the versions of a key are
in the order of their landing; DynamoDB carries items to the other Region within seconds, in no order; nothing passes
between Regions while one is cut off, and what waits comes when it is back, or never.
"""
# ruff: noqa: S311 - draws must repeat, not be secret

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from odp.file_manager.first_landings import FirstLandings
from odp.file_processor.standby import as_standby, lost_on_the_way
from odp.ports import LandingMark
from odp.records import FileStatus

from lake.errors import StaleRegionError
from lake.ledger.epochs import Epoch
from rehearsal.torture.memory.lake import MemoryLake
from rehearsal.torture.memory.leases import Clock
from rehearsal.torture.memory.region import Region

if TYPE_CHECKING:
    from odp.file_processor.batch_refresh import TableRefresher
    from odp.records import LandedFile
    from odp.refresh import Lease

    from rehearsal.torture.check import Finding
    from rehearsal.torture.dms_files import DmsFile, Message
    from rehearsal.torture.evidence import TableEvidence
    from rehearsal.torture.faults import Fault
    from rehearsal.torture.memory.staging import StoredVersion
    from rehearsal.torture.reference_model import ReferenceModel

NAMES = ("us-east-1", "us-west-2")
LAG = timedelta(minutes=15)
_MOST_SECONDS_OF_A_MARK = 3.0
_LOST_EVENTS = 0.2
_LATE_REPLICAS, _LATEST = 0.05, 3 * 3600.0
_STANDBY_REFRESHES = 0.4


@dataclass
class Copy:
    """A version, or the deletion of a key, on its way to a Region."""

    due: float
    to: int
    version: StoredVersion | None = None
    deleted: tuple[str, str] = ("", "")


class SeenRegion(Region):
    """One of two Regions, with the epochs and marks that its replica of odpf_region has."""

    def __init__(self, number: int, regions: TwoRegions) -> None:
        self.number = number
        self.versions = "vw"[number]
        self.newest = Epoch(0, NAMES[0])
        self.marks: dict[str, LandingMark] = {}
        self.epochs_of_runs: dict[str, int] = {}
        self._regions = regions

    @property
    def epoch(self) -> int:  # type: ignore[override]
        """The number of the newest epoch that is seen here."""
        return self.newest.number

    @property
    def is_active(self) -> bool:
        """Whether this Region takes itself for the active one."""
        return self.newest.active == NAMES[self.number]

    def landings(self, register: Any) -> FirstLandings:  # noqa: ANN401 - maybe with faults
        """Register replicas as they landed in the other Region."""
        return FirstLandings(register, self, self)

    def mark_of(self, file: LandedFile) -> LandingMark | None:
        """Return what the other Region says of a file."""
        mark = self.marks.get(file.file_id)
        return mark if mark and mark.region != NAMES[self.number] else None

    def landing_of_replica(self, file: LandedFile) -> str | None:
        """Return when the original of a replica landed; None if the object is no replica."""
        if str(file.version_id).startswith(self.versions):
            return None
        stored = self._regions.lakes[self.number].staging.stored
        return next(version.landed_at for version in stored if version.version_id == file.version_id)

    def is_stale(self, run_id: str) -> bool:
        """Whether a run was begun under an epoch that is seen to be over."""
        return self.epochs_of_runs[run_id] < self.epoch

    def leases(self, leases: Any, epoch: int) -> EpochLeases:  # noqa: ANN401 - maybe with faults
        """Fence a run by its epoch."""
        return EpochLeases(leases, self, epoch)

    def refresher(self, refresher: TableRefresher) -> TableRefresher:
        """Let a standby be behind; after the loss of a Region let its last loads wait for a person."""
        if not self.is_active:
            return as_standby(refresher, LAG)
        return replace(refresher, lost_on_the_way=lost_on_the_way(self.newest, LAG))


class EpochLeases:
    """Leases of a run, which stops as soon as it sees a later epoch than its own."""

    def __init__(self, leases: Any, region: SeenRegion, epoch: int) -> None:  # noqa: ANN401 - maybe with faults
        self._leases = leases
        self._region = region
        self._epoch = epoch

    def acquire(self, qualified_name: str, owner: str) -> Lease | None:
        """Take a lease that is free."""
        self._check()
        self._region.epochs_of_runs[owner] = self._epoch
        taken: Lease | None = self._leases.acquire(qualified_name, owner)
        return taken

    def renew(self, lease: Lease) -> None:
        """Prolong a lease."""
        self._check()
        self._leases.renew(lease)

    def _check(self) -> None:
        if self._region.epoch > self._epoch:
            message = f"epoch {self._region.epoch} has begun, and the run works under {self._epoch}"
            raise StaleRegionError(message)


class TwoRegions:
    """The lake of the Region that people take for the active one, and behind it the other one."""

    def __init__(self, seed: int, draw: Random) -> None:
        self.clock = Clock()
        self.draw = draw
        self.regions = [SeenRegion(number, self) for number in (0, 1)]
        self.lakes = [MemoryLake(Random(f"{seed}/lake/{each.number}"), self.clock, each) for each in self.regions]
        for number, lake in enumerate(self.lakes):
            lake.ledger.mark = self._marking(number)
        self.active = 0
        self.is_warm = draw.random() < 0.6  # noqa: PLR2004 - a share
        self.is_cut = False
        self.under_way: list[Copy] = []
        self._marks: list[tuple[float, int, str, LandingMark]] = []
        self._messages = 0

    @property
    def lake(self) -> MemoryLake:
        """The active Region's lake."""
        return self.lakes[self.active]

    @property
    def standby(self) -> MemoryLake:
        """The other Region's lake."""
        return self.lakes[1 - self.active]

    @property
    def violations(self) -> list[Finding]:
        """What was done in either Region that may never be done."""
        return [finding for lake in self.lakes for finding in lake.violations]

    def set_up(self, replicas: Sequence[ReferenceModel]) -> None:
        """Make the tables known in both Regions."""
        for lake in self.lakes:
            lake.set_up(replicas)

    # What happens to Regions.

    def missing_here(self) -> list[StoredVersion]:
        """The versions that are on their way to the active Region."""
        return [copy.version for copy in self.under_way if copy.version and copy.to == self.active]

    def fail_over(self, *, planned: bool) -> None:
        """Let the other Region take over: on purpose, when all has been copied, or as this one is cut off."""
        if planned:
            self._copy_everything()
        self.is_cut = not planned
        other = 1 - self.active
        seen = [version.landed_at for version in self.lakes[other].staging.stored]
        seen += [mark.landed_at for mark in self.regions[other].marks.values()]
        number = self.regions[other].epoch + 1
        at = self.clock.datetime().isoformat()
        began = Epoch(number, NAMES[other], at=at, planned=planned, last_seen=max(seen, default=""))
        self.regions[other].newest = began
        if not self.is_cut:
            self.regions[self.active].newest = began
        self.active = other

    def heal(self) -> None:
        """Let the Region that was cut off come back: what waited comes now, and it sees the newest epoch."""
        self.is_cut = False
        self.regions[1 - self.active].newest = self.regions[self.active].newest
        for copy in self.under_way:
            copy.due = self.clock.seconds + self.draw.uniform(0, LAG.total_seconds())

    def forget(self) -> None:
        """Lose for good what was not copied from a Region that never comes back."""
        self.under_way = []

    def _copy_everything(self) -> None:
        for copy in self.under_way:
            copy.due = self.clock.seconds
        self.pump()

    def pump(self) -> None:
        """Let everything arrive that is due, in any order."""
        if self.is_cut:
            return
        due = [copy for copy in self.under_way if copy.due <= self.clock.seconds]
        self.under_way = [copy for copy in self.under_way if copy.due > self.clock.seconds]
        for at, to, file_id, mark in self._marks:
            if at <= self.clock.seconds:
                self.regions[to].marks.setdefault(file_id, mark)
        self._marks = [waiting for waiting in self._marks if waiting[0] > self.clock.seconds]
        self.draw.shuffle(due)
        for copy in due:
            self._arrive(copy)

    def _arrive(self, copy: Copy) -> None:
        lake = self.lakes[copy.to]
        if copy.version is None:
            lake.staging.replicate_deletion(*copy.deleted)
            return
        replica = lake.staging.replicate(copy.version)
        if replica is None or self.draw.random() < _LOST_EVENTS:
            return
        self._messages += 1
        event = {**replica.event, "time": self.clock.stamp()}
        lake.receive([{"messageId": f"r{self._messages}", "body": json.dumps(event)}])

    def _copy(self, version: StoredVersion | None = None, deleted: tuple[str, str] = ("", "")) -> None:
        is_late = self.draw.random() < _LATE_REPLICAS
        seconds = self.draw.uniform(0, _LATEST if is_late else LAG.total_seconds() - 1)
        self.under_way.append(Copy(self.clock.seconds + seconds, 1 - self.active, version, deleted))

    def _marking(self, number: int) -> Callable[[LandedFile], None]:
        def mark(file: LandedFile) -> None:
            if file.is_replica:
                return
            noted = LandingMark(NAMES[number], file.landed_at, file.sequencer, file.event_reason)
            self.regions[number].marks.setdefault(file.file_id, noted)
            at = self.clock.seconds + self.draw.uniform(0, _MOST_SECONDS_OF_A_MARK)
            self._marks.append((at, 1 - number, file.file_id, noted))

        return mark

    # What a trial asks of a lake: the active Region's answers.

    def expect(self, fault: Fault | None) -> None:
        """Let the calls outside of refreshes have this fault from now on."""
        self.lake.expect(fault)

    def put(self, file: DmsFile, reason: str = "PutObject") -> dict[str, Any]:
        """Store a file; returns S3's event."""
        version = self.lake.staging.put(file, reason)
        self._copy(version)
        return version.event

    def objects(self, folder: str) -> Sequence[DmsFile]:
        """List what can be read below a folder now."""
        return self.lake.objects(folder)

    def delete(self, key: str) -> bool:
        """Delete an object; tells whether there is a Region whose table does not hold its content."""
        is_unread = self.lake.delete(key)
        self._copy(deleted=(key, self.clock.stamp()))
        applied = {file.key for file in self.standby.ledger.history.values() if file.status is FileStatus.APPLIED}
        return is_unread or key not in applied

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the File Manager have a batch of messages; returns those that failed."""
        return self.lake.receive(messages)

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        """Run one execution of the active Region, and sometimes one of a warm standby."""
        lake = self.lake
        lake.run(faults, arrive)
        self.pump()
        if self.is_warm and not self.is_cut and self.draw.random() < _STANDBY_REFRESHES:
            self.standby.run(faults, lambda: None)

    def sweep(self) -> None:
        """Let the File Managers look at as much of their buckets as they have time for."""
        self.lake.sweep()

    def sweep_through(self) -> None:
        """Let the File Manager look at the whole bucket."""
        self.lake.sweep_through()

    def has_work(self) -> bool:
        """Whether any file is pending."""
        return self.lake.has_work()

    def wait(self, seconds: float) -> None:
        """Let time pass, and copies arrive."""
        self.clock.seconds += seconds
        self.pump()

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""
        return self.lake.quarantined()

    def held(self, replica: ReferenceModel) -> Sequence[DmsFile]:
        """The files of a table that wait for a person, as they can be read now."""
        return self.lake.held(replica)

    def decide(self, replica: ReferenceModel, approved: Collection[str]) -> None:
        """Approve what waits for a person and has one of these keys, and dismiss the rest."""
        self.lake.decide(replica, approved)

    def skip(self, replica: ReferenceModel, keys: Collection[str]) -> bool:
        """Skip what is pending and has one of these keys; tells whether nothing of it is left."""
        return self.lake.skip(replica, keys)

    def empty(self, replica: ReferenceModel) -> bool:
        """Have the table emptied whose load vanished from staging; tells whether the lake sees that it did."""
        return self.lake.empty(replica)

    def evidence(self, replica: ReferenceModel) -> TableEvidence:
        """Read everything about one table."""
        return self.lake.evidence(replica)
