"""The table's own state decides: what the catalog has under its name changes neither types nor the sync (F13)."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odp.refresh import RefreshKind
from pyspark.sql import SparkSession

from tests.spark.metastore import catalog_columns, metastore
from tests.spark.refresher import Refresher

LOAD, FIRST = "LOAD00000001", "20260101-000000001"
STALE = {
    "other types": "(ID string, REGION string, V int, SEQ string, Op string) USING parquet",
    "partitioned": "(ID string, V int, OLD string, REGION string) USING parquet PARTITIONED BY (REGION)",
    "by another column": "(ID bigint, REGION string, V int) USING parquet PARTITIONED BY (V)",
}


PLACES = [
    ("copy_on_write", "other types", True),
    ("copy_on_write", "by another column", False),
    ("merge_on_read", "partitioned", True),
]
"""Each kind of stale entry, each place and each type of table; the other combinations are slow."""
ALL = product(("copy_on_write", "merge_on_read"), STALE, (False, True))
OTHERS = [pytest.param(*place, marks=pytest.mark.slow) for place in ALL if place not in PLACES]


@pytest.mark.parametrize(("table_type", "stale", "is_elsewhere"), [*PLACES, *OTHERS])
def test_stale_entry_of_the_catalog_gives_way_to_the_table(
    configured: Callable[..., Refresher],
    land_file: Any,
    spark: SparkSession,
    tmp_path: Path,
    table_type: str,
    stale: str,
    is_elsewhere: bool,
) -> None:
    refresh = configured(partition_key="REGION", hudi_table_type=table_type)
    database, name = refresh.config.raw_database_name, refresh.config.raw_table_name
    location = tmp_path if is_elsewhere else refresh.config.base_path
    spark.sql(f"CREATE DATABASE IF NOT EXISTS {database}")
    for table in {name, *refresh.catalog_tables()}:
        spark.sql(f"CREATE TABLE {database}.{table} {STALE[stale]} LOCATION '{location}'")
    columns = {"REGION": ["n", "s"], "V": ["text", "texts"], "SEQ": ["", ""]}
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), pa.table({"ID": [1, 2], **columns})))
    published = refresh.writer.publish(refresh.config, "")
    change = pa.table({"Op": ["U", "I"], "ID": [1, 3], **columns})
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), change))
    refresh.writer.publish(refresh.config, published)
    schema = refresh.table().schema
    assert (schema.field("ID").type, schema.field("V").type) == (pa.int64(), pa.string())
    assert sorted(refresh.values("ID", "V")) == [(1, "text"), (2, "texts"), (3, "texts")]
    for table in refresh.catalog_tables():
        found = catalog_columns(spark, database, table)
        assert {key: found[key] for key in ("id", "v")} == {"id": "bigint", "v": "string"}
        assert "old" not in found
        entry = metastore(spark).getTable(database, table)
        assert entry.getSd().getLocation() == refresh.config.base_path
        assert [key.getName() for key in entry.getPartitionKeys()] == ["region"]
        assert sorted(row["ID"] for row in spark.table(f"{database}.{table}").collect()) == [1, 2, 3]
