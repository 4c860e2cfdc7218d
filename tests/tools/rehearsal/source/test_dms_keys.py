from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.source.dms import DatePartitions, FileNames

NOON = datetime(2021, 1, 5, 12, 1, 2, 123_999, tzinfo=UTC)
COMMITTED = "2021-01-05 09:30:00.000"


def names(folder: str = "", date_partitions: DatePartitions | None = None, now: datetime = NOON) -> FileNames:
    return FileNames("taxi_trips", folder, date_partitions, lambda: now)


@pytest.mark.parametrize(
    ("part", "counter"), [(1, "00000001"), (9, "00000009"), (10, "0000000A"), (16, "00000010"), (255, "000000FF")]
)
def test_full_load_parts_are_counted_in_hexadecimal(part: int, counter: str) -> None:
    assert names().full_load("table_1", part) == f"taxi_trips/table_1/LOAD{counter}.parquet"


def test_change_files_are_named_by_time_to_the_millisecond() -> None:
    assert names().changes("table_1", COMMITTED) == "taxi_trips/table_1/20210105-120102123.parquet"


@pytest.mark.parametrize("folder", ["landing/dms/eu", "/landing/dms/eu/"])
def test_a_folder_goes_before_the_schema(folder: str) -> None:
    assert names(folder).full_load("table_1", 1) == "landing/dms/eu/taxi_trips/table_1/LOAD00000001.parquet"


@pytest.mark.parametrize(
    ("partitions", "folder"),
    [
        (DatePartitions(), "2021/01/05"),
        (DatePartitions("YYYYMMDDHH"), "2021/01/05/09"),
        (DatePartitions("YYYYMM", "DASH"), "2021-01"),
        (DatePartitions("MMYYYYDD", "UNDERSCORE"), "01_2021_05"),
        (DatePartitions("DDMMYYYY", "NONE"), "05012021"),
        (DatePartitions("DDMMYYYY", "SLASH"), "05/01/2021"),
    ],
)
def test_date_partitions_follow_sequence_and_delimiter_of_the_commit_date(
    partitions: DatePartitions, folder: str
) -> None:
    key = names(date_partitions=partitions).changes("table_1", COMMITTED)
    assert key == f"taxi_trips/table_1/{folder}/20210105-120102123.parquet"


def test_full_loads_are_never_partitioned_by_date() -> None:
    assert names(date_partitions=DatePartitions()).full_load("t", 1) == "taxi_trips/t/LOAD00000001.parquet"


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-1), timedelta(seconds=1)])
def test_names_of_a_table_always_grow_whatever_the_clock_does(step: timedelta) -> None:
    times = iter(NOON + number * step for number in range(5))
    growing = FileNames("taxi_trips", "", None, lambda: next(times))
    keys = [growing.changes("table_1", COMMITTED) for _ in range(5)]
    assert keys == sorted(set(keys))


def test_tables_do_not_push_each_others_names() -> None:
    both = names()
    assert both.changes("a", COMMITTED).rpartition("/")[2] == both.changes("b", COMMITTED).rpartition("/")[2]
