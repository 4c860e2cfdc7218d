"""A column that several files give in several types is read in the one that holds all, or in none."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp_cli.inference.column_types import ColumnKind, common_type, kind_of, plain_type

TYPES = [
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.uint64()),
    *(pa.float32(), pa.float64(), pa.decimal128(10, 2), pa.decimal128(12, 4), pa.decimal128(38, 0)),
    *(pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date32(), pa.string(), pa.bool_()),
    *(pa.null(), pa.binary(), pa.list_(pa.int64())),
]


@pytest.mark.parametrize(
    ("data_type", "kind"),
    [
        (pa.int16(), ColumnKind.WHOLE_NUMBER),
        (pa.uint64(), ColumnKind.WHOLE_NUMBER),
        (pa.decimal128(38, 0), ColumnKind.WHOLE_NUMBER),
        (pa.decimal128(38, 10), ColumnKind.DECIMAL),
        (pa.float32(), ColumnKind.FLOAT),
        (pa.string(), ColumnKind.TEXT),
        (pa.bool_(), ColumnKind.BOOLEAN),
        (pa.date32(), ColumnKind.DATE),
        (pa.time32("s"), ColumnKind.TIME),
        (pa.timestamp("us"), ColumnKind.TIMESTAMP),
        (pa.binary(), ColumnKind.BINARY),
        (pa.binary(16), ColumnKind.BINARY),
        (pa.list_(pa.int64()), ColumnKind.NESTED),
        (pa.struct([("a", pa.int64())]), ColumnKind.NESTED),
        (pa.map_(pa.string(), pa.int64()), ColumnKind.NESTED),
        (pa.null(), ColumnKind.EMPTY),
        (pa.duration("s"), ColumnKind.OTHER),
        (None, ColumnKind.CONFLICTING),
    ],
)
def test_every_type_has_a_kind(data_type: pa.DataType | None, kind: ColumnKind) -> None:
    assert kind_of(data_type) is kind


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        (pa.dictionary(pa.int32(), pa.string()), pa.string()),
        (pa.large_string(), pa.string()),
        (pa.string_view(), pa.string()),
        (pa.large_binary(), pa.binary()),
        (pa.int64(), pa.int64()),
    ],
)
def test_encoding_in_memory_is_no_type_of_its_own(encoded: pa.DataType, plain: pa.DataType) -> None:
    assert plain_type(encoded) == plain


@pytest.mark.parametrize(
    ("types", "common"),
    [
        ([pa.int32(), pa.int64()], pa.int64()),
        ([pa.int64(), pa.int16(), pa.int32()], pa.int64()),
        ([pa.uint8(), pa.int16()], pa.int16()),
        ([pa.float32(), pa.float64()], pa.float64()),
        ([pa.decimal128(10, 2), pa.decimal128(12, 2)], pa.decimal128(12, 2)),
        ([pa.decimal128(10, 2), pa.decimal128(10, 4)], pa.decimal128(12, 4)),
        ([pa.timestamp("ms"), pa.timestamp("us")], pa.timestamp("us")),
        ([pa.null(), pa.string()], pa.string()),
        ([pa.date32(), pa.null()], pa.date32()),
    ],
)
def test_widening_finds_the_type_that_holds_both(types: list[pa.DataType], common: pa.DataType) -> None:
    assert common_type(types) == common


@pytest.mark.parametrize(
    "types",
    [
        [pa.int64(), pa.string()],
        [pa.int64(), pa.float64()],
        [pa.uint64(), pa.int64()],
        [pa.decimal128(38, 0), pa.decimal128(38, 10)],
        [pa.timestamp("us"), pa.timestamp("us", "UTC")],
        [pa.date32(), pa.timestamp("us")],
        [pa.int32(), pa.string(), pa.int64()],
    ],
)
def test_types_that_no_type_holds_unchanged_conflict(types: list[pa.DataType]) -> None:
    assert common_type(types) is None


@given(st.sampled_from(TYPES), st.sampled_from(TYPES))
def test_common_type_does_not_depend_on_which_file_came_first(one: pa.DataType, other: pa.DataType) -> None:
    assert common_type([one, other]) == common_type([other, one])


@given(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4))
def test_common_type_is_stable_when_it_meets_its_own_types_again(types: list[pa.DataType]) -> None:
    common = common_type(types)
    if common is not None:
        assert common_type([common, *types]) == common
