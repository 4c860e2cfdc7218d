"""The Hudi writer applies decided refreshes: the rules of the data that concern one table's rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import LandedFile, RawTableConfig, RowHistory
from odp.refresh import RowCounts, TableState
from pyspark.sql import SparkSession

from lake.errors import RejectedInputError
from tests.spark.metastore import metastore
from tests.spark.refresher import Refresher

Land = Callable[..., LandedFile]
Rows = Callable[[RawTableConfig], list[dict[str, Any]]]
Configure = Callable[..., RawTableConfig]


def load_row(key: int, region: str | None = "north", amount: int = 0) -> dict[str, Any]:
    return {"ID": key, "REGION": region, "AMOUNT": amount, "SEQ": ""}


def change(op: str, key: int, seq: int, region: str | None = "north", amount: int = 0) -> dict[str, Any]:
    return {"Op": op, "ID": key, "REGION": region, "AMOUNT": amount, "SEQ": f"{seq:035d}"}


@pytest.fixture
def writer(spark: SparkSession) -> SparkTableWriter:
    return SparkTableWriter(spark)


@pytest.fixture
def refresh(writer: SparkTableWriter, table_config: Configure, buckets: Path) -> Refresher:
    return Refresher(writer, table_config(), buckets)


def test_rule_5_full_load_and_its_changes_applied_together_become_one_commit(
    refresh: Refresher, land: Land, rows_of: Rows, writer: SparkTableWriter
) -> None:
    """Defect 9 of the reference: upserts and deletes were two commits."""
    committed = refresh(
        land("sales/a1/LOAD00000001.parquet", [load_row(1), load_row(2), load_row(3)]),
        land("sales/a1/20260101-000000001.parquet", [change("U", 1, 5, amount=9), change("D", 2, 6)]),
    )
    assert [(row["ID"], row["AMOUNT"]) for row in rows_of(refresh.config)] == [(1, 9), (3, 0)]
    assert committed.counts == RowCounts(inserted=2)


def test_rule_5_inserts_updates_and_deletes_of_one_refresh_are_counted_by_their_one_commit(
    refresh: Refresher, land: Land, rows_of: Rows, spark: SparkSession
) -> None:
    refresh(land("sales/a2/LOAD00000001.parquet", [load_row(key) for key in range(1, 6)]))
    committed = refresh(
        land(
            "sales/a2/20260101-000000001.parquet",
            [change("I", 6, 1), change("U", 1, 2, amount=4), change("D", 2, 3), change("D", 3, 4)],
        )
    )
    assert committed.counts == RowCounts(inserted=1, updated=1, deleted=2)
    assert [row["ID"] for row in rows_of(refresh.config)] == [1, 4, 5, 6]
    commits = spark.read.format("hudi").load(refresh.config.base_path).select("_hoodie_commit_time").distinct().count()
    assert commits <= 2


def test_rule_5_delete_of_a_row_that_never_was_counts_for_nothing_also_in_a_partition_that_is_new(
    refresh: Refresher, land: Land, rows_of: Rows
) -> None:
    refresh(land("sales/a9/LOAD00000001.parquet", [load_row(1)]))
    elsewhere = [{**change("I", 7, 1), "REGION": "nowhere yet"}, {**change("D", 7, 2), "REGION": "nowhere yet"}]
    committed = refresh(land("sales/a9/20260101-000000001.parquet", [*elsewhere, change("D", 8, 3)]))
    assert committed.counts.inserted == committed.counts.deleted
    assert [row["ID"] for row in rows_of(refresh.config)] == [1]


def test_rule_3_highest_change_sequence_wins_whatever_the_order_of_the_rows(
    refresh: Refresher, land: Land, rows_of: Rows
) -> None:
    refresh(land("sales/a3/LOAD00000001.parquet", [load_row(1), load_row(2)]))
    rows = [change("U", 1, 9, amount=90), change("U", 1, 3, amount=30), change("D", 2, 1), change("I", 2, 2, amount=7)]
    refresh(land("sales/a3/20260101-000000001.parquet", rows))
    assert [(row["ID"], row["AMOUNT"]) for row in rows_of(refresh.config)] == [(1, 90), (2, 7)]


def test_rule_3_older_change_that_arrives_late_changes_nothing_even_after_a_delete(
    refresh: Refresher, land: Land, rows_of: Rows
) -> None:
    """Defect 5 of the reference: a late file overwrote newer rows."""
    refresh(land("sales/a4/LOAD00000001.parquet", [load_row(1), load_row(2)]))
    refresh(land("sales/a4/20260101-000000009.parquet", [change("D", 1, 9), change("U", 2, 10, amount=10)]))
    refresh(land("sales/a4/20260101-000000005.parquet", [change("U", 1, 5, amount=5), change("U", 2, 6, amount=6)]))
    assert [(row["ID"], row["AMOUNT"]) for row in rows_of(refresh.config)] == [(2, 10)]


def test_load_part_that_arrives_after_a_delete_does_not_bring_the_row_back(
    refresh: Refresher, land: Land, rows_of: Rows
) -> None:
    refresh(land("sales/a5/LOAD00000001.parquet", [load_row(1)]))
    seen_late = land("sales/a5/LOAD00000002.parquet", [load_row(2), load_row(3)])
    refresh(land("sales/a5/20260101-000000001.parquet", [change("D", 2, 1), change("U", 1, 2, amount=2)]))
    refresh(seen_late)
    assert [(row["ID"], row["AMOUNT"]) for row in rows_of(refresh.config)] == [(1, 2), (3, 0)]


def test_rule_6_row_moves_when_its_partition_column_changes(refresh: Refresher, land: Land, rows_of: Rows) -> None:
    """Defect 6 of the reference: a row was there twice once its partition column had changed."""
    refresh(land("sales/a6/LOAD00000001.parquet", [load_row(1, "north"), load_row(2, "south"), load_row(3, None)]))
    refresh(
        land(
            "sales/a6/20260101-000000001.parquet",
            [change("U", 1, 1, "south"), change("U", 2, 2, None), change("U", 3, 3, "north")],
        )
    )
    assert [(row["ID"], row.get("REGION")) for row in rows_of(refresh.config)] == [
        (1, "south"),
        (2, None),
        (3, "north"),
    ]


def test_rule_6_delete_that_carries_only_the_key_finds_its_row_in_any_partition(
    refresh: Refresher, land: Land, rows_of: Rows
) -> None:
    refresh(land("sales/a7/LOAD00000001.parquet", [load_row(1, "north"), load_row(2, "south")]))
    key_only = {"Op": "D", "ID": 2, "REGION": None, "AMOUNT": None, "SEQ": f"{1:035d}"}
    schema_rows = [key_only, change("U", 1, 2, "north", 1)]
    refresh(land("sales/a7/20260101-000000001.parquet", schema_rows))
    assert [row["ID"] for row in rows_of(refresh.config)] == [1]


def test_rule_4_reload_replaces_the_table_in_one_commit_and_drops_changes_of_the_old_generation(
    refresh: Refresher, land: Land, rows_of: Rows
) -> None:
    """Defect 8 of the reference: the table was dropped before it was written."""
    refresh(land("sales/a8/LOAD00000001.parquet", [load_row(1), load_row(2)]))
    old_change = land("sales/a8/20260101-000000001.parquet", [change("U", 5, 1)])
    reload = land("sales/a8/LOAD00000001.parquet", [load_row(5, amount=50), load_row(6)])
    new_change = land("sales/a8/20260101-000000002.parquet", [change("D", 6, 2)])
    committed = refresh(old_change, reload, new_change)
    assert [(row["ID"], row["AMOUNT"]) for row in rows_of(refresh.config)] == [(5, 50)]
    assert committed.state.generation == 2


def test_composite_key_and_no_partition_are_written_and_updated(
    writer: SparkTableWriter, table_config: Configure, land: Land, rows_of: Rows, buckets: Path
) -> None:
    refresh = Refresher(writer, table_config(primary_key=("ID", "REGION"), partition_key=None), buckets)
    refresh(land("sales/a9/LOAD00000001.parquet", [load_row(1, "north"), load_row(1, "south")]))
    refresh(
        land("sales/a9/20260101-000000001.parquet", [change("U", 1, 1, "south", 7), change("D", 1, 2, "north")]),
    )
    assert [(row["REGION"], row["AMOUNT"]) for row in rows_of(refresh.config)] == [("south", 7)]


def test_rule_7_historical_table_keeps_every_version_deletes_included_and_marked(
    writer: SparkTableWriter, table_config: Configure, land: Land, rows_of: Rows, buckets: Path
) -> None:
    refresh = Refresher(writer, table_config(history=RowHistory.ALL), buckets)
    refresh(land("sales/b1/LOAD00000001.parquet", [load_row(1)]))
    refresh(land("sales/b1/20260101-000000001.parquet", [change("U", 1, 1, amount=1), change("D", 1, 2)]))
    assert [(row["Op"], row["AMOUNT"]) for row in rows_of(refresh.config)] == [("I", 0), ("U", 1), ("D", 0)]


def test_commit_carries_its_file_ids_and_the_tables_state(refresh: Refresher, land: Land) -> None:
    load = land("sales/b2/LOAD00000001.parquet", [load_row(1)])
    refresh(load)
    changes = land("sales/b2/20260101-000000001.parquet", [change("U", 1, 1)])
    refresh(changes)
    last = refresh.writer.last_refresh(refresh.config)
    assert last is not None
    assert last.file_ids == {changes.file_id}
    assert last.state == TableState(1, frozenset({load.key}), changes.name, load.landing_order, changes.landing_order)


def test_files_applied_twice_leave_the_same_rows(refresh: Refresher, land: Land, rows_of: Rows) -> None:
    load = land("sales/b3/LOAD00000001.parquet", [load_row(1), load_row(2)])
    changes = land("sales/b3/20260101-000000001.parquet", [change("U", 1, 1, amount=3), change("D", 2, 2)])
    refresh(load)
    refresh(changes)
    before = rows_of(refresh.config)
    refresh(changes)
    assert rows_of(refresh.config) == before


def test_table_is_written_in_table_version_six_which_athena_reads(
    refresh: Refresher, land: Land, spark: SparkSession, buckets: Any
) -> None:
    refresh(land("sales/b4/LOAD00000001.parquet", [load_row(1)]))
    folder = buckets / "raw" / refresh.config.raw_database_name / refresh.config.raw_table_name
    properties = (folder / ".hoodie" / "hoodie.properties").read_text().splitlines()
    assert "hoodie.table.version=6" in properties


def test_keys_with_glob_characters_spaces_and_unicode_are_read_as_they_are(
    refresh: Refresher, land: Land, rows_of: Rows
) -> None:
    refresh(land("in [new] {a,b}/ö +%20/b5 [*]/LOAD00000001.parquet", [load_row(1)]))
    assert [row["ID"] for row in rows_of(refresh.config)] == [1]


def test_missing_ordering_column_is_refused_with_its_name(refresh: Refresher, land: Land) -> None:
    rows = [{"Op": "I", "ID": 1, "REGION": "north"}]
    with pytest.raises(RejectedInputError, match=r"has no column SEQ \(it has Op, ID, REGION\)"):
        refresh(land("sales/b6/20260101-000000001.parquet", rows))


def test_catalog_is_synced_for_the_first_commit_and_a_new_partition_but_not_for_mere_rows(
    refresh: Refresher, land: Land, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(
        "lake.tables.hudi.table.sync_catalog",
        lambda _, table, __: synced.append(table.name),
    )
    refresh(land("sales/b7/LOAD00000001.parquet", [load_row(1)]))
    published = refresh.writer.publish(refresh.config, "")
    assert len(synced) == 1
    refresh(land("sales/b7/20260101-000000001.parquet", [change("U", 1, 1, amount=1)]))
    published = refresh.writer.publish(refresh.config, published)
    assert len(synced) == 1
    refresh(land("sales/b7/20260101-000000002.parquet", [change("I", 2, 2, region="west")]))
    refresh.writer.publish(refresh.config, published)
    assert len(synced) == 2


def test_catalog_shows_the_tables_columns_and_partitions(refresh: Refresher, land: Land, spark: SparkSession) -> None:
    refresh(land("sales/b8/LOAD00000001.parquet", [load_row(1, "north"), load_row(2, "south"), load_row(3, None)]))
    refresh.writer.publish(refresh.config, "")
    client = metastore(spark)
    table = client.getTable(refresh.config.raw_database_name, refresh.config.raw_table_name)
    assert {"id", "amount", "seq", "op"} <= {column.getName() for column in table.getSd().getCols()}
    assert [key.getName() for key in table.getPartitionKeys()] == ["region"]
    partitions = client.listPartitionNames(refresh.config.raw_database_name, refresh.config.raw_table_name, -1)
    assert len(partitions) == 3


def test_data_files_of_a_load_have_the_schema_that_changes_write_so_that_no_row_need_be_converted(
    refresh: Refresher, land: Land
) -> None:
    loaded = refresh(land("sales/schema/LOAD00000001.parquet", [load_row(1), load_row(2)]))
    changed = refresh(land("sales/schema/20260101-000000001.parquet", [change("U", 1, 5, amount=9)]))
    of_load, of_changes = (
        pq.read_schema(next(refresh.folder.rglob(f"*_{commit.commit_time}.parquet"))).remove_metadata()
        for commit in (loaded, changed)
    )
    assert of_load == of_changes
    assert of_load.field("Op").nullable


def test_data_files_that_changes_write_carry_no_bloom_filter(refresh: Refresher, land: Land) -> None:
    refresh(land("sales/bloom/LOAD00000001.parquet", [load_row(1), load_row(2)]))
    committed = refresh(land("sales/bloom/20260101-000000001.parquet", [change("U", 1, 5, amount=9)]))
    (file,) = refresh.folder.rglob(f"*_{committed.commit_time}.parquet")
    footer = pq.read_metadata(file)
    assert b"org.apache.hudi.bloomfilter" not in footer.metadata
    assert footer.row_group(0).column(0).compression == "ZSTD"
