"""Clocks of several writers, and how long a snapshot stays for its readers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lake.tables.iceberg_native import retention
from tests.unit.lake.iceberg_native.lake import LakeTable, arrow

pytestmark = pytest.mark.simulation  # it writes files, which takes long for make check

DAY_SECONDS = 86_400.0


def set_clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the process's clock differ from that of the machine, by which files are dated."""
    now, nanoseconds = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() + seconds)
    monkeypatch.setattr(time, "time_ns", lambda: nanoseconds() + int(seconds * 1e9))


def test_commits_do_not_go_back_in_time_after_one_of_a_clock_that_is_ahead(loaded: LakeTable) -> None:
    """Iceberg on Spark and Athena read no table whose log of snapshots goes back by more than a minute."""
    with pytest.MonkeyPatch.context() as ahead:
        set_clock(ahead, 600)
        loaded.stored.append(arrow([("I", 7, 70, "north")]))
    for number in range(3):
        loaded.change([("U", 1, number, "north")])
    metadata = loaded.stored.metadata
    times = [entry.timestamp_ms for entry in metadata.snapshot_log]
    assert times == sorted(times)
    assert metadata.last_updated_ms >= times[-1]


def test_other_writer_whose_clock_is_ahead_makes_no_live_file_an_orphan(
    loaded: LakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as ahead:
        set_clock(ahead, 10 * DAY_SECONDS)
        loaded.stored.append(arrow([("I", 7, 70, "north")]))
    monkeypatch.setattr(retention, "QUERY_MS", -(20 * int(DAY_SECONDS) * 1000))
    young = Path(loaded.definition.location.removeprefix("file://")) / "data" / "of_a_run_under_way.parquet"
    young.write_text("1")
    for number in range(70):
        loaded.change([("U", 1, number, "north")])
    assert len(loaded.stored.metadata.snapshots) < 70, "snapshots were forgotten, so orphans were looked for"
    assert loaded.rows() == [(1, 69, "north"), (2, 20, "south"), (3, 30, None), (7, 70, "north")]
    assert young.exists()


def test_snapshot_ages_from_the_next_one_on(loaded: LakeTable) -> None:
    """A query of yesterday's table goes on while a run applies a backlog in many commits."""
    metadata = loaded.stored.metadata
    (snapshot,) = metadata.snapshots
    day, now = int(DAY_SECONDS * 1000), snapshot.timestamp_ms
    ages = [*range(40 * day, 0, -day), *range(60)]  # the 40th was the newest until a moment ago
    numbered = [
        snapshot.model_copy(update={"snapshot_id": at, "sequence_number": at, "timestamp_ms": now - age})
        for at, age in enumerate(ages, start=1)
    ]
    forgotten = retention.expired_snapshots(metadata.model_copy(update={"snapshots": numbered}), now)
    assert sorted(each.snapshot_id for each in forgotten) == [*range(1, 40)]
