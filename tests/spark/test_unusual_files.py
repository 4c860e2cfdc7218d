"""Files at the edge: without rows, without keys, with any partition values, and no Parquet at all."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import RawTableConfig
from odp.refresh import RowCounts
from pyspark.sql import SparkSession

from lake.errors import RejectedInputError
from tests.spark.metastore import metastore
from tests.spark.refresher import Refresher

Configured = Callable[..., Refresher]


@pytest.fixture
def configured(spark: SparkSession, table_config: Callable[..., RawTableConfig], buckets: Path) -> Configured:
    return lambda **fields: Refresher(SparkTableWriter(spark), table_config(**fields), buckets)


def rows(*keys: str | None, op: str | None = None) -> pa.Table:
    count = len(keys)
    ordering = ["" if op is None else f"{1:035d}"] * count
    named = {"ID": pa.array(keys, pa.string()), "REGION": ["north"] * count, "SEQ": pa.array(ordering, pa.string())}
    operations: dict[str, Any] = {"Op": pa.array([op] * count, pa.string())} if op else {}
    return pa.table(operations | named | {"REGION": pa.array(named["REGION"], pa.string())})


@pytest.mark.parametrize(
    ("table_type", "partition"),
    [("copy_on_write", "REGION"), pytest.param("merge_on_read", None, marks=pytest.mark.slow)],
)
def test_table_is_filled_changed_and_replaced_by_files_without_rows(
    configured: Configured, land_file: Any, table_type: str, partition: str | None
) -> None:
    refresh = configured(partition_key=partition, hudi_table_type=table_type)
    empty_load = land_file(refresh.key("LOAD00000001"), rows())
    assert refresh(empty_load).file_ids == {empty_load.file_id}
    assert refresh.table().num_rows == 0
    refresh.writer.publish(refresh.config, "")
    assert refresh(land_file(refresh.key("20260101-000000001"), rows(op="U"))).counts == RowCounts()
    refresh(land_file(refresh.key("20260101-000000002"), rows("a", "b", op="I")))
    assert refresh.values("ID") == [("a",), ("b",)]
    empty_reload = land_file(refresh.key("LOAD00000001"), rows())
    assert refresh(empty_reload).file_ids == {empty_reload.file_id}
    assert refresh.table().num_rows == 0
    refresh(land_file(refresh.key("20260101-000000003"), rows("c", op="I")))
    assert refresh.values("ID") == [("c",)]


@pytest.mark.parametrize("key", ["", None], ids=["empty", "null"])
def test_row_without_a_key_is_refused_with_the_columns_that_should_have_one(
    configured: Configured, land_file: Any, key: str | None
) -> None:
    refresh = configured()
    with pytest.raises(RejectedInputError, match=r"a row has no value in its key ID \(NULL or an empty text\)"):
        refresh(land_file(refresh.key("LOAD00000001"), rows("a", key)))


def test_file_that_is_not_parquet_is_refused_by_name(configured: Configured, land_file: Any, buckets: Path) -> None:
    refresh = configured()
    file = land_file(refresh.key("LOAD00000001"), rows("a"))
    (buckets / "staging" / file.key).write_bytes(b"PAR1, but nothing else of Parquet")
    with pytest.raises(RejectedInputError, match=rf"^{file.uri} is not a Parquet file"):
        refresh(file)


def damaged(whole: bytes, part: str) -> bytes:
    """A file with Parquet's length and magic numbers."""
    footer = int.from_bytes(whole[-8:-4], "little")
    match part:
        case "footer":
            return whole[: -8 - footer] + bytes(footer) + whole[-8:]
        case "length of the footer":
            return whole[:-8] + (1 << 30).to_bytes(4, "little") + whole[-4:]
        case "end":
            return whole[: len(whole) // 2]
        case "footer's end":
            return whole[:-20] + b"\xff" * 12 + whole[-8:]
        case "values":
            middle = 4 + (len(whole) - 12 - footer) // 2
            return whole[:middle] + bytes(16) + whole[middle + 16 :]
        case _:
            return whole[:4] + b"\xff" * (len(whole) - 12 - footer) + whole[-8 - footer :]


@pytest.mark.parametrize("part", ["footer", "length of the footer", "footer's end", "end", "pages", "values"])
def test_damaged_file_is_refused_by_name(configured: Configured, land_file: Any, buckets: Path, part: str) -> None:
    refresh = configured()
    file = land_file(refresh.key("LOAD00000001"), rows(*map(str, range(500))))
    path = buckets / "staging" / file.key
    path.write_bytes(damaged(path.read_bytes(), part))
    with pytest.raises(RejectedInputError, match=re.escape(file.uri)):
        refresh(file)


def test_partition_value_of_any_characters_is_one_partition_and_read_as_it_was(
    configured: Configured, land_file: Any, spark: SparkSession
) -> None:
    refresh = configured(partition_key="ID", primary_key=("REGION", "ID"))
    values = ["N/A", "10:30", "50 %", "ö=x", "", None]
    refresh(land_file(refresh.key("LOAD00000001"), rows(*values)))
    refresh.writer.publish(refresh.config, "")
    database, table = refresh.config.raw_database_name, refresh.config.raw_table_name
    assert sorted(metastore(spark).listPartitionNames(database, table, -1)) == sorted(
        f"id={value}" for value in ("N%252FA", "10%253A30", "50 %2525", "ö%253Dx", "__HIVE_DEFAULT_PARTITION__")
    )
    assert {value for (value,) in refresh.values("ID")} == set(values)
    assert {row["ID"] for row in spark.table(f"{database}.{table}").collect()} == set(values) - {""}
