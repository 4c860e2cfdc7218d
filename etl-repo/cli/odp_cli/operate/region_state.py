"""What one Region of an environment has, read from that Region alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from botocore.exceptions import ClientError
from odp.records import HELD_KINDS, QuarantineKind

from deployment_account.names import Odp, published_replication
from deployment_account.sources import replications
from lake.ledger.regions import Epoch
from odp_cli.operate.deployed_version import NO_VERSION, DeployedVersion
from odp_cli.operate.landed_marks import NOTHING_MARKED, LandedElsewhere, NotHere
from odp_cli.operate.region_links import BucketRules, rules_of
from odp_cli.operate.regions import AT_ONCE, LakeRegion, UnreachableError, within_reach
from odp_cli.operate.replications import Replication, ReplicationState, replication_of

T = TypeVar("T")
NOT_DEPLOYED = ReplicationState("not deployed", "", 0)


@dataclass(frozen=True, slots=True)
class TableInRegion:
    """One table as a Region has it."""

    source_table_name: str
    newest_applied: str = ""
    newest_pending: str = ""
    pending_files: int = 0
    held_loads: int = 0
    held_files: int = 0


@dataclass(frozen=True, slots=True)
class DmsReplication:
    """A replication of a source as DMS runs it in one Region."""

    source: str
    environment: str
    state: ReplicationState
    replication: Replication | None = None


@dataclass(frozen=True, slots=True)
class RegionState:
    """One Region that answered; `problems` has what it could not say, by what was asked."""

    region: str
    epoch: Epoch
    """The epoch in force as this Region knows it."""
    epochs: tuple[Epoch, ...] = ()
    version: DeployedVersion = NO_VERSION
    tables: tuple[TableInRegion, ...] = ()
    landed: NotHere = NOTHING_MARKED
    links: tuple[BucketRules, ...] = ()
    replications: tuple[DmsReplication, ...] = ()
    waiting_events: int = 0
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def newest_landing(self) -> str:
        """The landing time of the newest file that this Region knows of: applied, pending, or marked by the other."""
        known = ((table.newest_applied, table.newest_pending) for table in self.tables)
        return max([self.landed.newest, *(time for times in known for time in times)])

    @property
    def last_seen(self) -> str:
        """The newest landing time, or an earlier one of a load's part that is missing: its load may lack more."""
        return min([self.newest_landing, *(mark.landed_at for mark in self.landed.missing if mark.is_load)])


@dataclass
class RegionReader:
    """Reads one Region, again and again if need be."""

    region: LakeRegion
    _problems: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.landed = LandedElsewhere(self.region)

    def read(self) -> RegionState:
        """Read everything.

        Raises:
            UnreachableError: the Region does not even say its epoch.
        """
        epoch = self.region.newest_epoch()
        self._problems = {}
        nothing: tuple[tuple[TableInRegion, ...], DeployedVersion] = ((), NO_VERSION)
        tables, version = self._ask("tables", self._tables, nothing)
        return RegionState(
            region=self.region.region,
            epoch=epoch,
            epochs=tuple(self._ask("epochs", self.region.epochs.epochs, [])),
            version=version,
            tables=tables,
            landed=self._ask("marks", self.landed.not_here, NOTHING_MARKED),
            links=tuple(self._ask("S3 replication", lambda: rules_of(self.region), [])),
            replications=tuple(self._ask("DMS", lambda: dms_replications(self.region), [])),
            waiting_events=self._ask("queue", self.waiting_events, 0),
            problems=self._problems,
        )

    def _ask(self, what: str, ask: Callable[[], T], otherwise: T) -> T:
        """Ask for one thing; a service that does not answer or refuses keeps nobody from the others' answers."""
        try:
            with within_reach(self.region.region):
                return ask()
        except UnreachableError as error:
            self._problems[what] = str(error)
        except ClientError as error:
            self._problems[what] = f"{self.region.region} refuses: {error}"
        return otherwise

    def _tables(self) -> tuple[tuple[TableInRegion, ...], DeployedVersion]:
        ledger = self.region.ledger
        configuration = ledger.configuration()
        pending = ledger.pending_work()
        entries = [entry for entry in ledger.entries(HELD_KINDS) if not entry.dismissed_at]
        names = sorted({*configuration.tables, *pending, *(entry.table for entry in entries)})
        with ThreadPoolExecutor(AT_ONCE) as pool:
            applied = dict(zip(names, pool.map(ledger.newest_applied, names), strict=True))
            waiting = dict(zip(pending, pool.map(ledger.newest_pending, pending), strict=True))

        def table(name: str) -> TableInRegion:
            held = [entry.kind for entry in entries if entry.table == name]
            return TableInRegion(
                name,
                applied[name],
                waiting.get(name, ""),
                pending[name].files if name in pending else 0,
                held.count(QuarantineKind.HELD_LOAD),
                held.count(QuarantineKind.HELD_FILE),
            )

        return tuple(map(table, names)), ledger.deployed_version(configuration)

    def running_tables(self) -> list[str]:
        """Name the tables that runs are writing at this moment."""
        ledger = self.region.ledger
        names = [config.qualified_name for config in ledger.configuration().tables.values()]
        now = ledger.now()
        return sorted(name for name, lease in ledger.leases(names).items() if lease.is_held(now))

    def waiting_events(self) -> int:
        """Count the events of landed files that are not registered, also those that failed, as SQS counts: about."""
        queues = (Odp.FILE_MANAGER_QUEUE_URL, Odp.FILE_MANAGER_DEAD_LETTER_QUEUE_URL)
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        waiting = 0
        for url in filter(None, map(self.region.published, queues)):
            found = self.region.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
            waiting += sum(int(found["Attributes"][name]) for name in names)
        return waiting


def dms_replications(region: LakeRegion) -> list[DmsReplication]:
    """Ask DMS for the replications of a Region's sources."""
    found = []
    for source in replications(region.environment.sources):
        arn = region.published(published_replication(source))
        replication = replication_of(region.client("dms"), arn) if arn else None
        found.append(
            DmsReplication(
                source, region.environment.name, replication.state() if replication else NOT_DEPLOYED, replication
            )
        )
    return found
