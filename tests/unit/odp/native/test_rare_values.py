"""Values and files that DMS writes once in years: each is applied as Spark applies it, or left to Spark."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from odp.refresh import LastCommit, RefreshKind

from lake.errors import BeyondEngineError, RejectedInputError
from tests.unit.lake.iceberg_native.conftest import lake
from tests.unit.lake.iceberg_native.lake import DATABASE, Lake
from tests.unit.odp.native.test_table_writer import Table

pytestmark = pytest.mark.simulation  # it writes files, which takes long for make check

__all__ = ["lake"]

NAN = float("nan")
DAY = 86_400_000_000
IN_YEAR_10183, IN_YEAR_MINUS_221 = 3_000_000, -800_000


class Filled(Table):
    """A table that is loaded and changed by whole files."""

    def fill(self, rows: dict[str, Any] | bytes) -> LastCommit:
        kind = RefreshKind.RELOAD if self.generation else RefreshKind.INITIAL
        return self._apply(kind, f"LOAD{self.generation + 1:08}", rows)

    def change(self, rows: dict[str, Any] | bytes) -> LastCommit:
        return self._apply(RefreshKind.CHANGES, f"20260101-{len(self.files.landed):09}", rows)

    def _apply(self, kind: RefreshKind, name: str, rows: dict[str, Any] | bytes) -> LastCommit:
        content = rows if isinstance(rows, bytes) else pa.table(rows)
        return self.refresh(kind, self.files.add(name, content, row_group=200_000))

    def texts(self) -> list[str]:
        """The column V; Python has no value for some keys."""
        found = self.lake.reader.load_table((DATABASE, self.config.raw_table_name)).scan().to_arrow()
        return sorted(found["V"].to_pylist())


@pytest.mark.parametrize("partition", [None, "K"])
@pytest.mark.parametrize("type_", [pa.float32(), pa.float64()])
def test_both_zeros_and_every_nan_are_one_key_each(lake: Lake, type_: pa.DataType, partition: str | None) -> None:
    table = Filled(lake, f"zeros_{type_}_{partition}", primary_key=("K",), partition_key=partition)
    table.fill({"K": pa.array([0.0, NAN, 1.5, None], type_), "V": ["zero", "nan", "more", "null"]})
    table.change({"Op": ["U"] * 3, "K": pa.array([-0.0, -NAN, None], type_), "V": ["ZERO", "NAN", "NULL"]})
    assert table.texts() == ["NAN", "NULL", "ZERO", "more"]
    deleted = {"Op": ["U", "D", "D"], "K": pa.array([0.0, -0.0, NAN], type_), "V": ["x", None, None]}
    assert table.change(deleted).counts.deleted == 2
    assert table.texts() == ["NULL", "more"]


def test_file_without_a_row_group_has_no_row(lake: Lake) -> None:
    table = Filled(lake, "no_row_group")
    out = BytesIO()
    pq.ParquetWriter(out, pa.schema([("Op", pa.string()), ("ID", pa.int64()), ("V", pa.string())])).close()
    table.fill(out.getvalue())
    table.change(out.getvalue())
    table.change({"Op": ["I"], "ID": [1], "V": ["a"]})
    table.change(out.getvalue())
    assert table.rows() == [(1, "a")]


TEXTS = [pa.dictionary(pa.int32(), pa.string()), pa.large_string(), pa.string_view(), pa.binary(), pa.binary(1)]


@pytest.mark.parametrize("type_", TEXTS, ids=str)
def test_operation_may_have_any_type_of_texts_or_bytes(lake: Lake, type_: pa.DataType) -> None:
    table = Filled(lake, f"operation_{TEXTS.index(type_)}")
    table.fill({"Op": pa.array(["I", "I"]).cast(type_), "ID": [1, 2], "V": ["a", "b"]})
    table.change({"Op": pa.array(["U", "D"]).cast(type_), "ID": [1, 2], "V": ["A", None]})
    assert table.rows() == [(1, "A")]


def test_key_is_found_in_a_row_group_whose_bounds_parquet_left_out(lake: Lake) -> None:
    """Parquet writes no bounds of more than 4,096 bytes; those of another row group are not those of the file."""
    table = Filled(lake, "long_keys", primary_key=("K",))
    keys = [f"k{number:07}" for number in range(122_880)] + ["z" * 5000, "zz"]
    table.fill({"K": keys, "V": ["old"] * len(keys)})
    table.change({"Op": ["U", "D"], "K": ["zz", "z" * 5000], "V": ["new", None]})
    assert len(table.texts()) == 122_881
    assert table.texts().count("new") == 1


def not_utf8() -> pa.Array:
    binary = pa.array([b"\xed\xa0\x80x", b"ok"], pa.binary())
    return pa.Array.from_buffers(pa.string(), len(binary), binary.buffers())


def test_text_that_is_not_utf8_is_a_value_and_a_key_like_others(lake: Lake) -> None:
    table = Filled(lake, "no_utf8", primary_key=("K",))
    table.fill({"K": not_utf8(), "V": ["a", "b"]})
    table.change({"Op": ["U", "D"], "K": not_utf8(), "V": ["A", None]})
    assert table.texts() == ["A"]


def test_text_that_is_not_utf8_in_a_partition_is_left_to_spark(lake: Lake) -> None:
    table = Filled(lake, "no_utf8_partition", partition_key="P")
    with pytest.raises(BeyondEngineError, match="the partition column P has a text that is not UTF-8"):
        table.fill({"ID": [1, 2], "P": not_utf8(), "V": ["a", "b"]})


def far(type_: pa.DataType) -> pa.Array:
    days = [IN_YEAR_10183, IN_YEAR_MINUS_221, None]
    if pa.types.is_date(type_):
        return pa.array(days, pa.int32()).view(type_)
    return pa.array([day and day * DAY for day in days], pa.int64()).view(type_)


FAR_TYPES = pytest.mark.parametrize("type_", [pa.date32(), pa.timestamp("us")], ids=str)


@FAR_TYPES
@pytest.mark.parametrize("transform", ["", "bucket"])
@pytest.mark.parametrize("key", ["ID", "P"])
def test_years_that_python_does_not_know_are_values_and_keys_like_others(
    lake: Lake, type_: pa.DataType, transform: str, key: str
) -> None:
    partition = {"partition_key": "P", "partition_transform": transform, "partition_buckets": 3} if transform else {}
    table = Filled(lake, f"far_{type_.id}_{transform}_{key}", primary_key=(key,), **partition)
    table.fill({"ID": [1, 2, 3], "P": far(type_), "V": ["a", "b", "c"]})
    table.change({"Op": ["U", "U", "D"], "ID": [1, 2, 3], "P": far(type_), "V": ["A", "B", None]})
    assert table.texts() == ["A", "B"]


@FAR_TYPES
@pytest.mark.parametrize("transform", ["identity", "day"])
def test_partition_of_a_year_that_python_does_not_know_is_left_to_spark(
    lake: Lake, type_: pa.DataType, transform: str
) -> None:
    table = Filled(lake, f"far_{type_.id}_{transform}", partition_key="P", partition_transform=transform)
    with pytest.raises(BeyondEngineError, match="is of a year that only Spark writes"):
        table.fill({"ID": [1, 2, 3], "P": far(type_), "V": ["a", "b", "c"]})


def test_decimal_of_more_digits_than_a_table_holds_is_refused_by_column(lake: Lake) -> None:
    table = Filled(lake, "digits")
    with pytest.raises(RejectedInputError, match="column V of .* has a type that tables cannot hold"):
        table.fill({"ID": [1], "V": pa.nulls(1, pa.decimal256(39, 2))})
