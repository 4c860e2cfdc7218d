"""Every listed object is in one table or among the others, with the reason; nothing is dropped."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp_cli.inference.landed_objects import LandedObject
from odp_cli.inference.landed_tables import LandedTable, landed_tables

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
CHANGE = "20260105-120102123.parquet"


def objects(*keys: str, size: int = 10) -> list[LandedObject]:
    return [LandedObject(key, size, NOW) for key in keys]


def only_table(*keys: str, folder: str = "") -> LandedTable:
    (table,) = landed_tables(objects(*keys), folder).tables
    return table


def test_files_are_grouped_by_source_table_in_order_of_its_name() -> None:
    landed = landed_tables(objects(f"s/b/{CHANGE}", "s/a/LOAD00000001.parquet", "r/z/LOAD00000001.parquet"))
    assert [table.source_table_name for table in landed.tables] == ["r.z", "s.a", "s.b"]
    assert landed.others == ()


def test_load_and_change_files_are_told_apart_and_summed_up() -> None:
    table = only_table("s/t/LOAD00000001.parquet", "s/t/LOAD00000002.parquet", f"s/t/{CHANGE}")
    assert ([load.size for load in table.loads], [change.size for change in table.changes]) == ([10, 10], [10])
    assert (table.load_bytes, table.change_bytes) == (20, 10)
    assert table.changes[0].last_modified == NOW


def test_hexadecimal_load_parts_stand_in_the_order_of_their_counter() -> None:
    numbers = (16, 9, 10, 1, 255)
    table = only_table(*(f"s/t/LOAD{number:08X}.parquet" for number in numbers))
    assert [int(load.name[4:12], 16) for load in table.loads] == sorted(numbers)


@pytest.mark.parametrize("partition", ["2026/01/05/", "2026-01-05/", "20260105/", "2026/01/", ""])
def test_date_partitioned_change_folders_belong_to_the_table_above_them(partition: str) -> None:
    assert only_table(f"dms/s/t/{partition}{CHANGE}", folder="dms/").source_table_name == "s.t"


def test_change_files_are_ordered_by_name_across_date_folders() -> None:
    names = ("20260131-235959999.parquet", "20260201-000000001.parquet", "20260201-000000002.parquet")
    table = only_table(f"s/t/{names[2]}", f"s/t/2026/02/01/{names[1]}", f"s/t/2026/01/31/{names[0]}")
    assert [change.name for change in table.changes] == list(names)


def test_object_that_is_no_dms_file_is_kept_with_its_reason() -> None:
    landed = landed_tables(objects("s/t/LOAD00000001.parquet", "s/t/", "readme.txt", "LOAD00000001.parquet", size=7))
    assert [(other.key, other.size) for other in landed.others] == [
        ("LOAD00000001.parquet", 7),
        ("readme.txt", 7),
        ("s/t/", 7),
    ]
    assert "no schema and table precede its name" in landed.others[0].reason
    assert "neither LOAD<8 hex digits>.parquet nor" in landed.others[1].reason


def test_files_that_lie_deeper_than_the_named_folder_are_of_no_table_that_is_deeper() -> None:
    landed = landed_tables(objects(f"old/s/t/{CHANGE}", f"s/t/{CHANGE}"))
    assert [table.source_table_name for table in landed.tables] == ["s.t"]
    assert "if the source's tables lie deeper, configure its folder" in landed.others[0].reason


def test_segments_of_a_parallel_load_are_parts_of_one_load() -> None:
    table = only_table(
        "s/t/p1/LOAD00000001.parquet", "s/t/p2/LOAD00000001.parquet", "s/t/SEGMENT1_LOAD00000001.parquet"
    )
    assert len(table.loads) == 3


def test_folder_markers_are_no_objects() -> None:
    landed = landed_tables([*objects("s/", "s/t/", size=0), *objects("s/t/LOAD00000001.parquet")])
    assert (len(landed.tables), landed.others) == (1, ())


def test_no_objects_give_no_tables() -> None:
    assert landed_tables([]).tables == ()


@given(
    st.lists(
        st.sampled_from(["s/t/", "s/u/", "x/s/t/", "", "s/"]).flatmap(
            lambda folder: st.sampled_from(["LOAD0000000A.parquet", CHANGE, "note.txt", ""]).map(
                lambda name: folder + name
            )
        )
    )
)
def test_nothing_that_was_listed_is_ever_dropped(keys: list[str]) -> None:
    landed = landed_tables(objects(*keys))
    kept = [file.key for table in landed.tables for file in table.files] + [other.key for other in landed.others]
    assert sorted(kept) == sorted(keys)
