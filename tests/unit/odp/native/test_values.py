"""Types of DMS files, times of day and texts of keys are those of the Spark engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from odp.native.dms_columns import file_columns
from odp.native.value_texts import texts

from lake.errors import BeyondEngineError
from lake.tables.columns import TimeOfDay, column_type
from tests.unit.odp.native.dms import Files, values

pytestmark = pytest.mark.simulation  # it writes files, which takes long for make check

TYPES: list[tuple[pa.DataType, str]] = [
    (pa.bool_(), "boolean"),
    (pa.int8(), "int"),
    (pa.int16(), "int"),
    (pa.int32(), "int"),
    (pa.int64(), "bigint"),
    (pa.uint8(), "int"),
    (pa.uint16(), "int"),
    (pa.uint32(), "bigint"),
    (pa.uint64(), "decimal(20,0)"),
    (pa.float32(), "float"),
    (pa.float64(), "double"),
    (pa.decimal128(38, 10), "decimal(38,10)"),
    (pa.string(), "string"),
    (pa.binary(), "binary"),
    (pa.binary(4), "binary"),
    (pa.date32(), "date"),
    (pa.timestamp("ms"), "timestamp"),
    (pa.timestamp("us"), "timestamp"),
    (pa.timestamp("us", tz="UTC"), "timestamp"),
    (pa.time32("ms"), "time(millis)"),
    (pa.time64("us"), "time(micros)"),
]


def parquet(table: pa.Table, **options: Any) -> pq.ParquetFile:
    out = BytesIO()
    pq.write_table(table, out, **options)
    return pq.ParquetFile(pa.BufferReader(out.getvalue()))


@pytest.mark.parametrize(("arrow", "text"), TYPES, ids=str)
def test_columns_have_the_types_that_the_spark_engine_reads(arrow: pa.DataType, text: str) -> None:
    assert file_columns(parquet(pa.table({"C": pa.nulls(1, arrow)}))) == {"C": column_type(text)}


def test_what_no_table_holds_is_unsupported_and_does_not_shift_the_other_columns() -> None:
    nested = pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))])
    table = pa.table({"S": pa.nulls(1, nested), "N": pa.nulls(1, pa.timestamp("ns")), "A.B": [1]})
    found = {name: str(type_) for name, type_ in file_columns(parquet(table)).items()}
    assert found["S"] == "unsupported: group"
    assert found["N"].startswith("unsupported: int64 Timestamp")
    assert found["A.B"] == "bigint"


def test_timestamps_of_96_bits_are_read_to_the_microsecond() -> None:
    at = datetime(2026, 1, 31, 10, 30, 0, 123456)  # noqa: DTZ001
    table = pa.table({"C": pa.array([at], pa.timestamp("ns"))})
    assert file_columns(parquet(table, use_deprecated_int96_timestamps=True)) == {"C": column_type("timestamp")}


def test_time_of_day_is_text_of_one_form_whatever_the_unit() -> None:
    micros = pa.array([0, 86_399_999_999, -1, 90_000_000_000, None], pa.int64()).view(pa.time64("us"))
    assert texts(TimeOfDay("micros"), micros).to_pylist() == [
        "00:00:00.000000",
        "23:59:59.999999",
        "-00:00:00.000001",
        "25:00:00.000000",
        None,
    ]
    millis = pa.array([time(1, 2, 3, 4000)], pa.time32("ms"))
    assert texts(TimeOfDay("millis"), millis).to_pylist() == ["01:02:03.004000"]


KEYS: list[tuple[str, pa.DataType, Any, str]] = [
    ("int", pa.int32(), -7, "-7"),
    ("boolean", pa.bool_(), True, "true"),
    ("date", pa.date32(), date(1400, 1, 31), "1400-01-31"),
    ("decimal(9,2)", pa.decimal128(9, 2), Decimal("-2.50"), "-2.50"),
    ("decimal(20,10)", pa.decimal128(20, 10), Decimal("0E-10"), "0E-10"),
    ("binary", pa.binary(), b"\x00\xaf", "00AF"),
    ("timestamp", pa.timestamp("us", "UTC"), datetime(2026, 1, 31, 10, 30, tzinfo=UTC), "2026-01-31 10:30:00"),
    ("timestamp", pa.timestamp("us", "UTC"), datetime(2026, 1, 31, 0, 0, 0, 120000, UTC), "2026-01-31 00:00:00.12"),
]


@pytest.mark.parametrize(("type_", "arrow", "value", "text"), KEYS)
def test_text_of_a_key_is_that_of_the_spark_engine(type_: str, arrow: pa.DataType, value: Any, text: str) -> None:
    assert texts(column_type(type_), pa.array([value, None], arrow)).to_pylist() == [text, None]


def test_years_in_a_key_are_written_as_the_spark_engine_writes_them() -> None:
    """java.time writes at least four digits, and a sign before more: uuuu in DateTimeFormatter."""
    days = pa.array([3_000_000, -800_000, -719_162], pa.int32()).view(pa.date32())
    assert texts(column_type("date"), days).to_pylist() == ["+10183-09-21", "-0221-09-04", "0001-01-01"]
    moments = pa.array([day * 86_400_000_000 for day in (3_000_000, -800_000, -719_162)], pa.int64())
    written = texts(column_type("timestamp"), moments.view(pa.timestamp("us", "UTC"))).to_pylist()
    assert written == ["+10183-09-21 00:00:00", "-0221-09-04 00:00:00", "0001-01-01 00:00:00"]


def test_float_in_a_key_of_several_columns_is_left_to_the_spark_engine() -> None:
    with pytest.raises(BeyondEngineError, match="whose texts only Spark writes") as refused:
        texts(column_type("double"), pa.array([0.1]))
    assert refused.value.comes_again, "with each change of the table"


def test_values_take_the_types_of_the_table() -> None:
    files = Files()
    table = pa.table({
        "Op": ["I"],
        "ID": pa.array([2**64 - 1], pa.uint64()),
        "AT": pa.array([datetime(2026, 1, 31, 10, 30)], pa.timestamp("ms")),  # noqa: DTZ001
        "T": pa.array([time(10, 30)], pa.time64("us")),
        "W": pa.array([7], pa.int32()),
    })  # fmt: skip
    files.add("20260101-000000001", table)
    types = {"Op": "string", "ID": "decimal(20,0)", "AT": "timestamp", "T": "string", "W": "decimal(20,0)"}
    found = values(files.final({name: column_type(text) for name, text in types.items()}), *types)
    at = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
    assert found == [("I", Decimal(2**64 - 1), at, "10:30:00.000000", Decimal(7))]
