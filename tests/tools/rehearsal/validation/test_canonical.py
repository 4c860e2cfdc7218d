import math
from decimal import Decimal

import pyarrow as pa
import pytest

from rehearsal.validation.comparison import canonical, compare, without_added_columns


def digest(table: pa.Table) -> str:
    return compare("t", table, table, ["id"]).source_checksum


def test_names_become_upper_case_and_ordered() -> None:
    assert canonical(pa.table({"b": [1], "A": [2]})).column_names == ["A", "B"]


def test_columns_of_hudi_and_the_replication_are_dropped_from_the_lake_only() -> None:
    names = ["_hoodie_record_key", "_odp_key", "Op", "CDC_TIMESTAMP_SEQ", "CDC_OPERATION", "ID"]
    lake = pa.table([[1]] * len(names), names)
    assert without_added_columns(lake).column_names == ["ID"]
    assert canonical(pa.table({"ID": [1], "op": ["x"]})).column_names == ["ID", "OP"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([1, None], pa.int32()), pa.array([1, None], pa.int64())),
        (pa.array([0.5, None], pa.float32()), pa.array([0.5, None], pa.float64())),
        (pa.array([1, None], pa.timestamp("ms")), pa.array([1000, None], pa.timestamp("us", "UTC"))),
        (pa.array(["a", None], pa.string()), pa.array(["a", None], pa.large_string())),
        (pa.array(["a", None], pa.string()), pa.array(["a", None]).dictionary_encode()),
        (pa.array([b"a", None], pa.binary()), pa.array([b"a", None], pa.large_binary())),
        (
            pa.array([Decimal("1.50"), None], pa.decimal128(8, 2)),
            pa.array([Decimal("1.5"), None], pa.decimal128(12, 4)),
        ),
        (pa.array([0, None], pa.date32()), pa.array([0, None], pa.date64())),
        (pa.array([-0.0, float("nan")]), pa.array([0.0, -float("nan")])),
    ],
    ids=lambda value: str(value.type),
)
def test_the_same_values_in_kindred_types_have_the_same_checksum(one: pa.Array, other: pa.Array) -> None:
    assert digest(pa.table({"id": [1, 2], "v": one})) == digest(pa.table({"id": [1, 2], "v": other}))


def test_the_order_of_rows_and_columns_and_chunks_does_not_matter() -> None:
    table = pa.table({"id": [3, 1, 2], "v": ["c", None, ""], "f": [True, None, False]})
    chunked = pa.concat_tables([table.slice(2), table.slice(0, 2)])
    assert digest(table) == digest(chunked.select(["f", "v", "id"]))


def test_what_lies_under_a_null_or_outside_a_slice_does_not_matter() -> None:
    hidden = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.array([7, 99]).buffers()[1]])
    sliced = pa.table({"id": [0, 1, 2, 3], "v": [5, 7, None, 5]}).slice(1, 2)
    assert hidden.to_pylist() == [7, None]
    assert digest(pa.table({"id": [1, 2], "v": hidden})) == digest(sliced)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["", "a"], [None, "a"]),
        (["ab", "c"], ["a", "bc"]),
        ([1, 2], [2, 1]),
        ([1, None], [None, 1]),
        ([0, 1], [None, 1]),
        ([0.0, 1.0], [float("nan"), 1.0]),
        ([None, 1.0], [float("nan"), 1.0]),
        ([True, False], [True, None]),
        (["1", "2"], [1, 2]),
        ([1.0, 2.0], [1, 2]),
        ([0.1, 1.0], [math.nextafter(0.1, 1), 1.0]),
    ],
)
def test_any_other_value_type_or_place_changes_the_checksum(one: list[object], other: list[object]) -> None:
    assert digest(pa.table({"id": [1, 2], "v": one})) != digest(pa.table({"id": [1, 2], "v": other}))


def test_the_name_of_a_column_is_part_of_the_checksum() -> None:
    assert digest(pa.table({"id": [1], "v": [1]})) != digest(pa.table({"id": [1], "w": [1]}))
