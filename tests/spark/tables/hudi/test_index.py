"""How Hudi's index looks up rows is decided before the write: moving rows, and tasks, cost more than looking first."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from odp.file_processor.apply.row_order import with_keys
from odp.file_processor.apply.table_format import definition_of
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.file_processor.apply.technical_columns import VERSION
from odp.records import LandedFile, RawTableConfig, RowHistory
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lake.tables.columns import BIGINT, String
from lake.tables.hudi import table as hudi_table
from lake.tables.hudi.options import index_settings, write_options
from tests.spark.refresher import Refresher

Land = Callable[..., LandedFile]
Configure = Callable[..., RawTableConfig]
Row = tuple[str, int, int | None, str | None, str]

SCHEMA = "Op string, ID bigint, LINE bigint, REGION string, SEQ string"
LOADED: list[Row] = [("I", 1, 10, "north", ""), ("I", 2, None, "south", ""), ("I", 3, 30, None, "")]


@pytest.fixture
def made(spark: SparkSession, table_config: Configure, land: Land, buckets: Path) -> Callable[..., Refresher]:
    """Make a table of the loaded rows, configured as told."""

    def make(**configured: Any) -> Refresher:
        refresh = Refresher(SparkTableWriter(spark), table_config(**configured), buckets)
        refresh(land(refresh.key("LOAD00000001"), as_rows(LOADED)))
        return refresh

    return make


def as_rows(rows: list[Row]) -> list[dict[str, Any]]:
    return [dict(zip(("Op", "ID", "LINE", "REGION", "SEQ"), row, strict=True)) for row in rows]


def decide(spark: SparkSession, config: RawTableConfig, *rows: Row) -> bool:
    changes = spark.createDataFrame(list(rows), SCHEMA).withColumn(VERSION, F.col("SEQ"))
    types = {"ID": BIGINT, "LINE": BIGINT, "REGION": String()}
    return index_settings(spark, definition_of(config), with_keys(changes, config, types)).moves_rows


def test_change_moves_its_row_if_its_partition_is_another_than_that_of_the_row(
    spark: SparkSession, made: Callable[..., Refresher]
) -> None:
    config = made().config
    stays = [("U", 1, 11, "north", "1"), ("U", 3, 31, None, "1"), ("I", 4, 40, "west", "1")]
    assert not decide(spark, config, *stays)
    for moved in (("U", 1, 10, "south", "1"), ("U", 2, 20, None, "1"), ("I", 3, 30, "north", "1")):
        assert decide(spark, config, *stays, moved), moved


def test_delete_that_carries_the_key_only_moves_nothing(spark: SparkSession, made: Callable[..., Refresher]) -> None:
    assert not decide(spark, made().config, ("D", 1, None, None, "1"))


@pytest.mark.slow  # so are the composite keys of test_own_keys
def test_row_is_found_by_a_composite_key_of_which_a_part_is_null(
    spark: SparkSession, made: Callable[..., Refresher]
) -> None:
    config = made(primary_key=("ID", "LINE")).config
    assert not decide(spark, config, ("U", 2, None, "south", "1"), ("I", 2, 20, "north", "1"))
    assert decide(spark, config, ("U", 2, None, "north", "1"))


@pytest.mark.slow  # rows of the contract test move and come back, too
def test_where_a_row_is_after_it_moved_counts_and_not_where_it_was(
    spark: SparkSession, made: Callable[..., Refresher], land: Land
) -> None:
    refresh = made()
    refresh(land(refresh.key("20260101-000000001"), as_rows([("U", 1, 10, "south", "1"), ("D", 2, None, None, "2")])))
    assert not decide(spark, refresh.config, ("U", 1, 11, "south", "3"), ("I", 2, 20, "north", "4"))
    assert decide(spark, refresh.config, ("U", 1, 11, "north", "3"))


def test_table_without_partitions_or_with_the_partition_in_its_key_cannot_have_such_rows(
    spark: SparkSession, made: Callable[..., Refresher]
) -> None:
    config = made().config  # of its partitions the options alone say how the rows are looked up
    assert not decide(spark, replace(config, partition_key=None), ("U", 1, 10, "south", "1"))
    assert not decide(spark, replace(config, primary_key=("ID", "REGION")), ("U", 1, 10, "south", "1"))


def test_keys_are_read_in_one_task_for_few_small_files_and_in_more_for_many(
    spark: SparkSession, made: Callable[..., Refresher], land: Land
) -> None:
    def tasks() -> int:
        return index_settings(spark, definition_of(refresh.config), spark.createDataFrame([], SCHEMA)).tasks

    refresh = made()
    assert tasks() == 1
    others: list[Row] = [("I", key, key, f"region-{key}", "1") for key in range(10, 16)]
    refresh(land(refresh.key("20260101-000000001"), as_rows(others)))
    assert tasks() == min(3, spark.sparkContext.defaultParallelism)


def test_rows_of_a_merge_on_read_table_may_move_as_its_data_files_alone_do_not_tell(
    spark: SparkSession, made: Callable[..., Refresher]
) -> None:
    assert decide(spark, made(hudi_table_type="merge_on_read").config, ("U", 1, 11, "north", "1"))


def test_new_version_of_a_historical_row_moves_nothing_while_the_same_version_elsewhere_does(
    spark: SparkSession, made: Callable[..., Refresher], land: Land
) -> None:
    first, second = f"{1:035d}", f"{2:035d}"
    refresh = made(history=RowHistory.ALL)
    refresh(land(refresh.key("20260101-000000001"), as_rows([("D", 1, 10, "north", first)])))
    assert not decide(spark, refresh.config, ("U", 1, 10, "south", second))
    assert decide(spark, refresh.config, ("D", 1, 10, "south", first))


def test_refresh_prepares_hudis_index_for_moving_rows_only_if_one_moves(
    made: Callable[..., Refresher], land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []

    def watched(*arguments: Any) -> Any:
        options = write_options(*arguments)
        prepared.append(options["hoodie.simple.index.update.partition.path"])
        return options

    refresh = made()
    monkeypatch.setattr(hudi_table, "write_options", watched)
    refresh(land(refresh.key("20260101-000000001"), as_rows([("U", 1, 11, "north", "1"), ("D", 2, None, None, "2")])))
    assert refresh.values("ID", "LINE", "REGION") == [(1, 11, "north"), (3, 30, None)]
    refresh(land(refresh.key("20260101-000000002"), as_rows([("U", 1, 12, "south", "3"), ("U", 3, 31, None, "4")])))
    assert refresh.values("ID", "LINE", "REGION") == [(1, 12, "south"), (3, 31, None)]
    assert prepared == ["false", "true"]
