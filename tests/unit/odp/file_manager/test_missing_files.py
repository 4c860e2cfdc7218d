"""Rule 2: S3 is the truth. What landed without an event is found in a listing, under the id that its event has."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from odp.file_manager.missing_files import Found, MissingFiles
from odp.file_manager.registration import landed_object, listed_object
from odp.records import LandedFile

from lake.landing.listings import TableListing
from tests.unit.odp.file_manager.paged_bucket import PagedBucket, version
from tests.unit.odp.file_manager.test_registration import s3_event

LANDED = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
LAYOUTS = {
    "flat": "%Y%m%d",
    **{
        f"{name} {d or 'none'}": sequence.replace("-", d)
        for name, sequence in {
            "YYYYMMDD": "%Y-%m-%d/%Y%m%d",
            "YYYYMMDDHH": "%Y-%m-%d-%H/%Y%m%d",
            "YYYYMM": "%Y-%m/%Y%m%d",
            "MMYYYYDD": "%m-%Y-%d/%Y%m%d",
            "DDMMYYYY": "%d-%m-%Y/%Y%m%d",
        }.items()
        for d in ("/", "-", "_", "")
    },
}
"""Every DatePartitionSequence and DatePartitionDelimiter, as formats of a key below the table's folder."""


def missing_files(bucket: PagedBucket, now: datetime = LANDED + timedelta(hours=1)) -> MissingFiles:
    every: Any = bucket
    return MissingFiles(every, every, every, clock=lambda: now)


def key_of(layout: str, moment: datetime, number: int = 0) -> str:
    """The key of a change file of a moment in a table whose date folders have a layout."""
    return f"s/t/{moment.strftime(f'{LAYOUTS[layout]}-%H%M%S')}{number:03}.parquet"


def year_of_files(layout: str, until: date, each_day: int) -> list[str]:
    end = datetime(until.year, until.month, until.day, tzinfo=UTC)
    step = timedelta(days=1) / each_day
    return [key_of(layout, end - step * number) for number in range(1, 365 * each_day)]


def test_listing_gives_a_version_the_id_that_its_event_gives_it() -> None:
    event = landed_object(s3_event("s/t/LOAD00000001.parquet"))
    listed = listed_object(version("s/t/LOAD00000001.parquet"))
    assert isinstance(event, LandedFile)
    assert isinstance(listed, LandedFile)
    assert (listed.file_id, listed.version_id, listed.landed_at) == (event.file_id, "v1", event.landed_at)
    again = listed_object(version("s/t/LOAD00000001.parquet", "v2"))
    assert isinstance(again, LandedFile)
    assert again.file_id != event.file_id


def test_refresh_registers_what_lies_beside_the_pending_files_of_its_table() -> None:
    names = ["LOAD00000001", "20260101-000000001", "20260101-000000002"]
    bucket = PagedBucket(*(f"s/{table}/{name}.parquet" for table in ("t", "tt") for name in names), "s/t/readme.txt")
    pending = [bucket.landed("s/t/LOAD00000001.parquet"), bucket.landed("s/t/20260101-000000002.parquet")]
    assert missing_files(bucket).register_missing(pending, "").landed == 1
    assert {file.source_table_name for file in bucket.files.values()} == {"s.t"}
    assert missing_files(bucket).register_missing(pending, "").landed == 0
    (rejected,) = bucket.quarantine.values()
    assert rejected.details["file_ingestion_path"] == "s/t/readme.txt"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("day", [date(2026, 1, 31), date(2026, 3, 1), date(2026, 1, 1), date(2026, 2, 20)])
def test_refresh_looks_at_the_days_around_its_pending_files_and_at_no_others(layout: str, day: date) -> None:
    """Code review C15: one to two months were listed, and the whole table with day-first folders."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    missed = [key_of(layout, noon + timedelta(days=step), 7) for step in (-1, 0, 1)]
    load = "s/t/LOAD00000001.parquet"
    bucket = PagedBucket(*year_of_files(layout, day - timedelta(days=1), 2), *missed, load)
    bucket.page_size = 83  # a year has as many pages as with 24 files a day and S3's 1000 keys
    pending = [bucket.landed(key_of(layout, noon, 8))]
    newest = key_of(layout, noon - timedelta(hours=1)).rsplit("/", 1)[-1]
    found = missing_files(bucket).register_missing(pending, newest)
    assert {file.key for file in bucket.files.values()} >= {*missed, load}
    assert found.landed <= 3 * 2 + 4, "of three days"
    assert bucket.requests <= 6


@pytest.mark.parametrize("layout", ["YYYYMMDD /", "flat"])
def test_loads_and_dated_files_that_wait_together_cost_the_days_and_the_loads(layout: str) -> None:
    """Code review C15: the whole table was listed."""
    day = date(2026, 6, 15)
    bucket = PagedBucket(*year_of_files(layout, day, 10), "s/t/LOAD00000002.parquet")
    bucket.page_size = 100
    pending = [
        bucket.landed("s/t/LOAD00000001.parquet"),
        bucket.landed(key_of(layout, datetime(2026, 6, 14, 12, tzinfo=UTC), 9)),
    ]
    missing_files(bucket).register_missing(pending, "")
    assert len(bucket.files) - len(pending) == 20 + 30 + 1, "the days of the changes, those of the load, the load"
    assert bucket.requests <= 4
    assert len(bucket.listed) <= 400


def test_all_events_of_the_days_between_the_newest_change_and_the_pending_ones_may_be_lost() -> None:
    between = [f"s/t/202601{day:02}-120000000.parquet" for day in range(10, 15)]
    bucket = PagedBucket(*between)
    pending = [bucket.landed("s/t/20260114-130000000.parquet")]
    assert missing_files(bucket).register_missing(pending, "20260110-000000001.parquet").landed == 5


def test_files_after_the_pending_ones_of_a_backlog_are_not_paged_through() -> None:
    bucket = PagedBucket(*year_of_files("flat", date(2026, 12, 31), 10), "s/t/LOAD00000001.parquet")
    bucket.page_size = 100
    pending = [bucket.landed(key_of("flat", datetime(2026, 2, 3, 12, tzinfo=UTC), 5))]
    assert missing_files(bucket).register_missing(pending, "").landed == 3 * 10 + 1
    assert bucket.requests == 2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_beside_loads_alone_the_days_are_looked_at_in_which_they_landed_in_any_layout(layout: str) -> None:
    """A change that a load has in it already must not be found after the load was applied: seed 970 of the tester."""
    bucket = PagedBucket(*year_of_files(layout, date(2026, 6, 15), 2), "s/t/LOAD00000002.parquet")
    bucket.page_size = 200
    pending = [bucket.landed("s/t/LOAD00000001.parquet")]
    assert 7 <= missing_files(bucket).register_missing(pending, "").landed <= 8
    assert set(bucket.listed) >= {key_of(layout, LANDED - timedelta(days=step, hours=12)) for step in (-1, 0)}
    assert bucket.requests <= 6


def test_table_with_loads_alone_is_listed_in_two_requests() -> None:
    bucket = PagedBucket("s/t/LOAD00000001.parquet", "s/t/LOAD00000002.parquet")
    assert missing_files(bucket).register_missing([bucket.landed("s/t/LOAD00000001.parquet")], "").landed == 1
    assert bucket.requests == 2


def test_listing_of_a_table_names_the_current_version_of_each_object_that_it_looked_at() -> None:
    gone, there, early = (f"s/t/202601{day}-120000000.parquet" for day in ("10", "11", "01"))
    bucket = PagedBucket(early)
    bucket.put(
        version(gone, "deleted", is_latest=False),
        version(there, "old", is_latest=False),
        version(there, "new"),
        version("s/t/LOAD00000001.parquet", "load"),
    )
    pending = [bucket.landed(gone)]
    looked = missing_files(bucket).register_missing(pending, "20260110-000000001.parquet")
    assert looked.current == {(there, "new"), ("s/t/LOAD00000001.parquet", "load")}
    assert missing_files(bucket).current_versions("staging", [early, gone]) == {early: "v1", gone: None}


def test_segments_beside_those_of_a_parallel_load_that_wait_are_found_whatever_their_folders_are_called() -> None:
    bucket = PagedBucket("s/t/2024/LOAD00000002.parquet", "s/t/p2025/LOAD00000001.parquet", "s/t/20260101-000.parquet")
    first = bucket.landed("s/t/2024/LOAD00000001.parquet")
    looked = missing_files(bucket).register_missing([first], "")
    assert {key for key, _ in looked.current} == {"s/t/2024/LOAD00000002.parquet", "s/t/p2025/LOAD00000001.parquet"}


@pytest.mark.parametrize(("minutes", "missed"), [(0, 0), (14, 0), (16, 1)])
def test_file_counts_as_missed_only_when_its_event_has_had_a_quarter_of_an_hour(minutes: int, missed: int) -> None:
    """Code review C10: the alarm for missed files rang whenever files had just landed."""
    bucket = PagedBucket("s/t/LOAD00000001.parquet")
    now = LANDED + timedelta(minutes=minutes)
    assert missing_files(bucket, now).register_all(bucket.stored) == Found(landed=1, missed=missed)
    looked = missing_files(PagedBucket(), now).register_missing([], "")
    assert looked == TableListing()


def test_pending_file_whose_name_is_no_date_does_not_stop_the_look() -> None:
    """Releases before format 2 registered such files; a person may release one that the migration holds."""
    bucket = PagedBucket("s/t/LOAD00000001.parquet")
    pending = [replace(bucket.landed("s/t/20260101-000000001.parquet"), key="s/t/00000000-000000000.parquet")]
    assert missing_files(bucket).register_missing(pending, "").landed == 1


def test_pending_file_of_a_source_that_is_configured_no_more_does_not_stop_the_look() -> None:
    bucket = PagedBucket("s/t/LOAD00000001.parquet")
    pending = [bucket.landed("s/t/20260101-000000001.parquet")]
    pending.append(replace(pending[0], source_table_name="crm:s.t", key="crm/s/t/20260101-000000001.parquet"))
    assert missing_files(bucket).register_missing(pending, "").landed == 1


def test_objects_that_are_in_quarantine_are_not_put_there_again() -> None:
    class Counting(PagedBucket):
        kept = 0

        def keep(self, entry: Any) -> bool:
            self.kept += 1
            return super().keep(entry)

    bucket = Counting("readme.txt", "s/t/notes.md")
    assert missing_files(bucket).register_all(bucket.stored).rejected == 2
    assert missing_files(bucket).register_all(bucket.stored).rejected == 0
    assert bucket.kept == 2
