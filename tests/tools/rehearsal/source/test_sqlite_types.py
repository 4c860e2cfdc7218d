import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from rehearsal.source.database import declared_type, from_sqlite, to_sqlite

VALUES: list[tuple[pa.DataType, list[Any]]] = [
    (pa.int8(), [-128, 0, None]),
    (pa.int64(), [2**63 - 1, -(2**63), None]),
    (pa.bool_(), [True, False, None]),
    (pa.float64(), [0.1, 1e308, 5e-324, 3.0, None]),
    (pa.string(), ["", "né", "007", "1e3", None]),
    (pa.binary(), [b"", b"\x00\xff", None]),
    (pa.date32(), [date(1970, 1, 1), date(2024, 2, 29), None]),
    (pa.decimal128(10, 2), [Decimal("12345678.90"), Decimal("-0.01"), None]),
    (pa.timestamp("us"), [datetime(2021, 1, 1, 0, 0, 0, 1), datetime(1899, 12, 31, 23, 59, 59), None]),  # noqa: DTZ001
    (pa.timestamp("us", "UTC"), [datetime(2021, 1, 1, 12, tzinfo=UTC), None]),
]


@pytest.mark.parametrize(("type_", "values"), VALUES, ids=[str(type_) for type_, _ in VALUES])
def test_values_come_back_from_sqlite_as_they_went_in(type_: pa.DataType, values: list[Any]) -> None:
    column = pa.chunked_array([pa.array(values, type_)])
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t (v {declared_type(type_)})")
    connection.executemany("INSERT INTO t VALUES (?)", zip(to_sqlite(column), strict=True))
    stored = [value for (value,) in connection.execute("SELECT v FROM t ORDER BY rowid")]
    connection.close()
    assert from_sqlite(stored, type_).equals(column.combine_chunks())


def test_times_are_stored_as_text_that_sql_can_compare() -> None:
    column = pa.chunked_array([pa.array([0], pa.timestamp("us"))])
    assert to_sqlite(column) == ["1970-01-01 00:00:00.000000"]
