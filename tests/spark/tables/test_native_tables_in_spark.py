"""Spark reads what the native writer wrote, whatever became of schema and partitions; no line is shared with it."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.tables.change import ChangeKind
from lake.tables.partitions import Partition
from tests.unit.lake.iceberg_native.conftest import make_lake
from tests.unit.lake.iceberg_native.lake import ROWS, SCHEMA, Lake, LakeTable

UTC = dt.UTC


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return make_lake(tmp_path_factory.mktemp("native"))


def read(spark: SparkSession, table: LakeTable, *names: str, snapshot: int | None = None) -> list[tuple[Any, ...]]:
    """The rows as Spark reads them from the table's metadata file."""
    reader = spark.read.format("iceberg")
    if snapshot is not None:
        reader = reader.option("snapshot-id", snapshot)
    frame = reader.load(table.stored.metadata_location).select(*(names or ("ID", "V", "REGION")))
    return sorted((tuple(row) for row in frame.collect()), key=repr)


@pytest.mark.parametrize("partition_by", [None, "REGION", "bucket(3, ID)", "V"])
def test_merged_rows(spark: SparkSession, lake: Lake, partition_by: str | None) -> None:
    table = lake.table(partition_by=partition_by)
    table.change(ROWS)
    table.change([("U", 1, 11, "a/b c=%é'"), ("D", 2, None, None), ("I", 4, 40, ""), ("I", 5, -1, None)])
    assert read(spark, table) == [(1, 11, "a/b c=%é'"), (3, 30, None), (4, 40, ""), (5, -1, None)]
    assert read(spark, table) == table.rows()


def test_days_and_every_type_of_value(spark: SparkSession, lake: Lake) -> None:
    table = lake.table(partition_by="day(T)")
    schema = "Op string, ID bigint, T timestamp, D date, B boolean, F float, G double, X binary, N decimal(38,10)"
    early, late = dt.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), dt.datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
    rows = [
        ("I", 1, early, dt.date(1400, 1, 31), True, 0.5, 0.1, b"", Decimal("-1.0000000001")),
        ("I", 2, late, dt.date(9999, 12, 31), False, -0.0, 1e300, b"\x00\xff", Decimal(10**27)),
        ("I", 3, None, None, None, None, None, None, None),
    ]
    table.change(rows, schema)
    found = read(spark, table, "ID", "D", "B", "F", "G", "X", "N")
    assert [tuple(bytes(v) if isinstance(v, bytearray) else v for v in row) for row in found] == [
        (row[1], *row[3:]) for row in rows
    ]
    whole = spark.read.format("iceberg").load(table.stored.metadata_location)
    micros = whole.where("T < TIMESTAMP '1970-01-01 00:00:00Z'").selectExpr("ID", "unix_micros(T)").collect()
    assert [tuple(row) for row in micros] == [(1, -1)]


def test_trap_t2_rewritten_decimals_and_time_travel_to_those_of_before(spark: SparkSession, lake: Lake) -> None:
    table = lake.table()
    table.change(ROWS)
    table.change([("U", 1, 11, "north", Decimal("2.50"))], f"{SCHEMA}, PRICE decimal(12,2)")
    then = table.stored.metadata.current_snapshot_id
    table.change([("U", 2, 21, "south", Decimal("1.2345"))], f"{SCHEMA}, PRICE decimal(14,4)")
    assert read(spark, table, "ID", "PRICE") == [(1, Decimal("2.5000")), (2, Decimal("1.2345")), (3, None)]
    assert read(spark, table, "ID", "PRICE", snapshot=then) == [(1, Decimal("2.50")), (2, None), (3, None)]


def test_widened_in_place(spark: SparkSession, lake: Lake) -> None:
    table = lake.table(partition_by="P", record_key="K", key_columns=("K",))
    before, after = (
        "Op string, K int, P int, F float, N decimal(8,2)",
        "Op string, K bigint, P bigint, F double, N decimal(12,2)",
    )
    table.change([("I", 1, 7, 0.5, Decimal("123456.78")), ("I", 2, None, None, None)], before)
    table.change([("U", 2, 2**33, 0.1, Decimal("1234567890.12"))], after)
    expected = [(1, 7, 0.5, Decimal("123456.78")), (2, 2**33, 0.1, Decimal("1234567890.12"))]
    assert read(spark, table, "K", "P", "F", "N") == expected


@pytest.mark.parametrize(
    ("old", "one", "new", "other"),
    [
        ("int", 7, "string", "seven"),
        ("bigint", 7, "decimal(20,0)", Decimal(8)),
        ("string", "x", "date", dt.date(2026, 1, 1)),
    ],
)
def test_replaced_with_another_type_of_the_partition_column(
    spark: SparkSession, lake: Lake, old: str, one: Any, new: str, other: Any
) -> None:
    table = lake.table(partition_by="P")
    table.change([("I", 1, one), ("I", 2, None)], f"Op string, ID bigint, P {old}")
    table.change([("I", 1, other), ("I", 2, None)], f"Op string, ID bigint, P {new}", kind=ChangeKind.REPLACE)
    table.change([("U", 2, other)], f"Op string, ID bigint, P {new}")
    assert read(spark, table, "ID", "P") == [(1, other), (2, other)]


def test_replaced_without_its_partition_column_and_with_others(spark: SparkSession, lake: Lake) -> None:
    table = lake.table(partition_by="REGION")
    table.change(ROWS)
    plain = replace(table, definition=replace(table.definition, partition_by=Partition("ID", "bucket", 2)))
    plain.change([("I", 1, 10), ("I", 2, 20)], "Op string, ID bigint, V int", kind=ChangeKind.REPLACE)
    plain.change([("U", 1, 11)], "Op string, ID bigint, V int")
    assert read(spark, plain, "ID", "V") == [(1, 11), (2, 20)]


def test_many_commits_with_files_carried_along(spark: SparkSession, lake: Lake) -> None:
    table = lake.table(partition_by="REGION")
    for number in range(25):
        table.change([("U", number % 7, number, "abc"[number % 3]), ("I", 100 + number, number, "d")])
    assert read(spark, table) == table.rows()
