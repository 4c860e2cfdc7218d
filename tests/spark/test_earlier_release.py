"""A table that the release of format 1 wrote goes on as any other: the last commit wins there too."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.records import RawTableConfig
from odp.refresh import RefreshKind
from pyspark.sql import SparkSession

from lake.tables.hudi.commits import table_of
from tests.spark.refresher import Refresher

Row = tuple[str, int, str | None, str | None, str | None]
SCHEMA = "Op string, ID bigint, REGION string, V string, SEQ string"
FIRST_FORMAT = {
    "generation": 1,
    "load_keys": ["s/t/LOAD00000001.parquet"],
    "newest_change_file": "20260101-000000001.parquet",
    "began": "2026-01-01",
    "changes_until": "2026-01-02",
}
"""What that release kept as the table's state."""


def options_of_the_first_release(config: RawTableConfig, operation: str) -> dict[str, str]:
    """The options as they were; Hudi compared the ordering column."""
    partition = config.partition_key
    index = {
        "hoodie.index.type": "GLOBAL_SIMPLE" if partition else "SIMPLE",
        "hoodie.simple.index.update.partition.path": "true",
    }
    return {
        "hoodie.table.name": config.raw_table_name,
        "hoodie.database.name": config.raw_database_name,
        "hoodie.datasource.write.table.type": config.hudi_table_type.upper(),
        "hoodie.datasource.write.recordkey.field": "ID",
        "hoodie.datasource.write.partitionpath.field": partition or "",
        "hoodie.datasource.write.precombine.field": "SEQ",
        "hoodie.datasource.write.keygenerator.class": (
            f"org.apache.hudi.keygen.{'Simple' if partition else 'Nonpartitioned'}KeyGenerator"
        ),
        "hoodie.datasource.write.hive_style_partitioning": "true",
        "hoodie.datasource.write.partitionpath.urlencode": "true",
        "hoodie.write.table.version": "6",
        "hoodie.write.auto.upgrade": "false",
        "hoodie.datasource.write.payload.class": "org.apache.hudi.common.model.DefaultHoodieRecordPayload",
        "hoodie.combine.before.insert": "false",
        "hoodie.combine.before.upsert": "false",
        "hoodie.payload.delete.field": "Op",
        "hoodie.payload.delete.marker": "D",
        "hoodie.metadata.enable": "false",
        "hoodie.embed.timeline.server": "false",
        "hoodie.write.markers.type": "DIRECT",
        "hoodie.datasource.write.commitmeta.key.prefix": "odp.",
        "odp.file_ids": '["f1"]',
        "odp.table_state": json.dumps(FIRST_FORMAT),
        **(index if operation == "upsert" else {}),
        "hoodie.datasource.write.operation": operation,
    }


@pytest.mark.parametrize(
    ("table_type", "partition"),
    [
        ("copy_on_write", None),
        pytest.param("copy_on_write", "REGION", marks=pytest.mark.slow),
        pytest.param("merge_on_read", "REGION", marks=pytest.mark.slow),
        pytest.param("merge_on_read", None, marks=pytest.mark.slow),
    ],
)
def test_table_of_the_first_release_goes_on_and_the_last_commit_wins(
    configured: Callable[..., Refresher], land_file: Any, spark: SparkSession, table_type: str, partition: str | None
) -> None:
    refresh = configured(partition_key=partition, hudi_table_type=table_type)

    def write_as_then(operation: str, *rows: Row) -> None:
        options = options_of_the_first_release(refresh.config, operation)
        frame = spark.createDataFrame(list(rows), SCHEMA)
        frame.write.format("hudi").options(**options).mode("append").save(refresh.config.base_path)

    write_as_then("bulk_insert", *(("I", key, "n", "loaded", "") for key in range(1, 6)))
    write_as_then("upsert", ("U", 1, "n", "then", "8"), ("D", 2, "n", "", "9"), ("U", 3, "n", "then", "9"))
    columns = ("Op", "ID", "REGION", "V", "SEQ")

    def apply(number: int, *rows: Row) -> None:
        table = pa.table(
            {name: pa.array(values) for name, values in zip(columns, zip(*rows, strict=True), strict=True)}
        )
        table = table.cast(pa.schema([(name, pa.int64() if name == "ID" else pa.string()) for name in columns]))
        refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(f"20260101-{number:09d}"), table))

    assert refresh.writer.last_refresh(refresh.config) is not None
    apply(2, ("U", 1, "s", "now", "1"), ("I", 2, "n", "again", None), ("D", 3, None, None, None))
    assert sorted(refresh.values("ID", "V")) == [(1, "now"), (2, "again"), (4, "loaded"), (5, "loaded")]
    for number in range(3, 9 if table_type == "merge_on_read" else 5):  # until what was written then is compacted
        apply(number, ("U", 1, "s", f"now {number}", "0"), ("D", 4, "n", "", "0"))
        expected = [(1, f"now {number}"), (2, "again"), (5, "loaded")]
        assert sorted(refresh.values("ID", "V")) == expected
        assert sorted((row["ID"], row["V"]) for row in stored(spark, refresh)) == expected
    assert not table_of(spark, refresh.config.base_path).getTableConfig().getPreCombineField()


def stored(spark: SparkSession, refresh: Refresher) -> list[Any]:
    return spark.read.format("hudi").load(refresh.config.base_path).select("ID", "V").collect()


def test_reload_of_such_a_table_replaces_it(
    configured: Callable[..., Refresher], land_file: Any, spark: SparkSession
) -> None:
    refresh = configured()
    options = options_of_the_first_release(refresh.config, "bulk_insert")
    frame = spark.createDataFrame([("I", 1, "n", "loaded", "")], SCHEMA)
    frame.write.format("hudi").options(**options).mode("append").save(refresh.config.base_path)
    reload = pa.table({"ID": ["text now"], "V": [5]})
    refresh.apply(RefreshKind.RELOAD, land_file(refresh.key("LOAD00000001"), reload), generation=2)
    assert refresh.values("ID", "V") == [("text now", 5)]
