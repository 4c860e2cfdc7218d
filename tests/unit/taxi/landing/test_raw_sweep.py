"""A file without an event is registered as by its event, and a sweep continues where it stopped."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from taxi.datasets.dataset import load_datasets
from taxi.landing.raw_sweep import Missed, RawSweep
from taxi.landing.registration import Landing

from lake.landing.listings import ObjectVersion, SweepState
from tests.unit.taxi.landing.batches import take_in
from tests.unit.taxi.memory import MemoryAudit
from tests.unit.taxi.samples import loaded, message, object_created

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
LONG_AGO = "2026-01-05T12:00:00Z"


class Raw:
    """A raw bucket and how far the sweep over it has come; handing over a key takes a second."""

    def __init__(self, *stored: ObjectVersion) -> None:
        self.stored = sorted(stored, key=lambda each: (each.key, not each.is_latest))
        self.state = SweepState()
        self.now = NOW
        self.asked: list[str] = []

    def versions(self, bucket: str, prefix: str, after: str) -> Iterator[ObjectVersion]:
        assert bucket == "raw"
        for each in self.stored:
            if each.key.startswith(prefix) and each.key > after:
                self.now += timedelta(seconds=1)
                self.asked.append(each.key)
                yield each

    def load(self) -> SweepState:
        return self.state

    def save(self, state: SweepState) -> None:
        self.state = state


def stored(key: str, version_id: str = "v1", *, at: str = LONG_AGO, is_latest: bool = True, size: int = 10) -> Any:
    return ObjectVersion("raw", key, version_id, "e1", size, at, is_latest)


def swept(raw: Raw, audit: MemoryAudit, seconds: float = 200) -> Missed:
    sweep = RawSweep(audit, raw, raw, load_datasets(), "raw", lambda: raw.now)
    return sweep.run(raw.now + timedelta(seconds=seconds))


class Ignored:
    def start(self, dataset: str, name: str) -> None: ...


def announced(audit: MemoryAudit, *keys: str, **fields: Any) -> None:
    landing = Landing(audit, Ignored(), load_datasets(), "raw")
    messages = [message(object_created(key, **fields), key) for key in keys]
    assert take_in(landing, messages).failed_message_ids == ()


KEYS = (
    "nyc-taxi/yellow/yellow_tripdata_2021-01.csv",
    "nyc-taxi/yellow/a b+%20ü.PARQUET",
    "nyc-taxi/green/2024/01/x.parquet",
)


def test_lost_files_become_what_their_events_would_have_made_of_them() -> None:
    by_event, by_sweep = MemoryAudit(), MemoryAudit()
    others = ("nyc-taxi/yellow/readme.txt", "nyc-taxi/yelow/typo.csv")
    announced(by_event, *KEYS, *others)
    assert swept(Raw(*map(stored, (*KEYS, *others))), by_sweep) == Missed(landed=3, rejected=2)
    assert by_sweep.marked == by_event.marked
    assert sorted(by_sweep.rejected, key=str) == sorted(by_event.rejected, key=str)


def test_event_that_comes_after_the_sweep_finds_its_file_known() -> None:
    audit = MemoryAudit()
    swept(Raw(stored(KEYS[0])), audit)
    announced(audit, KEYS[0])
    assert len(audit.marked) == 1


def test_file_whose_event_comes_at_the_same_moment_is_not_counted() -> None:
    class Meanwhile(MemoryAudit):
        def unknown(self, files: Any, datasets: Any) -> Any:
            found = super().unknown(files, datasets)
            announced(self, KEYS[0])
            return found

    audit = Meanwhile()
    assert swept(Raw(stored(KEYS[0]), stored(KEYS[2])), audit) == Missed(landed=1)
    assert len(audit.marked) == 2


@pytest.mark.parametrize("has_ended", [False, True])
def test_file_that_an_event_told_of_is_left_as_it_is(has_ended: bool) -> None:
    audit = MemoryAudit()
    announced(audit, KEYS[0], "nyc-taxi/yellow/readme.txt")
    (file,) = audit.marked.values()
    if has_ended:
        audit.ended[file.file_id] = [loaded(file.file_id)]
        audit.marked.clear()
    assert swept(Raw(stored(KEYS[0]), stored("nyc-taxi/yellow/readme.txt")), audit) == Missed()
    assert (len(audit.marked), len(audit.rejected)) == (0 if has_ended else 1, 1)


def test_new_version_of_a_known_file_is_another_file_and_overwritten_ones_are_left_out() -> None:
    audit = MemoryAudit()
    announced(audit, KEYS[0])
    versions = [stored(KEYS[0], "v3"), stored(KEYS[0], "v2", is_latest=False), stored(KEYS[0], is_latest=False)]
    assert swept(Raw(*versions), audit) == Missed(landed=1)
    assert sorted(str(file.version_id) for file in audit.marked.values()) == ["v1", "v3"]


def test_object_that_landed_in_the_last_quarter_of_an_hour_is_left_to_its_event() -> None:
    young = NOW - timedelta(minutes=14)
    raw, audit = Raw(stored(KEYS[0], at=f"{young:%Y-%m-%dT%H:%M:%SZ}")), MemoryAudit()
    assert swept(raw, audit) == Missed()
    raw.now += timedelta(hours=6)
    assert swept(raw, audit) == Missed(landed=1)


def test_tables_in_the_bucket_are_neither_read_through_nor_rejected_and_folders_are_not_counted() -> None:
    raw = Raw(stored("nyc-taxi/yellow/", size=0), stored("odpf_demo_raw/table_1/a.csv"), stored("zzz/x.csv"))
    audit = MemoryAudit()
    assert swept(raw, audit) == Missed()
    assert (audit.marked, [file.key for file in audit.rejected]) == ({}, ["nyc-taxi/yellow/"])
    assert raw.asked == ["nyc-taxi/yellow/"]


def test_sweep_that_ran_out_of_time_goes_on_behind_the_last_file_and_another_begins_after_six_hours() -> None:
    keys = [f"nyc-taxi/yellow/{number:04}.csv" for number in range(2500)]
    raw, audit, found = Raw(*map(stored, keys)), MemoryAudit(), []
    while not raw.state.round_ended:
        found.append(swept(raw, audit).landed)
    assert found == [1000, 1000, 500, 0]
    assert raw.asked == keys
    assert swept(raw, audit) == Missed()
    raw.now = NOW + timedelta(hours=6)
    raw.stored.insert(0, stored("nyc-taxi/green/late.csv"))
    assert swept(raw, audit) == Missed(landed=1)


def test_sweep_that_failed_begins_at_the_files_that_it_had_not_registered() -> None:
    keys = [f"nyc-taxi/yellow/{number:04}.csv" for number in range(1500)]
    raw, steps = Raw(*map(stored, keys)), [0]

    def step() -> None:
        steps[0] += 1
        if steps[0] == 1200:
            raise TimeoutError

    audit = MemoryAudit(step)
    assert swept(raw, audit).landed == 1000
    with pytest.raises(TimeoutError):
        swept(raw, audit)
    assert swept(raw, audit).landed == 500 - 197
    assert len(audit.marked) == 1500


def test_state_of_an_earlier_round_is_no_reason_to_wait_longer_than_six_hours() -> None:
    raw, audit = Raw(stored(KEYS[0])), MemoryAudit()
    began = NOW - timedelta(hours=6)
    raw.state = replace(raw.state, round_began=began.isoformat(), round_ended=NOW.isoformat(), key_marker="zz")
    assert swept(raw, audit) == Missed(landed=1)
