"""One Region's lake over real adapters, whose refreshes a test interrupts with what the other Region begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.run_log import DynamoDbRunLog
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.file_processor.batch_refresh import TableRefresher
from odp.file_processor.selection.late_files import Limits
from odp.records import FileType, LandedFile, RawTableConfig
from odp.refresh import LastCommit, RefreshOutcome, RefreshPlan, RowCounts

from lake.landing.listings import TableListing
from lake.ledger.regions import Role, RunEpoch
from tests.unit.odp.samples import RUN_LOG_TABLES, table_config
from tests.unit.two_regions import EAST, TwoRegions

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

CONFIG = table_config()


def landed(number: int) -> LandedFile:
    """A file of changes that is known as f<number>."""
    key = f"s/t/20260101-{number:09d}.parquet"
    at = f"2026-01-01T00:00:{number:02}Z"
    return LandedFile("s.t", f"1/{number:09d}/x", FileType.CHANGES, "s", "t", "staging", key, 1, "", at, "v1")


@dataclass
class Lake:
    """`amid` has what happens when a refresh comes to a step, once: begun, applying, committing, published."""

    dynamodb: DynamoDBServiceResource
    amid: dict[str, Callable[[], object]] = field(default_factory=dict)
    commits: list[RefreshPlan] = field(default_factory=list)
    now: float = 1000.0
    files_of_a_commit: int = 1000

    def __post_init__(self) -> None:
        self.regions = TwoRegions(self.dynamodb)
        self.files = DynamoDbFileTracker(self.dynamodb, "files", "files_history")

    def land(self, *numbers: int) -> None:
        """Register files of changes."""
        for number in numbers:
            assert self.files.register(landed(number))

    def refresher(self, run_id: str, epoch: int, role: Role = Role.ACTIVE, region: str = EAST) -> TableRefresher:
        """Give what refreshes tables for a run whose plan was made under an epoch."""
        run_epoch = RunEpoch(self.regions.of(region), epoch, role)
        clock = lambda: self.now  # noqa: E731 - two adapters have it
        ports: dict[str, Any] = dict.fromkeys(("staged_files", "writer", "contents"), self)
        return TableRefresher(
            **ports,
            files=self.files,
            leases=DynamoDbTableLeases(self.dynamodb, "leases", seconds=60, clock=clock, epoch=run_epoch),
            run_log=DynamoDbRunLog(self.dynamodb, RUN_LOG_TABLES, clock=clock),
            quarantine=DynamoDbQuarantine(self.dynamodb, "quarantine"),
            run_id=run_id,
            limits=Limits(files=self.files_of_a_commit),
            heartbeat_seconds=3600,
        )

    def refresh(self, run_id: str, epoch: int, role: Role = Role.ACTIVE) -> RefreshOutcome | None:
        """Refresh the table in a run."""
        return self.refresher(run_id, epoch, role).refresh(CONFIG)

    def item(self, table: str, **key: str) -> dict[str, Any]:
        """Read an item; empty if there is none."""
        return self.dynamodb.Table(table).get_item(Key=key).get("Item", {})

    @property
    def pending(self) -> list[str]:
        """The names of the pending files."""
        return [file.name for file in self.files.pending_files("s.t", 100).files]

    @property
    def applied(self) -> list[int]:
        """The numbers of the files that the table has, one for each commit that has it."""
        return [int(file.file_id.split("/")[1]) for commit in self.commits for file in commit.files]

    def _reach(self, step: str) -> None:
        self.amid.pop(step, lambda: None)()

    # StagedFiles and ObjectContents
    def register_missing(
        self, pending: Sequence[LandedFile], newest_change_file: str, processed: Sequence[LandedFile] = ()
    ) -> TableListing:
        self._reach("begun")
        return TableListing(current=frozenset((file.key, str(file.version_id)) for file in pending))

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        return dict.fromkeys(keys, "v1")

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool:
        return False

    # TableWriter
    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        if not self.commits:
            return None
        last = self.commits[-1]
        counts = RowCounts(inserted=len(last.files))
        return LastCommit(f"{len(self.commits):04d}", last.file_ids, last.state, counts, None, last.epoch)

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        self._reach("applying")
        check_lease()
        self._reach("committing")
        self.commits.append(refresh)
        committed = self.last_refresh(config)
        assert committed is not None
        return committed

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        self._reach("published")
        return f"{len(self.commits):04d}"
