"""Every key that DMS can write is understood; every other key is refused with the reason."""

import pytest
from odp.errors import ObjectKeyError
from odp.file_manager.object_key import DmsObject, parse_object_key
from odp.records import FileType

FULL, CHANGES = FileType.FULL_LOAD, FileType.CHANGES
CHANGE_FILE = "20260105-120102123.parquet"


@pytest.mark.parametrize("folder", ["", "dms/", "a/b/c/d/e/f/", "2026/01/05/"])
@pytest.mark.parametrize("counter", ["00000001", "00000009", "0000000A", "0000001F", "FFFFFFFF"])
def test_full_load_is_recognised_at_any_depth_and_hexadecimal_counter(folder: str, counter: str) -> None:
    key = f"{folder}taxi_trips/table_1/LOAD{counter}.parquet"
    assert parse_object_key(key) == DmsObject("taxi_trips", "table_1", FULL, f"{folder}taxi_trips/table_1/")


@pytest.mark.parametrize("folder", ["", "dms/", "a/b/c/d/e/f/"])
@pytest.mark.parametrize(
    "partition",
    [
        "",
        *("2026/01/05/", "2026/01/05/23/", "2026/01/", "01/2026/05/", "05/01/2026/"),
        *("2026-01-05/", "2026-01-05-23/", "2026-01/", "01-2026-05/", "05-01-2026/"),
        *("2026_01_05/", "2026_01_05_23/", "2026_01/", "01_2026_05/", "05_01_2026/"),
        *("20260105/", "2026010523/", "202601/", "01202605/", "05012026/"),
    ],
)
def test_changes_are_recognised_in_every_date_partition_at_any_depth(folder: str, partition: str) -> None:
    key = f"{folder}taxi_trips/table_1/{partition}{CHANGE_FILE}"
    assert parse_object_key(key) == DmsObject("taxi_trips", "table_1", CHANGES, f"{folder}taxi_trips/table_1/")


def test_longer_time_in_a_change_files_name_is_accepted() -> None:
    assert parse_object_key("s/t/20141029-1134010000.parquet").file_type is CHANGES


def test_schema_and_table_that_look_like_dates_stay_when_nothing_else_is_left() -> None:
    assert parse_object_key(f"2026/01/{CHANGE_FILE}") == DmsObject("2026", "01", CHANGES, "2026/01/")


def test_source_table_names_of_alike_schemas_and_tables_do_not_collide() -> None:
    first = parse_object_key("a_b/c/LOAD00000001.parquet").source_table_name
    second = parse_object_key("a/b_c/LOAD00000001.parquet").source_table_name
    assert (first, second) == ("a_b.c", "a.b_c")


def test_keys_are_taken_as_they_are_and_never_url_decoded() -> None:
    assert parse_object_key("my schema/t+1%20/LOAD00000001.parquet").source_table_name == "my schema.t+1%20"


@pytest.mark.parametrize(
    "key",
    [
        "taxi_trips/table_1/LOAD1.parquet",
        "taxi_trips/table_1/LOAD0000000G.parquet",
        "taxi_trips/table_1/load00000001.parquet",
        "taxi_trips/table_1/LOAD00000001.csv",
        "taxi_trips/table_1/2026-01-05.parquet",
        "taxi_trips/table_1/20260105-120102123.parquet.tmp",
        "taxi_trips/table_1/",
        "readme.txt",
        "",
    ],
)
def test_other_file_names_are_refused_with_what_was_expected(key: str) -> None:
    with pytest.raises(ObjectKeyError, match="neither LOAD<8 hex digits>.parquet nor"):
        parse_object_key(key)


@pytest.mark.parametrize(
    "key", ["LOAD00000001.parquet", "t/LOAD00000001.parquet", f"t/{CHANGE_FILE}", f"//{CHANGE_FILE}"]
)
def test_dms_file_without_schema_and_table_is_refused(key: str) -> None:
    with pytest.raises(ObjectKeyError, match="no schema and table precede its name"):
        parse_object_key(key)


def test_dot_in_a_table_name_is_refused_as_ambiguous() -> None:
    with pytest.raises(ObjectKeyError, match="ambiguous"):
        parse_object_key("s/a.b/LOAD00000001.parquet")
