"""Files that one commit cannot read become several whole commits: the framework's own code on a local table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.sources import DEFAULT_SOURCES
from odp.file_processor.apply.commit_proof import read_commit
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.file_processor.batch_refresh import TableRefresher
from odp.file_processor.selection.late_files import Limits
from odp.records import RawTableConfig, RowHistory
from odp.refresh import LastCommit, RefreshOutcome, RowCounts
from pyspark.sql import SparkSession

from lake.tables.hudi.commits import commits_newest_first
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.memory.leases import Clock, MemoryLeases, MemoryRunLog, Outcomes
from rehearsal.torture.memory.ledger import MemoryLedger, MemoryQuarantine
from rehearsal.torture.memory.staging import StagingBucket
from rehearsal.torture.source_table import BIGINT, STRING
from tests.spark.dms_files import put

COLUMNS = {"ID": BIGINT, "REGION": STRING, "V": STRING, "SEQ": STRING}
Rows = Callable[[RawTableConfig], list[dict[str, Any]]]


class LakeOfOneTable:
    """Ledger and leases in memory, files and table on disk; a run may read `limits` in one commit."""

    def __init__(self, spark: SparkSession, config: RawTableConfig, buckets: Path, limits: Limits) -> None:
        self.spark, self.config, self.limits = spark, config, limits
        self.clock = Clock()
        self.staging = StagingBucket(self.clock)
        self.ledger, self.leases, self.quarantine = MemoryLedger(), MemoryLeases(self.clock), MemoryQuarantine()
        self.outcomes: Outcomes = {}
        self._buckets = buckets
        self._runs = 0

    def land(self, name: str, *rows: tuple[str, int, str, int]) -> None:
        """Write and register a file; each row has operation, ID, V and sequence."""
        self.clock.seconds += 1
        key = f"{self.config.source_table_name.replace('.', '/')}/{name}.parquet"
        values = tuple(
            {"Op": op, "ID": id_, "REGION": "n", "V": value, "SEQ": f"{seq:035d}" if seq else ""}
            for op, id_, value, seq in rows
        )
        file = DmsFile(key, {"Op": STRING, **COLUMNS}, values)
        self.ledger.register(put(file, self.staging, self._buckets))

    def run(self) -> RefreshOutcome:
        """Let a run refresh the table; a batch takes a while."""
        self._runs += 1
        run_id = f"run-{self._runs}"
        run_log = MemoryRunLog(self.ledger, self.leases, self.outcomes, lambda: None)
        staged_files = MissingFiles(self.staging, self.ledger, self.quarantine, DEFAULT_SOURCES, self.clock.datetime)
        refresher = TableRefresher(
            files=self.ledger,
            staged_files=staged_files,
            leases=self.leases,
            writer=SparkTableWriter(self.spark),
            run_log=run_log,
            quarantine=self.quarantine,
            contents=self.staging,
            run_id=run_id,
            limits=self.limits,
            clock=self.clock.datetime,
        )
        outcome = refresher.refresh(self.config)
        assert outcome is not None
        return outcome

    def commits(self) -> list[LastCommit]:
        """The refreshes that reached the table, the oldest first."""
        found = [commit.change for commit in commits_newest_first(self.spark, self.config.base_path)]
        return [read_commit(change) for change in reversed(found) if change]

    def names(self, commit: LastCommit) -> list[str]:
        """The names of the files that a commit applied."""
        return sorted(self.ledger.history[file_id].name.removesuffix(".parquet") for file_id in commit.file_ids)


@pytest.fixture
def lake(
    spark: SparkSession, table_config: Callable[..., RawTableConfig], buckets: Path
) -> Callable[..., LakeOfOneTable]:
    spark.sql("CREATE DATABASE IF NOT EXISTS sales_raw")
    limits = Limits(files=2)
    return lambda **fields: LakeOfOneTable(spark, table_config(partition_key=None, **fields), buckets, limits)


CHANGES = [f"20260301-00000000{number}" for number in range(1, 6)]


@pytest.mark.parametrize("versioning", [RowHistory.ALL, pytest.param(RowHistory.LATEST, marks=pytest.mark.slow)])
def test_backlog_becomes_several_commits_of_files_of_their_own_in_the_order_of_the_source(
    lake: Callable[..., LakeOfOneTable], rows_of: Rows, versioning: RowHistory
) -> None:
    table = lake(history=versioning)
    table.land("LOAD00000001", ("I", 1, "loaded", 0), ("I", 2, "loaded", 0))
    table.run()
    for number, name in enumerate(CHANGES, 1):
        table.land(name, ("U", 1, f"v{number}", number), ("I", 10 + number, "new", number))
    outcome = table.run()
    assert [table.names(commit) for commit in table.commits()] == [
        ["LOAD00000001"],
        CHANGES[:2],
        CHANGES[2:4],
        CHANGES[4:],
    ]
    newest = {row["ID"]: row["V"] for row in rows_of(table.config)}
    assert newest == {1: "v5", 2: "loaded", **{10 + number: "new" for number in range(1, 6)}}
    assert not table.ledger.pending
    is_historical = versioning is RowHistory.ALL
    expected = RowCounts(inserted=10) if is_historical else RowCounts(inserted=5, updated=3)
    assert (outcome.files, outcome.counts, outcome.error) == (5, expected, "")


def test_parts_of_a_load_beyond_one_commit_join_and_no_change_is_applied_before_the_last_of_them(
    lake: Callable[..., LakeOfOneTable], rows_of: Rows
) -> None:
    table = lake()
    for part in range(1, 6):
        table.land(f"LOAD0000000{part}", ("I", part, "loaded", 0))
    table.land(CHANGES[0], ("D", 1, "", 1), ("U", 5, "changed", 2))
    table.run()
    assert [len(commit.file_ids) for commit in table.commits()] == [2, 2, 2]
    assert table.names(table.commits()[-1]) == [CHANGES[0], "LOAD00000005"]
    assert {row["ID"]: row["V"] for row in rows_of(table.config)} == {
        2: "loaded",
        3: "loaded",
        4: "loaded",
        5: "changed",
    }


@pytest.mark.slow  # the stories of two writers do it, too
def test_late_parts_and_late_changes_are_applied_with_all_changes_since_though_each_commit_has_few_new_files(
    lake: Callable[..., LakeOfOneTable], rows_of: Rows
) -> None:
    table = lake()
    table.land("LOAD00000001", ("I", 1, "loaded", 0))
    table.land(CHANGES[3], ("D", 2, "", 4), ("U", 3, "v4", 4))
    table.run()
    table.land(CHANGES[4], ("D", 1, "", 5))
    table.run()
    table.land("LOAD00000002", ("I", 2, "loaded", 0), ("I", 4, "loaded", 0))
    for number in (1, 2):
        table.land(CHANGES[number], ("U", 3, f"v{number + 1}", number + 1), ("U", 1, "late", number + 1))
    outcome = table.run()
    assert [table.names(commit) for commit in table.commits()[-2:]] == [[CHANGES[1], "LOAD00000002"], [CHANGES[2]]]
    assert {row["ID"]: row["V"] for row in rows_of(table.config)} == {3: "v4", 4: "loaded"}
    assert (outcome.files, outcome.error) == (3, "")
