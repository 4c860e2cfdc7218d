"""A table without a load in S3 counts as emptied if all change files before a moment are gone."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from odp.file_manager.vanished_loads import VanishedLoad
from odp.records import LandedFile, SkipReason

from tests.unit.odp.file_manager.loads_in_memory import DAYS, NOW, LakeOfLoads, change, part

pytestmark = pytest.mark.simulation

OLD_LOAD = part(1, landed="2026-06-01T00:00:00Z")
"""It expired long ago."""
HISTORIES = {"load may have expired": (OLD_LOAD,), "only changes": ()}
TIME = "%Y-%m-%dT%H:%M:%SZ"
TRUNCATED = "2026-11-28T12:00:00Z"


def changes(first: datetime, count: int, every: timedelta, folder: str = "") -> list[LandedFile]:
    """`folder` is the format of the date folders."""
    times = (first + every * number for number in range(count))
    return [change(f"{at:{TIME}}", folder=f"s/t/{at.strftime(folder)}") for at in times]


def truncate(lake: LakeOfLoads, at: str = TRUNCATED) -> None:
    """Do as DMS does: delete every object in the table's folder."""
    lake.delete(*(file for file in lake.processed if file.landed_at < at and not file.is_emptying), at=at)


def one_a_day(days: int = 80) -> list[LandedFile]:
    return changes(NOW - timedelta(days=days), days, timedelta(days=1))


@pytest.mark.parametrize("before", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("days", [1, 2, 80, 200])
def test_table_whose_change_files_are_all_gone_was_emptied(before: Iterable[LandedFile], days: int) -> None:
    """A table whose load was older than landed_file_days never noticed a TRUNCATE again."""
    lake = LakeOfLoads(*before, *(file for file in one_a_day(days) if file.landed_at < TRUNCATED))
    assert lake.check() == [False]
    truncate(lake)
    assert (lake.check(), lake.check()) == ([True], [False])
    (entry,) = lake.kept.values()
    assert entry.details["gone_at"] == TRUNCATED
    assert "as DMS does after a TRUNCATE or DROP" in entry.reason
    assert "objects of the load in the table" not in entry.reason


@pytest.mark.parametrize("before", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("minutes", [15, 30, 1440])
def test_table_that_got_changes_since_it_was_emptied_was_emptied_none_the_less(
    before: Iterable[LandedFile], minutes: int
) -> None:
    """The sweep looks once a day: the newest files of a busy table may all have landed after a TRUNCATE."""
    busy = changes(NOW - timedelta(days=100), 100 * 1440 // minutes, timedelta(minutes=minutes))
    lake = LakeOfLoads(*before, *busy)
    truncate(lake)
    assert lake.check() == [True]
    found = lake.loads.of("s.t")
    assert found is not None
    assert found.gone_at == TRUNCATED


@pytest.mark.parametrize("gone", [slice(0, 3), slice(-3, None), slice(30, 60), slice(0, 60), slice(1, None)])
def test_change_files_that_a_person_deleted_are_no_truncate(gone: slice) -> None:
    """DMS deletes all that lies there at a moment."""
    files = one_a_day()[:-1]
    lake = LakeOfLoads(OLD_LOAD, *files)
    lake.delete(*files[gone], at=TRUNCATED)
    assert (lake.check(), lake.loads.of("s.t")) == ([False], None)


def test_change_files_that_may_have_expired_tell_nothing() -> None:
    old = changes(NOW - timedelta(days=120), 30, timedelta(days=1))
    lake = LakeOfLoads(OLD_LOAD, *old)
    lake.delete(*lake.processed, at=None)
    assert (lake.check(), lake.loads.of("s.t"), lake.loads.cannot_tell("s.t")) == ([False], None, True)


def test_change_files_that_may_have_expired_under_a_shorter_retention_tell_nothing() -> None:
    files = one_a_day()[:-10]
    lake = LakeOfLoads(OLD_LOAD, *files)
    lake.loads = replace(lake.loads, expired_until=TRUNCATED)
    lake.delete(*files, at=TRUNCATED)
    assert (lake.check(), lake.loads.cannot_tell("s.t")) == ([False], True)


def test_only_tables_that_may_have_rows_and_no_young_file_cannot_be_judged() -> None:
    assert not LakeOfLoads().loads.cannot_tell("s.t")
    assert not LakeOfLoads(part(1)).loads.cannot_tell("s.t")
    assert not LakeOfLoads(OLD_LOAD, *one_a_day()).loads.cannot_tell("s.t")
    assert LakeOfLoads(OLD_LOAD).loads.cannot_tell("s.t")
    assert LakeOfLoads(change("2026-06-01T00:00:00Z")).loads.cannot_tell("s.t")
    reloading = LakeOfLoads(OLD_LOAD)
    reloading.land(part(1, version="v2"))
    assert not reloading.loads.cannot_tell("s.t")
    emptied = VanishedLoad((part(1),), TRUNCATED).emptying_part().applied(2)
    assert not LakeOfLoads(part(1), emptied).loads.cannot_tell("s.t"), "it has no rows"


def test_table_that_is_all_right_costs_a_few_requests() -> None:
    busy = changes(NOW - timedelta(days=100), 100 * 48, timedelta(minutes=30))
    lake = LakeOfLoads(OLD_LOAD, *busy)
    assert lake.check() == [False]
    assert len(lake.requests) <= 4
    assert len([request for request in lake.requests if "list" in request]) == 1


def test_table_that_was_emptied_costs_a_bounded_number_of_requests() -> None:
    busy = changes(NOW - timedelta(days=100), 100 * 96, timedelta(minutes=15))
    lake = LakeOfLoads(OLD_LOAD, *busy)
    truncate(lake)
    lake.check()
    assert len(lake.requests) <= 30


@pytest.mark.parametrize("after", [timedelta(hours=1), timedelta(days=40)])
def test_table_that_was_emptied_before_is_emptied_again(after: timedelta) -> None:
    """After --empty the table has only the changes since."""
    first = NOW - timedelta(days=60)
    emptied = VanishedLoad((OLD_LOAD,), f"{first:{TIME}}").emptying_part().applied(2)
    before = changes(first - timedelta(days=10), 10, timedelta(days=1))
    lake = LakeOfLoads(OLD_LOAD, *before, emptied)
    lake.delete(*before, at=f"{first:{TIME}}")
    assert lake.check() == [False], "all that is gone was gone before"
    lake.processed += changes(first + after, 5, timedelta(minutes=5))
    assert lake.check() == [False]
    truncate(lake)
    assert lake.check() == [True]


def test_entry_stays_as_it_is_for_as_long_as_nobody_decides() -> None:
    lake = LakeOfLoads(OLD_LOAD, *one_a_day()[:-1])
    truncate(lake)
    lake.check()
    (entry,) = lake.kept
    for day in range(2 * DAYS):
        lake.now = NOW + timedelta(days=day)
        if day == 7:
            lake.deleted = dict.fromkeys(lake.deleted)
        assert (lake.check(), [*lake.kept]) == ([False], [entry]), day
        found = lake.loads.of("s.t")
        assert found is not None
        assert (found.gone_at, found.entry_id) == (TRUNCATED, entry)


@pytest.mark.parametrize("back", [slice(None), slice(-1, None)])
def test_entry_goes_when_objects_are_back(back: slice) -> None:
    files = one_a_day()[:-1]
    lake = LakeOfLoads(OLD_LOAD, *files)
    truncate(lake)
    lake.check()
    for file in files[back]:
        del lake.deleted[file.key]
    assert (lake.check(), lake.kept) == ([False], {})


@pytest.mark.parametrize("land", ["pending", "held", "applied"])
def test_load_that_comes_replaces_the_table(land: str) -> None:
    lake = LakeOfLoads(OLD_LOAD, *one_a_day()[:-1])
    truncate(lake)
    lake.check()
    load = part(1, landed="2026-11-28T20:00:00Z", version="v2", generation=2)
    if land == "pending":
        lake.land(load)
    else:
        lake.processed.append(load if land == "applied" else load.held("a copy"))
        del lake.deleted[load.key]
    assert (lake.check(), lake.kept) == ([False], {})


def test_rows_that_a_person_keeps_are_not_asked_for_again_until_the_source_is_emptied_again() -> None:
    lake = LakeOfLoads(OLD_LOAD, *one_a_day()[:-1])
    truncate(lake)
    lake.check()
    lake.dismissed = set(lake.kept)
    assert lake.check() == [False]
    assert lake.loads.of("s.t") is not None, "a person may change their mind"
    lake.processed += changes(NOW, 5, timedelta(hours=1))
    lake.now = NOW + timedelta(days=1)
    assert lake.check() == [False]
    truncate(lake, at=f"{lake.now:{TIME}}")
    assert (lake.check(), len(lake.kept)) == ([True], 2)
    assert lake.check() == [False]


def test_kept_rows_of_a_young_load_do_not_hide_that_the_source_is_emptied_again() -> None:
    lake = LakeOfLoads(part(1))
    truncate(lake)
    lake.check()
    lake.dismissed = set(lake.kept)
    lake.processed += changes(NOW, 5, timedelta(hours=1))
    lake.now = NOW + timedelta(days=1)
    assert lake.check() == [False]
    truncate(lake, at=f"{lake.now:{TIME}}")
    assert lake.check() == [True]


@pytest.mark.parametrize("folder", ["", "%Y/%m/%d/", "%Y/%m/%d/%H/", "%Y/%m/", "%d-%m-%Y/", "%m_%Y_%d/", "%Y%m%d/"])
def test_table_is_emptied_by_a_load_in_its_own_folder_whatever_the_date_folders(folder: str) -> None:
    files = changes(NOW - timedelta(days=20), 19, timedelta(days=1), folder)
    lake = LakeOfLoads(OLD_LOAD, *files)
    truncate(lake)
    found = lake.loads.of("s.t")
    assert found is not None
    emptying = found.emptying_part()
    assert (emptying.key, emptying.landed_at) == ("s/t/LOAD00000000.parquet", TRUNCATED)
    assert (emptying.is_load, emptying.is_emptying, emptying.approved) == (True, True, True)


def test_emptying_can_be_asked_for_again_once_a_person_dismissed_it_and_is_the_same_until_then() -> None:
    lake = LakeOfLoads(*one_a_day()[:-1])
    truncate(lake)
    ids = [*asked_for(lake)]
    assert len({*ids}) == 1
    lake.processed.append(part_of(lake).skipped(SkipReason.DISMISSED))
    assert part_of(lake).file_id not in ids


def asked_for(lake: LakeOfLoads) -> Iterator[str]:
    for hours in range(0, 100, 7):
        lake.now = NOW + timedelta(hours=hours)
        yield part_of(lake).file_id


def part_of(lake: LakeOfLoads) -> LandedFile:
    found = lake.loads.of("s.t")
    assert found is not None
    return found.emptying_part()


@pytest.mark.parametrize("hours", [-12, -5, 9, 14])
def test_names_in_another_time_zone_change_nothing(hours: int) -> None:
    """DatePartitionTimezone shifts the names, not the times at which the objects landed."""
    lake = LakeOfLoads(OLD_LOAD)
    for at in (NOW - timedelta(days=95) + timedelta(hours=1) * number for number in range(95 * 24)):
        named = change(f"{at + timedelta(hours=hours):{TIME}}")
        lake.processed.append(replace(named, landed_at=f"{at:{TIME}}"))
    assert lake.check() == [False]
    truncate(lake)
    assert lake.check() == [True]
    assert part_of(lake).landed_at == TRUNCATED


def test_deletion_in_several_seconds_is_one() -> None:
    files = one_a_day()[:-1]
    lake = LakeOfLoads(OLD_LOAD, *files)
    for number, file in enumerate(files):
        lake.delete(file, at=f"2026-11-28T12:00:{number % 60:02}Z")
    found = lake.loads.of("s.t")
    assert found is not None
    assert found.gone_at >= max(str(lake.deleted[file.key]) for file in files[-10:])
    assert all(one.landed_at > other.landed_at for one, other in pairwise(found.parts))
