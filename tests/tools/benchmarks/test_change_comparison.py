"""The course of the change benchmark: loaded once, changed in rounds from the same state; the quickest round counts."""

import shutil
from pathlib import Path

import pytest

from benchmarks.change_phase.comparison import Course
from benchmarks.change_phase.duckdb_rewrite import DUCKDB
from benchmarks.change_phase.entry import Entry, Step
from benchmarks.change_phase.odp_writer import ODP_HUDI
from benchmarks.change_phase.textbook_hudi import HUDI
from benchmarks.change_phase.workload import LOAD, STAGING, Workload
from benchmarks.stopwatch import Duration

WORKLOAD = Workload("tiny", tables=1, rows=40, changes=20)
SECONDS = {ODP_HUDI: [3.0, 2.0], HUDI: [8.0, 9.0], DUCKDB: [1.0, 0.5]}


class Runs:
    """Stands for the processes: each leaves a mark in its bucket, exports the loaded rows and takes the given time."""

    def __init__(self) -> None:
        self.marks: list[list[str]] = []
        self._left = {contender: list(seconds) for contender, seconds in SECONDS.items()}

    def run(self, entry: Entry, *steps: Step) -> list[Duration]:
        bucket, _ = entry.state
        bucket.mkdir(parents=True, exist_ok=True)
        (bucket / steps[0]).touch()
        self.marks.append(sorted(path.name for path in bucket.iterdir()))
        if Step.EXPORT in steps:
            (table,) = entry.workload.source_tables
            entry.exported(table.name).mkdir(parents=True)
            shutil.copy(entry.buckets / STAGING / table.key(LOAD), entry.exported(table.name) / "rows.parquet")
        seconds = self._left[entry.contender].pop(0) if steps[0] is Step.CHANGE else 99.0
        return [Duration(seconds, seconds / 2) for _ in steps]


def test_quickest_round_counts_and_every_round_begins_with_the_loaded_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs()
    monkeypatch.setattr(Entry, "run_in_own_process", lambda entry, *steps: runs.run(entry, *steps))  # noqa: PLW0108
    records = Course(WORKLOAD, tmp_path, tuple(SECONDS)).run(rounds=2)
    assert [record["s"] for record in records] == [2.0, 8.0, 0.5]
    assert [record["faster than textbook"] for record in records] == [4.0, 1.0, 16.0]
    assert [record["× duckdb"] for record in records] == [4.0, 16.0, 1.0]
    assert runs.marks == [["load"]] * 3 + [["change", "load"]] * 6
