"""Rule 10: added columns and widenings flow through to the table and the catalog, everything else is refused."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import LandedFile, RawTableConfig, RowHistory
from odp.refresh import RefreshKind, RowCounts
from pyspark.sql import SparkSession

from lake.errors import SchemaChangeRefusedError
from tests.spark.metastore import catalog_columns
from tests.spark.refresher import Refresher

LandTable = Callable[[str, pa.Table], LandedFile]
Configure = Callable[..., RawTableConfig]
LOAD, FIRST, SECOND, THIRD, FOURTH = "LOAD00000001", *(f"20260101-00000000{n}" for n in range(1, 5))
CENT = Decimal("0.01")
MERGE_ON_READ_IS_SLOW = ("copy_on_write", pytest.param("merge_on_read", marks=pytest.mark.slow))
"""Where a test is about what is decided, and how rows are made, before either type of table is written."""


def rows(
    *keys: int, op: str | None = None, seq: int | None = None, region: str = "north", **columns: pa.Array
) -> pa.Table:
    """A DMS file with one value of each column for every key."""
    count = len(keys)
    named: dict[str, Any] = {"Op": pa.array([op] * count)} if op else {}
    named |= {"ID": pa.array(keys, pa.int64()), "REGION": pa.array([region] * count)} | columns
    return pa.table(named | {"SEQ": pa.array(["" if seq is None else f"{seq:035d}"] * count)})


@pytest.fixture(params=["copy_on_write", "merge_on_read"])
def refresh(request: pytest.FixtureRequest, spark: SparkSession, table_config: Configure, buckets: Path) -> Refresher:
    return Refresher(SparkTableWriter(spark), table_config(hudi_table_type=request.param), buckets)


@pytest.fixture
def land_table(refresh: Refresher, land_file: LandTable) -> LandTable:
    return lambda name, table: land_file(refresh.key(name), table)


WIDENINGS = {
    "int_to_bigint": (pa.array([1], pa.int32()), pa.array([2**40], pa.int64())),
    "byte_to_int": (pa.array([1], pa.int8()), pa.array([2**31 - 1], pa.int32())),
    "unsigned_32_to_64": (pa.array([2**32 - 1], pa.uint32()), pa.array([2**64 - 1], pa.uint64())),
    "float_to_double": (pa.array([0.1], pa.float32()), pa.array([1e300], pa.float64())),
    "decimal_digits": (pa.array([CENT], pa.decimal128(8, 2)), pa.array([Decimal(10) ** 9], pa.decimal128(12, 2))),
    "decimal_scale": (pa.array([CENT], pa.decimal128(8, 2)), pa.array([CENT / 10000], pa.decimal128(20, 6))),
}


def test_rule_10_widenings_flow_through_while_rows_of_both_types_move_change_and_go(
    refresh: Refresher, land_table: LandTable
) -> None:
    """Defect 7 of the reference: a column that came in the middle was dropped, a wider integer failed the read."""
    narrow = {name: pa.concat_arrays([before] * 4) for name, (before, _) in WIDENINGS.items()}
    wide = {name: after for name, (_, after) in WIDENINGS.items()}
    refresh(land_table(LOAD, rows(1, 2, 3, 4, **narrow)))
    changed = land_table(FIRST, rows(1, op="U", seq=1, **wide))
    moved = land_table(SECOND, rows(2, op="U", seq=2, region="south", **wide))
    committed = refresh(changed, moved, land_table(THIRD, rows(3, op="D", seq=3, region="east", **wide)))
    assert committed.counts.inserted - committed.counts.deleted == -1
    of_loaded, of_changed = ([values[0].as_py() for values in columns.values()] for columns in (narrow, wide))
    expected = {1: of_changed, 2: of_changed, 4: of_loaded}
    assert {key: values for key, *values in refresh.values("ID", *WIDENINGS)} == expected


@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_rule_10_new_column_in_the_middle_of_a_batch_is_null_in_older_rows_and_kept_in_newer_ones(
    refresh: Refresher, land_table: LandTable
) -> None:
    refresh(
        land_table(LOAD, rows(1, 2, 3)),
        land_table(FIRST, rows(1, op="U", seq=1)),
        land_table(SECOND, rows(2, op="U", seq=2, NOTE=pa.array(["new"]), AT=pa.array([dt.date(2026, 1, 1)]))),
    )
    assert refresh.values("ID", "NOTE", "AT") == [(1, None, None), (2, "new", dt.date(2026, 1, 1)), (3, None, None)]


@pytest.mark.slow  # decided without Spark
@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_rule_10_older_file_that_comes_late_may_lack_the_column_and_have_the_narrower_type(
    refresh: Refresher, land_table: LandTable
) -> None:
    narrow, wide = pa.array([1], pa.int32()), pa.array([2**40])
    refresh(land_table(LOAD, rows(1, 2, V=pa.concat_arrays([narrow] * 2))))
    late = land_table(FIRST, rows(1, op="U", seq=1, V=pa.array([7], pa.int32())))
    refresh(land_table(SECOND, rows(2, op="U", seq=2, V=wide, NOTE=pa.array(["new"]))))
    refresh(late)
    assert refresh.values("ID", "V", "NOTE") == [(1, 7, None), (2, 2**40, "new")]


@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_rule_10_new_columns_and_wider_types_reach_the_catalog(
    refresh: Refresher, land_table: LandTable, spark: SparkSession
) -> None:
    refresh(land_table(LOAD, rows(1, V=pa.array([CENT], pa.decimal128(8, 2)), N=pa.array([1], pa.int32()))))
    published = refresh.writer.publish(refresh.config, "")
    wide = rows(1, op="U", seq=1, V=pa.array([CENT], pa.decimal128(12, 4)), N=pa.array([1]), NOTE=pa.array(["new"]))
    refresh(land_table(FIRST, wide))
    refresh.writer.publish(refresh.config, published)
    for table in refresh.catalog_tables():
        columns = catalog_columns(spark, refresh.config.raw_database_name, table)
        assert {name: columns[name] for name in ("v", "n", "note")} == {
            "v": "decimal(12,4)",
            "n": "bigint",
            "note": "string",
        }


HELD = {"NUMBER": pa.array([1]), "TEXT": pa.array(["1"])}
REFUSALS = {
    "other type": ({"NUMBER": pa.array(["1"])}, "column NUMBER is bigint in the table, but string in "),
    "text gets number": ({"TEXT": pa.array([1])}, "column TEXT is string in the table, but bigint in "),
    "narrower": ({"NUMBER": pa.array([1], pa.int32())}, "column NUMBER is bigint in the table, but int in "),
    "dropped": ({"NUMBER": None}, "column NUMBER (bigint in the table) is missing in "),
    "renamed": ({"NUMBER": None, "Number": pa.array([1])}, "columns NUMBER and Number of "),
}


@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_rule_10_other_changes_are_refused_by_name_and_the_table_stays_as_it_was(
    refresh: Refresher, land_table: LandTable
) -> None:
    refresh(land_table(LOAD, rows(1, **HELD)))
    table = refresh.table()
    for seq, (change, message) in enumerate(REFUSALS.values(), 1):
        columns = {name: values for name, values in {**HELD, **change}.items() if values is not None}
        file = land_table(f"20260101-00000000{seq}", rows(1, op="U", seq=seq, **columns))
        with pytest.raises(SchemaChangeRefusedError) as refused:
            refresh(file)
        assert message in str(refused.value)
        assert file.uri in str(refused.value)
        assert refresh.table() == table


@pytest.mark.parametrize("refresh", MERGE_ON_READ_IS_SLOW, indirect=True)
def test_rule_10_reload_brings_the_sources_schema_whatever_it_was_before_and_changes_go_on_with_it(
    refresh: Refresher, land_table: LandTable, spark: SparkSession
) -> None:
    refresh(land_table(LOAD, rows(1, 2, V=pa.array(["a", "b"]), OLD=pa.array(["x", "y"]), N=pa.array([1, 2]))))
    refresh(land_table(FIRST, rows(1, op="U", seq=1, V=pa.array(["c"]), OLD=pa.array(["z"]), N=pa.array([3]))))
    published = refresh.writer.publish(refresh.config, "")
    now = {"V": pa.array([1, 2], pa.int32()), "N": pa.array([1, 2], pa.int32()), "NEW": pa.array([True, False])}
    refresh(land_table(LOAD, rows(1, 2, **now)))
    one = {name: values[:1] for name, values in now.items()}
    refresh(land_table(SECOND, rows(2, op="U", seq=2, region="south", **one)))
    assert refresh.values("ID", "V", "N", "NEW") == [(1, 1, 1, True), (2, 1, 1, True)]
    assert "OLD" not in refresh.table().column_names
    refresh.writer.publish(refresh.config, published)
    for table in refresh.catalog_tables():
        columns = catalog_columns(spark, refresh.config.raw_database_name, table)
        assert {name: columns.get(name) for name in ("v", "old", "new")} == {"v": "int", "old": None, "new": "boolean"}


def test_rule_10_widening_of_the_key_and_the_partition_column_keeps_every_row_single(
    spark: SparkSession, table_config: Configure, land_file: LandTable, buckets: Path
) -> None:
    config = table_config(primary_key=("K",), partition_key="P", change_sequence="N")
    refresh = Refresher(SparkTableWriter(spark), config, buckets)

    def table(op: str, keys: list[str], order: int, scale: int, integer: pa.DataType) -> pa.Table:
        count = len(keys)
        decimals = pa.array([Decimal(key) for key in keys], pa.decimal128(8 + scale, scale))
        return pa.table(
            {
                "Op": [op] * count,
                "K": decimals,
                "P": pa.array([7] * count, integer),
                "N": pa.array([order] * count, integer),
            }
        )

    refresh(land_file(refresh.key(LOAD), table("I", ["1.5", "2.5", "3.5"], 1, 1, pa.int32())))
    published = refresh.writer.publish(config, "")
    refresh(land_file(refresh.key(FIRST), table("U", ["1.5"], 2, 3, pa.int64())))
    refresh(land_file(refresh.key(SECOND), table("D", ["2.5"], 3, 3, pa.int64())))
    refresh.writer.publish(config, published)
    assert refresh.values("K", "P", "N") == [(Decimal("1.5"), 7, 2), (Decimal("3.5"), 7, 1)]


@pytest.mark.slow  # decided without Spark
def test_rule_10_historical_table_takes_the_schema_of_a_later_load_after_that_of_the_changes_before_it(
    spark: SparkSession, table_config: Configure, land_file: LandTable, buckets: Path
) -> None:
    refresh = Refresher(SparkTableWriter(spark), table_config(history=RowHistory.ALL), buckets)
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), rows(1)))
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), rows(1, op="U", seq=1)))
    again = land_file(refresh.key(LOAD), rows(2, NOTE=pa.array(["loaded"])))
    after = land_file(refresh.key(SECOND), rows(2, op="U", seq=2, NOTE=pa.array(["x"])))
    committed = refresh.apply(RefreshKind.RELOAD, again, after, generation=2)
    assert committed.counts == RowCounts(inserted=3)
    assert sorted(refresh.values("Op", "SEQ", "ID", "NOTE")) == [
        ("D", f"{1:035d}", 1, None),
        ("I", "", 1, None),
        ("I", "", 2, "loaded"),
        ("U", f"{1:035d}", 1, None),
        ("U", f"{2:035d}", 2, "x"),
    ]
