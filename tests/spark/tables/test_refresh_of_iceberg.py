"""The core refreshes a table of another format than Hudi without knowing it: the seam is where it should be."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from odp.records import RowHistory
from odp.refresh import RefreshKind
from pyspark.sql import SparkSession

from lake.errors import RejectedInputError, SchemaChangeRefusedError
from tests.spark.refresher import Refresher

LOAD, FIRST, SECOND, THIRD = "LOAD00000001", "20260101-000000001", "20260101-000000002", "20260101-000000003"
AMOUNT, WIDER = pa.decimal128(8, 2), pa.decimal128(12, 4)


@pytest.fixture
def made(spark: SparkSession, configured: Callable[..., Refresher]) -> Callable[..., Refresher]:
    spark.sql("CREATE NAMESPACE IF NOT EXISTS glue_catalog.sales_raw")
    return lambda **fields: configured(table_format="iceberg", partition_key="REGION", **fields)


def rows(
    keys: list[int], amounts: list[str], op: list[str] | None = None, type_: Any = AMOUNT, **more: Any
) -> pa.Table:
    values = pa.array([Decimal(amount) for amount in amounts], type_)
    of_change = {"Op": op, "SEQ": [""] * len(keys)} if op else {"SEQ": [""] * len(keys)}
    return pa.table({**of_change, "ID": keys, "REGION": ["north"] * len(keys), "AMOUNT": values, **more})


def found(spark: SparkSession, refresh: Refresher, *names: str) -> list[tuple[Any, ...]]:
    name = f"glue_catalog.sales_raw.{refresh.config.raw_table_name}"
    return sorted((tuple(row) for row in spark.table(name).select(*names).collect()), key=repr)


def test_snapshot_table_is_loaded_changed_widened_replaced_and_emptied(
    spark: SparkSession, made: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = made()
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows([1, 2, 3], ["1.50", "2.50", "3.50"])))
    change = land_file(refresh.key(FIRST), rows([1, 2, 4], ["1.75", "2.50", "4.50"], ["U", "D", "I"]))
    committed = refresh.apply(RefreshKind.CHANGES, change)
    assert found(spark, refresh, "ID", "AMOUNT") == [(1, Decimal("1.75")), (3, Decimal("3.50")), (4, Decimal("4.50"))]
    assert (committed.counts.inserted, committed.counts.updated, committed.counts.deleted) == (1, 1, 1)
    assert committed.file_ids == {change.file_id}
    wider = rows([3], ["3.1234"], ["U"], WIDER, NOTE=["n"])
    assert committed.added_columns == ()
    committed = refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(SECOND), wider))
    assert committed.added_columns == ("NOTE",), "of a commit after one that widens another column"
    assert found(spark, refresh, "ID", "AMOUNT", "NOTE") == [
        (1, Decimal("1.7500"), None),
        (3, Decimal("3.1234"), "n"),
        (4, Decimal("4.5000"), None),
    ]
    with pytest.raises(SchemaChangeRefusedError, match="column NOTE"):
        refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(THIRD), rows([3], ["3.1"], ["U"], WIDER)))
    reload = land_file(refresh.key(LOAD), rows([7], ["7.50"]))
    assert refresh.apply(RefreshKind.RELOAD, reload, generation=2).added_columns == ()
    assert found(spark, refresh, "ID", "AMOUNT") == [(7, Decimal("7.50"))]
    last = refresh.apply(RefreshKind.EMPTY, generation=3, fence=7, epoch=12)
    history = spark.table(f"glue_catalog.sales_raw.{refresh.config.raw_table_name}.snapshots").orderBy("committed_at")
    assert history.tail(1)[0].summary["lake.fence"] == "7"
    assert found(spark, refresh, "ID") == []
    assert refresh.writer.last_refresh(refresh.config) == last
    assert last.epoch == 12
    assert refresh.writer.publish(refresh.config, "") == last.commit_time


def test_table_that_someone_else_made_is_refused_by_name_and_keeps_its_rows(
    spark: SparkSession, made: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = made()
    spark.sql(f"CREATE TABLE glue_catalog.sales_raw.{refresh.config.raw_table_name} USING iceberg AS SELECT 1 AS MINE")
    with pytest.raises(RejectedInputError, match=f"{refresh.config.qualified_name} is an Iceberg table whose commits"):
        refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows([1], ["1.50"])))
    assert found(spark, refresh, "MINE") == [(1,)]


def test_rule_7_historical_table_keeps_every_version_across_a_reload(
    spark: SparkSession, made: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = made(history=RowHistory.ALL)
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows([1, 2], ["1.50", "2.50"])))
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), rows([1, 2], ["1.75", "2.50"], ["U", "D"])))
    refresh.apply(RefreshKind.RELOAD, land_file(refresh.key(LOAD), rows([3], ["3.50"])), generation=2)
    assert found(spark, refresh, "ID", "Op", "AMOUNT") == [
        (1, "D", Decimal("1.75")),
        (1, "I", Decimal("1.50")),
        (1, "U", Decimal("1.75")),
        (2, "D", Decimal("2.50")),
        (2, "I", Decimal("2.50")),
        (3, "I", Decimal("3.50")),
    ]
