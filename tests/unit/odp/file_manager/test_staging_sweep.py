"""Rule 13: the sweep goes on where it stopped and costs a day's files; rule 2: it finds every file all the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from odp.file_manager import staging_sweep
from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.staging_sweep import RECENT_EVERY, ROUND_EVERY, Sweep, Swept

from lake.landing.listings import SweepState
from tests.unit.odp.file_manager import paged_bucket
from tests.unit.odp.file_manager.paged_bucket import PagedBucket, version
from tests.unit.odp.file_manager.test_missing_files import LAYOUTS, key_of

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
DONE = SweepState(round_began=NOW.isoformat(), round_ended=NOW.isoformat())
"""A round has just ended, and nothing recent has been looked at."""


class Sweeper:
    """A sweep with its clock; each page of a listing takes a minute."""

    def __init__(self, bucket: PagedBucket, state: SweepState = SweepState()) -> None:  # noqa: B008 - frozen
        self.bucket = bucket
        self.state = state
        self.now = NOW
        self.minutes_per_page = 0

    def load(self) -> SweepState:
        return self.state

    def save(self, state: SweepState) -> None:
        self.state = state

    def clock(self) -> datetime:
        return self.now + timedelta(minutes=self.minutes_per_page) * self.bucket.requests

    def run(self, minutes: float = 15) -> Swept:
        every: Any = self.bucket
        missing_files = MissingFiles(every, every, every, clock=self.clock)
        sweep = Sweep(missing_files, every, self, "staging", ("",), self.clock)
        return sweep.run(self.clock() + timedelta(minutes=minutes))


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and batches of a hundred, not a thousand: a tenth of the keys takes as many pages."""
    monkeypatch.setattr(paged_bucket, "PAGE", 100)
    monkeypatch.setattr(staging_sweep, "_VERSIONS_AT_ONCE", 100)


def old_files(tables: int, days: int) -> list[str]:
    return [
        key_of("YYYYMMDD /", NOW - timedelta(days=day)).replace("s/t/", f"s/t{table:03}/")
        for table in range(tables)
        for day in range(10, days + 10)
    ]


def test_first_run_registers_files_of_tables_that_no_event_ever_named_and_keeps_rejected_ones_apart() -> None:
    sweeper = Sweeper(PagedBucket("s/t/LOAD00000001.parquet", "s/u/20250101-000000001.parquet", "readme.txt"))
    sweeper.bucket.landed("s/t/LOAD00000001.parquet")
    found = sweeper.run().found
    assert (found.landed, found.missed, found.rejected) == (1, 1, 1)
    again = sweeper.run().found
    assert (again.landed, again.rejected) == (0, 0)


@pytest.mark.usefixtures("small_pages")
def test_round_that_does_not_fit_into_one_run_goes_on_where_it_stopped_until_every_key_was_seen() -> None:
    """Code review C7: each sweep began at the first key and ended at the same one."""
    sweeper = Sweeper(PagedBucket(*old_files(10, 50)), DONE)
    sweeper.run()
    sweeper.state, sweeper.minutes_per_page = SweepState(recent_began=NOW.isoformat()), 1
    sweeper.bucket.listed.clear()
    runs = 0
    while not sweeper.state.round_ended:
        sweeper.run(minutes=2)
        runs += 1
    assert sorted(sweeper.bucket.listed) == sorted(stored.key for stored in sweeper.bucket.stored)
    assert len(sweeper.bucket.files) == len(sweeper.bucket.stored)
    assert runs == 3


def test_file_that_lands_behind_the_cursor_is_found_among_the_recent_files_of_its_table() -> None:
    sweeper = Sweeper(PagedBucket(*old_files(3, 10)))
    sweeper.state = SweepState(round_began=NOW.isoformat(), key_marker="s/t002/", recent_began=NOW.isoformat())
    late = key_of("YYYYMMDD /", NOW).replace("s/t/", "s/t000/")
    sweeper.bucket.put(*PagedBucket(late).stored)
    sweeper.run()
    assert late not in {file.key for file in sweeper.bucket.files.values()}
    sweeper.now += RECENT_EVERY
    sweeper.run()
    assert late in {file.key for file in sweeper.bucket.files.values()}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("late_by", [timedelta(), timedelta(days=1)])
def test_missed_change_of_these_days_and_missed_load_are_found_within_hours_in_any_layout_of_dates(
    layout: str, late_by: timedelta
) -> None:
    old = [key_of(layout, NOW - timedelta(days=day)) for day in range(30, 60)]
    missed = [key_of(layout, NOW - late_by, 7), "s/t/LOAD00000001.parquet", "s/t/SEGMENT1_LOAD00000001.parquet"]
    sweeper = Sweeper(PagedBucket(*old, *missed), DONE)
    sweeper.run()
    assert {file.key for file in sweeper.bucket.files.values()} == set(missed)


@pytest.mark.usefixtures("small_pages")
def test_recent_files_cost_the_same_however_much_staging_holds() -> None:
    def requests(days: int) -> int:
        sweeper = Sweeper(PagedBucket(*old_files(3, days), *old_files(3, 1)), DONE)
        sweeper.run()
        return sweeper.bucket.requests

    assert requests(300) == requests(3)


def test_between_two_looks_nothing_is_listed() -> None:
    sweeper = Sweeper(PagedBucket(*old_files(20, 10)))
    sweeper.run()
    sweeper.bucket.requests = 0
    sweeper.now += RECENT_EVERY - timedelta(minutes=1)
    assert sweeper.run() == Swept(sweeper.run().found)
    assert sweeper.bucket.requests == 0


def test_recent_files_that_do_not_fit_into_one_run_go_on_at_the_next_table() -> None:
    sweeper = Sweeper(PagedBucket(*(key.replace("2026/06/05", "2026/06/15") for key in old_files(30, 1))), DONE)
    sweeper.minutes_per_page = 1
    seen: list[str] = []
    for _ in range(40):
        sweeper.run(minutes=10)
        seen.append(sweeper.state.recent_after)
        if not seen[-1]:
            break
    assert seen == [*sorted(set(seen[:-1])), ""]
    assert len(seen) > 2


def test_round_begins_again_at_the_beginning_a_week_after_the_last_one_began() -> None:
    sweeper = Sweeper(PagedBucket(*old_files(3, 10)))
    sweeper.run()
    first = sweeper.state
    odd = "a/b/c/d/e/readme.txt"
    sweeper.bucket.put(*PagedBucket(odd).stored)
    sweeper.now += ROUND_EVERY - timedelta(minutes=1)
    assert sweeper.run().found.rejected == 0
    sweeper.now += timedelta(minutes=1)
    assert sweeper.run().found.rejected == 1
    assert sweeper.state.round_began > first.round_began


@pytest.mark.usefixtures("small_pages")
def test_round_tells_how_long_it_has_been_under_way() -> None:
    sweeper = Sweeper(PagedBucket(*old_files(10, 50)), SweepState(recent_began=NOW.isoformat()))
    sweeper.minutes_per_page = 1
    sweeper.run(minutes=1)
    sweeper.now += timedelta(hours=25)
    assert sweeper.run(minutes=0).round_hours > 25


@pytest.mark.usefixtures("small_pages")
def test_run_whose_time_is_over_ends_without_an_error_and_without_losing_its_place() -> None:
    sweeper = Sweeper(PagedBucket(*old_files(10, 50)), SweepState(recent_began=NOW.isoformat()))
    sweeper.run(minutes=0)
    assert sweeper.bucket.requests == 0
    sweeper.run()
    assert sweeper.state.round_ended


def of_today(table: str, number: int) -> str:
    return f"s/{table}/20260615-{number:09}.parquet"


HUGE, LATER = "t1", "t2"


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("folder_ends_at", [1, 700])
@pytest.mark.parametrize("minutes", [1, 3, 6])
def test_folder_that_outlasts_a_run_goes_on_after_the_last_key_and_later_folders_are_reached(
    minutes: int, folder_ends_at: int
) -> None:
    """A run began a folder again that it had not finished, each hour, and reached no later one."""
    missed = of_today(HUGE, folder_ends_at)
    keys = [*(of_today(HUGE, number) for number in range(2, 600)), missed]
    sweeper = Sweeper(PagedBucket(of_today("t0", 1), *keys, of_today(LATER, 1)), DONE)
    sweeper.minutes_per_page = 1
    for _ in range(14):  # a run looks at a hundred keys or a folder at least
        sweeper.run(minutes=minutes)
        if not (sweeper.state.recent_after or sweeper.state.recent_key):
            break
        sweeper.now += timedelta(minutes=5)
    assert sweeper.state.recent_after == ""
    assert {missed, of_today(LATER, 1)} <= {file.key for file in sweeper.bucket.files.values()}
    assert len(sweeper.bucket.files) == len(sweeper.bucket.stored)


@pytest.mark.usefixtures("small_pages")
def test_loads_behind_many_changes_are_reached_by_a_later_run() -> None:
    loads = [f"s/{HUGE}/LOAD00000001.parquet", f"s/{HUGE}/SEGMENT1_LOAD00000001.parquet"]
    sweeper = Sweeper(PagedBucket(*(of_today(HUGE, number) for number in range(500)), *loads), DONE)
    sweeper.minutes_per_page = 1
    for _ in range(8):
        sweeper.run(minutes=2)
    assert set(loads) <= {file.key for file in sweeper.bucket.files.values()}


@pytest.mark.parametrize("versions", [2, 700, 3_500])
def test_no_version_of_a_key_is_lost_where_a_run_stops_and_a_key_with_many_does_not_stop_the_sweep(
    versions: int,
) -> None:
    """Two versions fall into two runs; of thousands the rest is left to the round over the whole bucket."""
    overwritten = of_today(HUGE, 999)
    sweeper = Sweeper(PagedBucket(*(of_today(HUGE, number) for number in range(1_500) if number != 999)), DONE)
    sweeper.bucket.put(*(version(overwritten, f"v{number:05}") for number in range(versions)))
    sweeper.minutes_per_page = 1
    for _ in range(12):
        sweeper.run(minutes=1)
        if not (sweeper.state.recent_after or sweeper.state.recent_key):
            break
    found = [file.version_id for file in sweeper.bucket.files.values() if file.key == overwritten]
    assert of_today(HUGE, 1_499) in {file.key for file in sweeper.bucket.files.values()}
    assert len(found) == versions or versions > 1_000


def test_key_of_a_folder_that_is_gone_by_the_next_run_skips_nothing_of_the_next_one() -> None:
    sweeper = Sweeper(PagedBucket(of_today(LATER, 1), of_today("t3", 1)), DONE)
    sweeper.state = replace(DONE, recent_began=NOW.isoformat(), recent_after="s/t0/", recent_key=of_today(HUGE, 500))
    sweeper.run()
    assert {file.key for file in sweeper.bucket.files.values()} == {of_today(LATER, 1), of_today("t3", 1)}
    assert (sweeper.state.recent_after, sweeper.state.recent_key) == ("", "")


@pytest.mark.usefixtures("small_pages")
def test_next_look_begins_at_the_beginning() -> None:
    sweeper = Sweeper(PagedBucket(*(of_today(HUGE, number) for number in range(10, 400))), DONE)
    sweeper.minutes_per_page = 1
    for _ in range(20):
        sweeper.run(minutes=2)
    sweeper.now += RECENT_EVERY
    sweeper.bucket.put(version(of_today(HUGE, 1)))
    sweeper.run()
    assert of_today(HUGE, 1) in {file.key for file in sweeper.bucket.files.values()}
