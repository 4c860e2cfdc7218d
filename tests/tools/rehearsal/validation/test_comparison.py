from decimal import Decimal

import pyarrow as pa
import pytest

from rehearsal.source.generator import generate_trips
from rehearsal.validation.comparison import (
    EXAMPLES_OF_A_KIND,
    EXAMPLES_OF_A_TABLE,
    Difference,
    TableComparison,
    compare,
    unreadable,
)

TRIPS = generate_trips(40).append_column("PK_ID", pa.array(range(1, 41)))


def planted(column: str, row: int, value: object) -> pa.Table:
    place = TRIPS.schema.get_field_index(column)
    values = TRIPS[column].to_pylist()
    values[row] = value
    return TRIPS.set_column(place, column, pa.array(values, TRIPS.schema.field(column).type))


def differences(lake: pa.Table, source: pa.Table = TRIPS, keys: tuple[str, ...] = ("PK_ID",)) -> list[tuple[str, ...]]:
    found = compare("table_1", source, lake, keys)
    assert not found.is_identical
    return [(d.key, d.column, d.source, d.lake) for d in found.differences]


def test_equal_tables_are_identical_whatever_their_order() -> None:
    as_spark_writes = TRIPS.rename_columns([name.upper() for name in TRIPS.column_names]).sort_by("TIP_AMOUNT")
    as_spark_writes = as_spark_writes.append_column("_hoodie_commit_time", pa.array(["20210101"] * 40))
    found = compare("table_1", TRIPS, as_spark_writes, ("PK_ID",))
    assert found.is_identical
    assert (found.source_rows, found.lake_rows, found.difference_count, found.differences) == (40, 40, 0, ())
    assert found.source_checksum == found.lake_checksum != ""


@pytest.mark.parametrize("column", [name for name in TRIPS.column_names if name != "PK_ID"])
def test_one_changed_value_in_any_column_is_found_and_named(column: str) -> None:
    type_ = TRIPS.schema.field(column).type
    other = pa.scalar("X") if pa.types.is_string(type_) else pa.scalar(77).cast(type_)
    ((key, name, source, lake),) = differences(planted(column, 16, other.as_py()))
    assert (key, name) == ("17", column.upper())
    assert source != lake


@pytest.mark.parametrize(
    ("source", "lake", "said"),
    [
        ("", None, ("''", "NULL")),
        (None, "", ("NULL", "''")),
        ("NULL", None, ("'NULL'", "NULL")),
        ("Y ", "Y", ("'Y '", "'Y'")),
    ],
)
def test_empty_text_and_null_are_told_apart(source: str | None, lake: str | None, said: tuple[str, str]) -> None:
    flag = "store_and_fwd_flag"
    assert differences(planted(flag, 0, lake), planted(flag, 0, source)) == [("1", flag.upper(), *said)]


def test_nan_equals_nan_but_neither_null_nor_zero() -> None:
    nan = planted("tip_amount", 4, float("nan"))
    assert compare("t", nan, nan, ("PK_ID",)).is_identical
    for value, said in ((None, "NULL"), (0.0, "0.0")):
        assert differences(planted("tip_amount", 4, value), nan) == [("5", "TIP_AMOUNT", "nan", said)]


def test_a_nan_that_stays_is_not_listed_beside_another_difference() -> None:
    values = pa.table({"id": [1, 2], "v": [float("nan"), 1.0]})
    other = pa.table({"id": [1, 2], "v": [float("nan"), 2.0]})
    assert differences(other, values, ("id",)) == [("2", "V", "1.0", "2.0")]


def test_missing_and_extra_rows_are_named_by_key() -> None:
    assert differences(TRIPS.slice(1)) == [("1", "*", "present", "missing")]
    assert differences(TRIPS, TRIPS.slice(1)) == [("1", "*", "missing", "present")]


def test_as_many_rows_under_another_key_are_not_the_same() -> None:
    moved = planted("PK_ID", 39, 99)
    assert differences(moved) == [("40", "*", "present", "missing"), ("99", "*", "missing", "present")]


def test_a_duplicate_row_in_the_lake_is_named() -> None:
    assert differences(pa.concat_tables([TRIPS, TRIPS.slice(6, 1)])) == [("7", "*", "", "2 rows")]


def test_a_duplicate_that_hides_a_missing_row_is_found() -> None:
    lake = pa.concat_tables([TRIPS.slice(0, 39), TRIPS.slice(0, 1)])
    assert set(differences(lake)) == {("1", "*", "", "2 rows"), ("40", "*", "present", "missing")}


def test_a_row_without_key_is_named() -> None:
    extra = pa.concat_tables([TRIPS, planted("PK_ID", 0, None).slice(0, 1)])
    assert differences(extra) == [("NULL", "*", "missing", "present")]


def test_rows_are_matched_by_all_columns_of_a_composite_key() -> None:
    source = pa.table({"a": [1, 1, 2], "b": ["x", "y", "x"], "v": [1, 2, 3]})
    lake = pa.table({"a": [2, 1, 1], "b": ["x", "y", "x"], "v": [3, 5, 1]})
    assert differences(lake, source, ("a", "b")) == [("1, y", "V", "2", "5")]


def test_a_key_that_says_null_is_not_a_missing_key() -> None:
    source, lake = (pa.table({"id": pa.array([key], pa.string()), "v": [1]}) for key in ("NULL", None))
    assert differences(lake, source, ("id",)) == [
        ("NULL", "*", "present", "missing"),
        ("NULL", "*", "missing", "present"),
    ]


@pytest.mark.parametrize("name", ["n", "c0", 'a "quoted" name', "source", "select * from lake; --", "ſ"])
def test_a_column_may_have_any_name(name: str) -> None:
    source, lake = (pa.table({"id": [1, 2], name: [1, value]}) for value in (2, 3))
    assert differences(lake, source, ("id",)) == [("2", name.upper(), "2", "3")]
    assert compare("t", source, source, ("id",)).is_identical


def test_decimals_are_compared_and_shown_in_all_their_digits() -> None:
    exact, near = (Decimal("9" * 28 + "." + "9" * 9 + last) for last in "98")
    source, lake = (pa.table({"id": [1], "v": pa.array([value], pa.decimal128(38, 10))}) for value in (exact, near))
    ((_, _, said, other),) = differences(lake, source, ("id",))
    assert (said.rstrip("0"), other.rstrip("0")) == (str(exact), str(near))


def test_a_column_of_nothing_but_null_is_compared() -> None:
    source, lake = (pa.table({"id": [1], "v": [value], "n": pa.nulls(1)}) for value in (1, 2))
    assert differences(lake, source, ("id",)) == [("1", "V", "1", "2")]


def test_a_missing_extra_or_retyped_column_is_named() -> None:
    lake = TRIPS.drop(["extra"]).append_column("surprise", pa.nulls(40, pa.int64()))
    place = lake.schema.get_field_index("VendorID")
    lake = lake.set_column(place, "VendorID", lake["VendorID"].cast(pa.string()))
    assert differences(lake) == [
        ("*", "EXTRA", "double", "no such column"),
        ("*", "SURPRISE", "no such column", "int64"),
        ("*", "VENDORID", "int64", "large_string"),
    ]


def test_a_source_column_that_the_replications_own_would_hide_is_a_difference() -> None:
    source = TRIPS.append_column("Op", pa.array(["x"] * 40))
    assert differences(TRIPS, source) == [("*", "OP", "large_string", "no such column")]


def test_nothing_compared_with_nothing_is_a_failure() -> None:
    empty = TRIPS.slice(0, 0)
    assert differences(empty, empty) == [("*", "*", "no rows to compare", "0 rows")]
    assert differences(TRIPS.slice(0, 0)) != []


def test_equal_checksums_of_no_rows_are_no_proof() -> None:
    assert not TableComparison("table_1", 0, 0, "e3b0", "e3b0", 0, ()).is_identical
    assert TableComparison("table_1", 1, 1, "e3b0", "e3b0", 0, ()).is_identical


def test_an_unreadable_table_is_a_difference_that_says_why() -> None:
    found = unreadable("table_9", TRIPS, "no such table")
    assert not found.is_identical
    assert found.differences == (Difference("table_9", "*", "*", "40 rows", "no such table"),)
    assert str(found.differences[0]) == "table_9 key * column *: source 40 rows, lake no such table"


def test_differences_are_all_counted_but_only_the_first_of_each_kind_listed() -> None:
    lake = planted("PK_ID", 0, 99).set_column(1, "tpep_pickup_datetime", pa.nulls(40, pa.timestamp("us")))
    lake = lake.set_column(4, "trip_distance", pa.array([-1.0] * 40))
    found = compare("table_1", TRIPS, lake, ("PK_ID",))
    assert found.difference_count == 2 + 39 + 39
    assert [d.column for d in found.differences].count("TRIP_DISTANCE") == EXAMPLES_OF_A_KIND
    assert [d.column for d in found.differences].count("TPEP_PICKUP_DATETIME") == EXAMPLES_OF_A_KIND


def test_the_list_of_a_table_is_bounded() -> None:
    source = pa.table({"id": range(10)} | {f"c{number}": [0] * 10 for number in range(20)})
    lake = pa.table({"id": range(10)} | {f"c{number}": [1] * 10 for number in range(20)})
    found = compare("wide", source, lake, ("id",))
    assert (found.difference_count, len(found.differences)) == (200, EXAMPLES_OF_A_TABLE)
