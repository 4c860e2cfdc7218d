"""The history tester's writer in memory changes a table as Spark and Hudi do."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.file_processor.apply.technical_columns import KEY
from odp.file_processor.selection.file_selection import Selection
from odp.file_processor.selection.late_files import Limits
from odp.records import LandedFile, RawTableConfig, RowHistory
from odp.refresh import RefreshKind, RefreshPlan, RowCounts, TableState
from pyspark.sql import SparkSession

from rehearsal.source.dms import CHANGE_SEQUENCE
from rehearsal.torture.dms_files import DmsFile, DmsTable, any_settings
from rehearsal.torture.memory.leases import Clock
from rehearsal.torture.memory.staging import StagingBucket
from rehearsal.torture.memory.writer import MemoryWriter, StoredTable
from rehearsal.torture.source_table import CLOCK, SourceTable
from rehearsal.validation.lake import LakeReader
from tests.spark.dms_files import put
from tests.spark.refresher import History

STORIES = (0, 15)
"""Of eight commits each, of both histories; there are all kinds of refresh, files applied again, and late parts."""
FURTHER_STORIES = (4, 8, 17, 36, 43, 71)
"""With settings that the others have too, in other company."""
AFTERWARDS = timedelta(hours=1)


class Story:
    """A table that is replicated into two lakes: one of Spark and Hudi, one in memory."""

    def __init__(self, seed: str, spark: SparkSession, buckets: Path) -> None:
        self.draw = Random(seed)
        self.clock = Clock()
        self.source = SourceTable(("ID", "PART") if self.draw.random() < 0.3 else ("ID",), keys=6)
        settings = any_settings(self.draw, "")
        images = self.draw.random() < 0.5
        self.dms = DmsTable(
            f"model_{seed}",
            self.source,
            settings,
            self.clock.datetime,
            before_images=images,
            segments=self.draw.choice((0, 2)),
        )
        self.config = _config(self.dms, self.draw)
        self.limits = Limits(files=self.draw.choice((2, 1000)))
        self.history = History()
        self.pending: list[LandedFile] = []
        self.kinds: list[str] = []
        self._staging = StagingBucket(self.clock)
        self._buckets = buckets
        self._spark = SparkTableWriter(spark)
        self._tables: dict[str, StoredTable] = {}
        self._memory = MemoryWriter(self._tables, self._staging, lambda: None, lambda *_: None)

    def land(self, file: DmsFile) -> None:
        """Put a file into both staging buckets."""
        self.clock.seconds += 1
        self.pending.append(put(file, self._staging, self._buckets))

    def refresh(self, now: datetime) -> None:
        """Apply what is pending, in as many commits as the core wants."""
        while self.pending and self._step(now):
            pass

    def _step(self, now: datetime) -> bool:
        last = self._memory.last_refresh(self.config)
        state = last.state if last else TableState()
        versioning = self.config.history
        selection = Selection(self.pending, state, versioning, self.history, now, limits=self.limits)
        refresh = selection.select()
        if refresh.files:
            self.apply(refresh)
        done = {file.file_id for file in (*refresh.files, *refresh.set_aside)}
        self.history.files += [*refresh.files, *refresh.set_aside]
        self.pending = [file for file in self.pending if file.file_id not in done]
        return bool(done)

    def apply(self, refresh: RefreshPlan) -> None:
        """Apply a refresh to both tables, and hold the one to the other."""
        self.kinds.append(f"{refresh.kind} of {len(refresh.files)} files and {len(refresh.replayed)} again")
        here = self._spark.apply(self.config, refresh, lambda: None)
        there = self._memory.apply(self.config, refresh, lambda: None)
        assert (here.file_ids, here.state) == (there.file_ids, there.state), self.told
        assert self.rows_of_spark() == self.rows_in_memory(), self.told
        assert _net(here.counts) == _net(there.counts), self.told

    @property
    def told(self) -> str:
        """The history so far."""
        return f"{self.config.change_sequence}, {self.config.history}: {self.kinds}"

    def rows_of_spark(self) -> list[str]:
        """The rows that Hudi has, without what Hudi adds and the key, which each writer makes its own way."""
        read = LakeReader().read(str(self._buckets / "raw" / "model" / self.config.raw_table_name))
        return _plain(read.to_pylist())

    def rows_in_memory(self) -> list[str]:
        """The rows that the writer in memory has."""
        return _plain(self._tables[self.config.qualified_name].content.rows())


def _config(dms: DmsTable, draw: Random) -> RawTableConfig:
    is_historical = draw.random() < 0.5
    return RawTableConfig(
        refresh_cadence="c",
        source_table_name=f"{dms.settings.schema_name}.{dms.name}",
        primary_key=dms.source.key,
        partition_key=draw.choice(("REGION", None)),
        change_sequence=draw.choice((CHANGE_SEQUENCE, CHANGE_SEQUENCE, CLOCK, None)),
        hudi_table_type="copy_on_write",
        history=RowHistory.ALL if is_historical else RowHistory.LATEST,
        table_format="hudi",
        is_active=True,
        raw_database_name="model",
        raw_database_s3_bucket="raw",
        raw_table_name=dms.name,
    )


def _net(counts: RowCounts) -> tuple[int, int]:
    """A delete of a key that is not there cancels out: Hudi counts it on both sides, or nowhere in a new data file."""
    return counts.inserted - counts.deleted, counts.updated


def _plain(rows: Any) -> list[str]:
    return sorted(repr(sorted(_values(row))) for row in rows)


def _values(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if not name.startswith("_hoodie") and name != KEY and value is not None:
            yield name, value


@pytest.mark.parametrize("seed", [*STORIES, *(pytest.param(seed, marks=pytest.mark.slow) for seed in FURTHER_STORIES)])
def test_writer_in_memory_leaves_the_rows_and_counts_that_spark_and_hudi_leave(
    seed: int, spark: SparkSession, buckets: Path
) -> None:
    story = Story(str(seed), spark, buckets)
    for _ in range(2):
        _load_and_change(story)
    for file in _changes(story):
        story.land(file)
    story.refresh(story.clock.datetime() + AFTERWARDS)
    if story.config.history is RowHistory.LATEST:
        story.apply(RefreshPlan(RefreshKind.EMPTY, (), (), TableState(3)))


def _load_and_change(story: Story) -> None:
    """Load while changes go on; a part of the load and a file of changes may come late."""
    late = _load(story)
    story.refresh(story.clock.datetime())
    first, *others = _changes(story)
    for file in others:
        story.land(file)
    story.refresh(story.clock.datetime())
    if story.draw.random() < 0.3:
        story.draw.choice((story.source.add_column, lambda: story.source.widen(story.draw)))()
    for file in (*late, first, *_changes(story)):
        story.land(file)
    story.refresh(story.clock.datetime() + AFTERWARDS)


def _load(story: Story) -> list[DmsFile]:
    """Write a load of some rows; gives the part that is still to come, if any."""
    while not story.source.rows:
        _live(story, 6)
    first, *others = story.dms.full_load()
    is_late = bool(others) and story.draw.random() < 0.6
    late = others[-1:] if is_late else []
    for part in (first, *others[: len(others) - len(late)]):
        story.land(part)
    return late


def _changes(story: Story) -> list[DmsFile]:
    """Write changes, which are uploaded in any order."""
    _live(story, story.draw.randint(1, 5))
    while not (files := story.dms.changes()):
        _live(story, 1)
    return story.draw.sample(files, len(files))


def _live(story: Story, changes: int) -> None:
    for _ in range(changes):
        (story.source.change_key if story.draw.random() < 0.2 else story.source.change)(story.draw)
