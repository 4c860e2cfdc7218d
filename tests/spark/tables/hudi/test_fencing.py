"""Rule 8 within a commit: whoever takes a table over ends what its last owner has begun and not completed."""

from collections.abc import Callable
from typing import Any

import pytest
from odp.file_processor.apply.commit_proof import proof_of_refresh
from odp.file_processor.apply.table_format import definition_of
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import LandedFile, RawTableConfig
from odp.refresh import RefreshKind, RefreshPlan, TableState
from pyspark.errors import IllegalArgumentException
from pyspark.sql import SparkSession

from lake.errors import LeaseLostError
from lake.spark_session import java_class
from lake.tables.change import ChangeKind
from lake.tables.hudi.options import IndexSettings, proof_options, write_options

Land = Callable[..., LandedFile]
Rows = Callable[[RawTableConfig], list[dict[str, Any]]]
SCHEMA = """{"type": "record", "name": "r", "fields": [{"name": "ID", "type": ["null", "long"], "default": null}]}"""


def rows(*keys: int, op: str = "I", seq: int = 0) -> list[dict[str, Any]]:
    return [{"Op": op, "ID": key, "REGION": "north", "SEQ": f"{seq:035d}"} for key in keys]


def decided(file: LandedFile) -> RefreshPlan:
    return RefreshPlan(RefreshKind.INITIAL if file.is_load else RefreshKind.CHANGES, (file,), (), TableState(1))


def lease_lost() -> None:
    raise LeaseLostError("another run has it")


def test_rule_8_run_that_finds_its_lease_lost_right_before_the_commit_leaves_no_trace(
    spark: SparkSession, table_config: Callable[..., RawTableConfig], land: Land, rows_of: Rows
) -> None:
    writer, config = SparkTableWriter(spark), table_config()
    writer.apply(config, decided(land("s/f/LOAD00000001.parquet", rows(1))), lambda: None)
    before = writer.last_refresh(config)
    late = decided(land("s/f/20260101-000000001.parquet", rows(2, seq=1)))
    with pytest.raises(LeaseLostError):
        writer.apply(config, late, lease_lost)
    assert writer.last_refresh(config) == before
    assert [row["ID"] for row in rows_of(config)] == [1]


def test_rule_8_run_that_is_overtaken_in_the_middle_of_its_commit_cannot_complete_it(
    spark: SparkSession, table_config: Callable[..., RawTableConfig], land: Land, rows_of: Rows
) -> None:
    writer, config = SparkTableWriter(spark), table_config()
    writer.apply(config, decided(land("s/o/LOAD00000001.parquet", rows(1, 2))), lambda: None)
    change = decided(land("s/o/20260101-000000001.parquet", rows(1, op="D", seq=1)))
    overtaken, instant = _begun_commit(spark, config, change)
    try:
        writer.apply(config, change, lambda: None)
        newest = writer.last_refresh(config)
        with pytest.raises(IllegalArgumentException, match=r"\.inflight does not exist"):
            overtaken.commit(instant, spark.sparkContext._jsc.emptyRDD())
        assert writer.last_refresh(config) == newest
        assert [row["ID"] for row in rows_of(config)] == [2]
    finally:
        overtaken.close()


def _begun_commit(spark: SparkSession, config: RawTableConfig, refresh: RefreshPlan) -> tuple[Any, str]:
    """Begin a commit as the writer does, and leave it there."""
    options = java_class(spark, "java.util.HashMap")()
    index = IndexSettings(tasks=1, moves_rows=False)
    given = write_options(definition_of(config), ChangeKind.MERGE, {}, index) | proof_options(proof_of_refresh(refresh))
    for name, value in given.items():
        options[name] = value
    client = java_class(spark, "org.apache.hudi.DataSourceUtils").createHoodieClient(
        spark.sparkContext._jsc, SCHEMA, config.base_path, config.raw_table_name, options
    )
    instant = str(client.startCommit())
    return client, instant
