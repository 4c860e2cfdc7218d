"""The play: the source goes on writing, the primary is lost in the middle of a refresh, and comes back."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deployment_account.names import OdpTable, Shared
from rehearsal.drill.command import OdpCommand
from rehearsal.drill.deployment import SHORTEST_MINUTES, Drilled, Say
from rehearsal.drill.figures import Figures
from rehearsal.drill.region_lake import DrillError, RegionLake
from rehearsal.drill.source import SCHEMA, DrillTable
from rehearsal.drill.writer import SourceWriter

CHANGES_OF_A_FILE = 20
WRITES_EVERY = 1.0
ROUNDS = 2
_POLL_SECONDS = 0.3
_PATIENCE = 300.0
_LONGEST_REFRESHES = 12
_LATEST_SIGN = 10.0
"""The newest file that the secondary knows of is by so many seconds older than the cut, at most."""
_BEGAN_AND_ENDED = ("refresh_start_date_time", "refresh_end_date_time")


@dataclass
class Drill:
    """One drill in two deployed Regions."""

    drilled: Drilled
    tables: Sequence[DrillTable]
    figures: Figures
    say: Say
    is_lost: bool = False
    """Whether what had not arrived at the cut never comes."""

    def __post_init__(self) -> None:
        drilled, account = self.drilled, self.drilled.primary.lake.environment.account
        self._primary, self._secondary, self._control = drilled.primary, drilled.secondary, drilled.control
        self._odp = OdpCommand(drilled.configuration, drilled.emulator.shell_environment(account))
        self._writer = SourceWriter(self.tables, self._primary.target, WRITES_EVERY, CHANGES_OF_A_FILE)

    def play(self) -> None:
        """Play all of it; whatever must not be is a DrillError."""
        figures = self.figures
        self._control.delay(figures.seed, objects=figures.objects_delay, items=figures.items_delay)
        with self._part("load"):
            self._writer.load()
            loaded_at = time.time()
            self._until_equal(self._primary)
            self._catch_up()
        with self._part("changes"):
            self._writer.start()
            for _ in range(ROUNDS):
                self._refresh_both()
            if figures.mode == "warm":
                self._until_warm()
            self._until_load_is_whole(loaded_at)
        with self._part("failover"):
            execution, commits = self._cut_in_the_middle()
            self._fail_over()
        with self._part("second writer"):
            self._go_on_in_secondary()
        with self._part("return"):
            self._come_back(execution, commits)
        with self._part("failback"):
            self._fail_back()

    # Before the cut

    def _refresh_both(self) -> None:
        self._demand_success(self._primary, self._primary.refresh())
        self._demand_success(self._secondary, self._secondary.refresh())

    def _until_warm(self) -> None:
        """Let the standby refresh until it has every table: it sees no file that landed within the lag."""
        self.say("waiting until the standby has its tables")
        names = {f"{SCHEMA}.{table.name}" for table in self.tables}

        def has_all() -> bool:
            self._refresh_both()
            return names <= self._secondary.commits().keys()

        _until(has_all, "the warm standby has no tables")

    def _until_load_is_whole(self, loaded_at: float) -> None:
        """Wait until the load landed before the lag: one that landed within it may lack parts, and a person decides."""
        until = loaded_at + 60 * SHORTEST_MINUTES + self.figures.objects_delay[1] + _LATEST_SIGN
        if (left := until - time.time()) > 0:
            self.say(f"waiting {left:.0f} s, so that nobody doubts that the load is whole")
            time.sleep(left)

    def _catch_up(self) -> None:
        """Wait until nothing is under way; then nothing would be lost."""
        _until(lambda: not self._control.under_way, "replication does not catch up")
        status = self._odp.run("region", "status")
        self.figures.rpo_files_after_catching_up = _missing_in(status, self._secondary.region)

    # The cut and the failover

    def _cut_in_the_middle(self) -> tuple[str, dict[str, str]]:
        """Stop a run of the primary when it writes its first data file, and cut the Region off."""
        raw = self._primary.lake.published(Shared.RAW_BUCKET)
        self._control.hold(self._primary.region, method="PUT", about=f"^/{raw}/.*/data/")
        execution = self._primary.begin_refresh()
        self.say("waiting until a run of the primary writes")
        _until(lambda: self._control.is_holding, "no run of the primary writes a data file")
        commits = self._primary.commits()
        self._control.cut(self._primary.region, unreachable=True)
        self._lost_at = time.time()
        under_way = [
            each for each in self._control.under_way
            if each["kind"] == "object" and each["source"] == self._primary.region
        ]  # fmt: skip
        self.figures.rpo_files = len(under_way)
        self.figures.rpo_seconds = max((self._lost_at - each["sent"] for each in under_way), default=0.0)
        keys = {str(each["what"]).split("/", 3)[-1] for each in under_way}
        self.figures.rpo_told = len(keys & self._secondary.marked_files())
        self.say(f"{self._primary.region} is cut off: {len(under_way)} files had not arrived")
        if self.is_lost:
            lost = self._control.drop(self._primary.region)
            self.say(f"{len(lost)} files and items are lost for good")
        return execution, commits

    def _fail_over(self) -> None:
        to = ("failover", "--to", self._secondary.region, "--reason", "drill", "--without-primary", "--yes")
        answer = self._odp.run(*to)
        self.figures.rto_command = time.time() - self._lost_at
        for step in answer["steps"]:
            self.say(step)
        self._writer.stop()
        unsure_since = self._lost_at - 2 * self.figures.objects_delay[1]
        self.figures.written_again = self._writer.go_on_in(self._secondary.target, unsure_since=unsure_since)
        self._writer.write_changes()
        before = self._secondary.commits()

        def look() -> None:
            if not self.figures.rto_first_table and self._secondary.commits() != before:
                self.figures.rto_first_table = time.time() - self._lost_at

        self._until_equal(self._secondary, look)
        self.figures.rto_all_tables = time.time() - self._lost_at
        self.say(f"{self._secondary.region} is equal to the source")
        self.figures.rebuilt = list(self._rebuilt(since=self._lost_at))

    def _rebuilt(self, *, since: float) -> Iterator[dict[str, str | float]]:
        """What the run log of the secondary says of each table since the cut."""
        runs = self._secondary.lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)
        for table in self.tables:
            own = [run for run in runs if str(run["raw_table_name"]).rpartition(".")[2] == table.name]
            moments = [
                [datetime.fromisoformat(str(run[name])).timestamp() for name in _BEGAN_AND_ENDED]
                for run in own
                if all(run.get(name) for name in _BEGAN_AND_ENDED)
            ]
            size = sum(len(each.file.body) for each in self._writer.written if each.file.table == table.name)
            seconds = sum(ended - began for began, ended in moments if began >= since)
            yield {"table": table.name, "bytes": float(size), "seconds": seconds}

    def _go_on_in_secondary(self) -> None:
        """The source goes on writing while the secondary refreshes."""
        self._writer.start()
        self._demand_success(self._secondary, self._secondary.refresh())
        self._writer.stop()
        self._until_equal(self._secondary)
        files = self._writer.written
        self.figures.landed_files = len(files)
        self.figures.landed_bytes = sum(len(each.file.body) for each in files)

    # The return of the primary

    def _come_back(self, execution: str, commits: dict[str, str]) -> None:
        """Join the Regions again, let the stopped run wake up, and see that it commits nothing."""
        primary = self._primary
        self.figures.late_replicas = sum(
            each["kind"] == "object" and each["source"] == primary.region for each in self._control.under_way
        )
        self._control.heal(primary.region)
        _until(lambda: not self._control.under_way, "late replicas do not arrive")
        self._control.release()
        ended = primary.ended(execution)
        after = primary.commits()
        self.figures.stale_commits = sum(after.get(name) != commit for name, commit in commits.items())
        self.figures.stale_run = f"its execution {ended}: {self._reasons(primary)}"
        self.say(f"the stale run woke up: {self.figures.stale_run}")
        if self.figures.stale_commits:
            raise DrillError(f"a run with a stale epoch committed: {self.figures.stale_run}")
        if self.figures.mode == "cold" and primary.refresh() and primary.commits() != after:
            raise DrillError("a cold standby refreshed tables")
        self._until_equal(self._secondary)

    def _fail_back(self) -> None:
        began = time.time()
        answer = self._odp.run("failback", "--reason", "drill", "--yes")
        self.figures.failback_command = time.time() - began
        for step in answer["steps"]:
            self.say(step)
        self._writer.go_on_in(self._primary.target, unsure_since=time.time())
        self._writer.write_changes()
        self._until_equal(self._primary)
        self.figures.failback_all_tables = time.time() - began
        self.say(f"{self._primary.region} is equal to the source")

    # What several parts need

    def _until_equal(self, lake: RegionLake, look: Callable[[], None] = lambda: None) -> None:
        """Refresh until each table is equal to the source, which stands still meanwhile."""
        unequal = ["no refresh"]
        for _ in range(_LONGEST_REFRESHES):
            _until(lambda: self._has_registered(lake), f"files of {lake.region} are not registered")
            self._demand_success(lake, lake.refresh(look))
            if not (unequal := lake.unequal(self.tables)):
                return
        raise DrillError(f"{lake.region} is not equal to the source: {'; '.join(unequal)}; {self._reasons(lake)}")

    def _has_registered(self, lake: RegionLake) -> bool:
        """Whether each file that its source was told to be there is registered."""
        landed = sum(each.region == lake.region for each in self._writer.written)
        return lake.lake.registered_files() >= landed

    def _demand_success(self, lake: RegionLake, status: str) -> None:
        if status != "SUCCEEDED":
            raise DrillError(f"a refresh in {lake.region} ended as {status}: {self._reasons(lake)}")

    def _reasons(self, lake: RegionLake) -> str:
        """What the run log says of refreshes that did not complete, the newest first."""
        items: list[dict[str, Any]] = lake.lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)
        newest = sorted(items, key=lambda item: str(item.get("refresh_end_date_time", "")), reverse=True)
        said = dict.fromkeys(str(item["error_message"])[:200] for item in newest if item.get("error_message"))
        return " | ".join(list(said)[:3]) or "the run log has no error"

    @contextmanager
    def _part(self, name: str) -> Iterator[None]:
        self.say(name)
        began = time.monotonic()
        yield
        self.figures.seconds[name] = time.monotonic() - began


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise DrillError(f"{otherwise} after {_PATIENCE:.0f} s")
        time.sleep(_POLL_SECONDS)


def _missing_in(status: dict[str, Any], region: str) -> int:
    """How many files a Region knows by name and has not, as `odp region status` says."""
    return int(status["regions"][region]["missing"]["files"])


def now() -> datetime:
    """The time by which the source's files are named."""
    return datetime.now(UTC)
