"""Every key that DMS can write is understood; every other key is refused with the reason, and never another table's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp.errors import ObjectKeyError
from odp.file_manager.object_key import DmsObject
from odp.file_manager.sources import Sources, parse_object_key
from odp.records import FileType
from odp.table_identity import SourceTable

FULL, CHANGES = FileType.FULL_LOAD, FileType.CHANGES
CHANGE_FILE = "20260105-120102123.parquet"
DATE_FOLDERS = [
    *("2026/01/05/", "2026/01/05/23/", "2026/01/", "01/2026/05/", "05/01/2026/"),
    *("2026-01-05/", "2026-01-05-23/", "2026-01/", "01-2026-05/", "05-01-2026/"),
    *("2026_01_05/", "2026_01_05_23/", "2026_01/", "01_2026_05/", "05_01_2026/"),
    *("20260105/", "2026010523/", "202601/", "01202605/", "05012026/"),
]
FOLDERS = ["", "dms", "a/b/c/d/e/f", "2026/01/05"]


def parsed(key: str, folder: str = "", source: str = "default") -> DmsObject:
    return Sources({source: folder}).parse_object_key(key)


def inside(folder: str) -> str:
    return f"{folder}/" if folder else ""


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("counter", ["00000001", "00000009", "0000000A", "0000001F", "000F4240"])
def test_full_load_is_recognised_below_any_folder_of_its_source_and_by_a_hexadecimal_counter(
    folder: str, counter: str
) -> None:
    table = f"{inside(folder)}taxi_trips/table_1/"
    found = parsed(f"{table}LOAD{counter}.parquet", folder)
    assert found == DmsObject("default", "taxi_trips", "table_1", FULL, table, "", f"LOAD{counter}.parquet")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("partition", ["", *DATE_FOLDERS])
def test_changes_are_recognised_in_every_date_partition_below_any_folder(folder: str, partition: str) -> None:
    """Defect 3 of the reference: the depth of the path told full loads from changes."""
    table = f"{inside(folder)}taxi_trips/table_1/"
    found = parsed(f"{table}{partition}{CHANGE_FILE}", folder)
    assert found == DmsObject("default", "taxi_trips", "table_1", CHANGES, table, "", CHANGE_FILE)


@pytest.mark.parametrize("table", ["202401", "2024-01", "2024", "01", "20240131", "2024_01_31"])
@pytest.mark.parametrize("folder", ["", "dms", "2023/12"])
@pytest.mark.parametrize("partition", ["", "2026/01/05/", "202601/"])
def test_table_named_like_a_date_is_a_table(table: str, folder: str, partition: str) -> None:
    """F7: its changes went to a table named like the folder and the schema."""
    for name in (f"{partition}{CHANGE_FILE}", "LOAD00000001.parquet"):
        found = parsed(f"{inside(folder)}shop/{table}/{name}", folder)
        assert (found.schema_name, found.table_name) == ("shop", table)


def test_schema_and_table_that_look_like_dates_are_schema_and_table() -> None:
    assert parsed(f"2026/01/{CHANGE_FILE}").source_table_name == "2026.01"
    assert parsed(f"2026/01/05/23/{CHANGE_FILE}", folder="2026/01").source_table_name == "05.23"


@pytest.mark.parametrize(
    ("rest", "segment"),
    [
        ("p2024/LOAD00000001.parquet", "p2024/"),
        ("2024/LOAD00000001.parquet", "2024/"),
        ("SEGMENT1_LOAD00000001.parquet", "SEGMENT1_"),
        ("SEGMENT12_LOAD0000000F.parquet", "SEGMENT12_"),
        ("p 1/SEGMENT3_LOAD00000001.parquet", "p 1/SEGMENT3_"),
    ],
)
@pytest.mark.parametrize("table", ["orders", "202401"])
@pytest.mark.parametrize("folder", ["", "dms"])
def test_part_of_a_parallel_load_is_a_segment_of_its_table_and_no_table_of_its_own(
    rest: str, segment: str, table: str, folder: str
) -> None:
    """F2: it was read as a table named after the segment, and the table got its changed rows only."""
    found = parsed(f"{inside(folder)}shop/{table}/{rest}", folder)
    assert (found.source_table_name, found.file_type, found.segment) == (f"shop.{table}", FULL, segment)
    assert found.folder == f"{inside(folder)}shop/{table}/"
    assert found.name == rest.rsplit("/", 1)[-1]


@pytest.mark.parametrize("fraction", ["0000", "1234567", "123456789"])
def test_longer_time_in_a_change_files_name_is_accepted(fraction: str) -> None:
    assert parse_object_key(f"s/t/20141029-113401{fraction}.parquet").file_type is CHANGES


@pytest.mark.parametrize(
    "name",
    ["00000000-000000000", "20261301-120000000", "20260230-120000000", "20260100-120000000", "20260101-250000000",
     "20260101-126000000", "20260101-120060000", "20260101-120061000", "99999999-999999999"],
)  # fmt: skip
@pytest.mark.parametrize("partition", ["", "2026/01/05/"])
def test_change_file_whose_name_is_no_date_and_time_is_refused_by_name(name: str, partition: str) -> None:
    """F11: it was applied once, and after that every run of its table failed."""
    with pytest.raises(ObjectKeyError, match=rf"^s/t/{partition}{name}\.parquet: {name[:15]} is no date and time"):
        parse_object_key(f"s/t/{partition}{name}.parquet")


@pytest.mark.parametrize("inner", ["backup/", "p2024/", "2026/13/", "2026/01/05/23/59/", "2026//", "2026-01-05/x/"])
def test_change_file_in_a_folder_that_is_no_date_is_refused_and_never_another_tables(inner: str) -> None:
    with pytest.raises(ObjectKeyError, match=f"{inner} is between the table's folder and a file of changes"):
        parse_object_key(f"s/t/{inner}{CHANGE_FILE}")


@pytest.mark.parametrize("inner", ["a/b/", "2026/01/", "/", "a//"])
def test_full_load_deeper_than_one_folder_in_its_table_is_refused(inner: str) -> None:
    with pytest.raises(ObjectKeyError, match="is between the table's folder and a part of a full load"):
        parse_object_key(f"s/t/{inner}LOAD00000001.parquet")


def test_source_table_names_of_alike_schemas_and_tables_do_not_collide() -> None:
    """Defect 4 of the reference: a_b.c and a.b_c were one table."""
    first = parse_object_key("a_b/c/LOAD00000001.parquet").source_table_name
    second = parse_object_key("a/b_c/LOAD00000001.parquet").source_table_name
    assert (first, second) == ("a_b.c", "a.b_c")


def test_keys_are_taken_as_they_are_and_never_url_decoded() -> None:
    assert parse_object_key("my schema/t+1%20/LOAD00000001.parquet").source_table_name == "my schema.t+1%20"


def test_dots_blanks_and_quotes_in_names_are_quoted() -> None:
    assert parse_object_key("s/a.b/LOAD00000001.parquet").source_table_name == 's."a.b"'
    assert (
        parse_object_key(f"my.schema/Order Details /{CHANGE_FILE}").source_table_name == '"my.schema"."Order Details "'
    )


NAMES = st.text(
    st.characters(exclude_characters="/", codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")),
    min_size=1,
    max_size=60,
).filter(lambda name: name not in (".", ".."))


@given(NAMES, NAMES)
def test_schema_and_table_are_read_whatever_their_names(schema: str, table: str) -> None:
    for rest in ("LOAD00000001.parquet", "p1/SEGMENT2_LOAD00000001.parquet", CHANGE_FILE, f"2026/01/05/{CHANGE_FILE}"):
        found = parsed(f"crm/{schema}/{table}/{rest}", "crm", "crm")
        assert SourceTable.parse(found.source_table_name) == SourceTable("crm", schema, table)


@pytest.mark.parametrize(
    "key",
    [
        "taxi_trips/table_1/LOAD1.parquet",
        "taxi_trips/table_1/LOAD0000000G.parquet",
        "taxi_trips/table_1/load00000001.parquet",
        "taxi_trips/table_1/SEGMENT_LOAD00000001.parquet",
        "taxi_trips/table_1/SEGMENTx_LOAD00000001.parquet",
        "taxi_trips/table_1/LOAD00000001.csv",
        "taxi_trips/table_1/2026-01-05.parquet",
        "taxi_trips/table_1/٢٠٢٦٠١٠٥-١٢٠١٠٢١٢٣.parquet",
        "taxi_trips/table_1/20260105-120102123.parquet.tmp",
        "taxi_trips/table_1/20260105-120102123.parquet\n",
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
