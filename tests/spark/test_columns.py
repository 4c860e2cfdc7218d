"""Columns arrive under their exact names or are refused by them, and times of day keep their meaning."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from odp.refresh import RefreshKind
from pyspark.sql import SparkSession

from lake.errors import SchemaChangeRefusedError
from lake.tables.hudi.catalog import set_comments
from tests.spark.metastore import catalog_comments, metastore
from tests.spark.refresher import Refresher

LOAD, FIRST, SECOND = "LOAD00000001", "20260101-000000001", "20260101-000000002"


def test_column_whose_name_ends_in_a_blank_is_refused_by_its_exact_name(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    """F4: it was a column of NULLs."""
    refresh = configured()
    table = pa.table({"ID": [1], "QTY ": [5], "QTY = 5": [6], "SEQ": [""]})
    with pytest.raises(SchemaChangeRefusedError, match="column 'QTY ' of .*column 'QTY = 5' of "):
        refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), table))


def test_sanitised_names_hold_the_values_of_their_columns_also_of_keys_and_partitions(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured(
        primary_key=("Order ID",), partition_key="Größe", change_sequence=None, column_names="sanitise"
    )
    names = ["Order ID", "Größe", "QTY ", "QTY = 5", "a`b", "c.d", "line\nfeed", "2nd"]
    load = pa.table({name: [f"{name}1", f"{name}2"] for name in names})
    changed = {name: [f"{name}1" if name == "Order ID" else f"{name} changed"] for name in names}
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), load))
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), pa.table({"Op": ["U"], **changed})))
    stored = ["Order_ID", "Gr__e", "QTY_", "QTY___5", "a_b", "c_d", "line_feed", "_2nd"]
    assert [row[1:] for row in refresh.values(*stored)] == [
        tuple(f"{name} changed" for name in names[1:]),
        tuple(f"{name}2" for name in names[1:]),
    ]
    refresh.writer.publish(refresh.config, "")


@pytest.mark.parametrize("table_type", [pytest.param("copy_on_write", marks=pytest.mark.slow), "merge_on_read"])
def test_sources_name_of_a_sanitised_column_is_its_comment_in_the_catalog(
    configured: Callable[..., Refresher], land_file: Any, spark: SparkSession, table_type: str
) -> None:
    refresh = configured(
        primary_key=("Order ID",),
        partition_key="Größe",
        change_sequence=None,
        hudi_table_type=table_type,
        column_names="sanitise",
    )
    first = {"Order ID": [1], "Größe": ["n"], "line\nfeed": ["x"], "V": ["v"]}
    comments = {"order_id": "Order ID", "gr__e": "Größe", "line_feed": r"line\nfeed"}
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), pa.table(first)))
    published = refresh.writer.publish(refresh.config, "")
    assert comments_of(refresh, spark) == comments
    # a schema change makes Hudi's sync drop the comments, a new partition does not
    change = {"Op": ["I"], **first, "Größe": ["s"], "Order ID": [2], "2nd": [1]}
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), pa.table(change)))
    published = refresh.writer.publish(refresh.config, published)
    assert comments_of(refresh, spark) == {**comments, "_2nd": "2nd"}
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(SECOND), pa.table({**change, "Größe": ["w"]})))
    refresh.writer.publish(refresh.config, published)
    assert comments_of(refresh, spark) == {**comments, "_2nd": "2nd"}
    rows = spark.table(f"sales_raw.{refresh.catalog_tables()[-1]}").select("Order_ID", "Gr__e", "_2nd").collect()
    assert sorted(map(tuple, rows), key=str) == [(1, "n", None), (2, "w", 1)]


def comments_of(refresh: Refresher, spark: SparkSession) -> dict[str, str]:
    """The comments that each of the catalog's entries has."""
    found = [catalog_comments(spark, "sales_raw", name) for name in refresh.catalog_tables()]
    assert all(comments == found[0] for comments in found)
    return found[0]


def test_comments_that_are_right_are_not_written_again_and_no_other_column_gets_the_name(
    configured: Callable[..., Refresher], land_file: Any, spark: SparkSession
) -> None:
    refresh = configured(change_sequence=None, column_names="sanitise")
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), pa.table({"ID": [1], "QTY ": [5]})))
    refresh.writer.publish(refresh.config, "")
    entry = metastore(spark).getTable("sales_raw", refresh.config.raw_table_name)
    assert not set_comments(entry, {"QTY_": "QTY "})
    assert set_comments(entry, {"QTY_": "QTY$"})
    other = land_file(refresh.key(FIRST), pa.table({"Op": ["U"], "ID": [1], "QTY$": [6]}))
    with pytest.raises(
        SchemaChangeRefusedError, match=r"columns 'QTY ' of the table and 'QTY\$' of .* would both be QTY_"
    ):
        refresh.apply(RefreshKind.CHANGES, other)


@pytest.mark.parametrize("name", ["_odp_key", "_odp_rank", "_metadata", "_hoodie_record_key"])
def test_column_with_a_technical_name_is_refused_by_name(
    configured: Callable[..., Refresher], land_file: Any, name: str
) -> None:
    refresh = configured()
    with pytest.raises(SchemaChangeRefusedError, match=f"column '{name}' of "):
        refresh.apply(
            RefreshKind.INITIAL, land_file(refresh.key(LOAD), pa.table({"ID": [1], name: ["x"], "SEQ": [""]}))
        )


def test_dropped_column_is_null_from_then_on_if_the_policy_says_so(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured(on_dropped_column="null")
    refresh.apply(
        RefreshKind.INITIAL, land_file(refresh.key(LOAD), pa.table({"ID": [1, 2], "V": ["a", "b"], "SEQ": ["", ""]}))
    )
    without = pa.table({"Op": ["U"], "ID": [1], "SEQ": [""]})
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(FIRST), without))
    assert refresh.values("ID", "V") == [(1, None), (2, "b")]
    back = pa.table({"Op": ["U"], "ID": [1], "V": ["c"], "SEQ": [""]})
    refresh.apply(RefreshKind.CHANGES, land_file(refresh.key(SECOND), back))
    assert refresh.values("ID", "V") == [(1, "c"), (2, "b")]


HOUR = 3_600_000_000
TIMES = {
    0: "00:00:00.000000",
    1: "00:00:00.000001",
    12 * HOUR + 34_056_789: "12:00:34.056789",
    24 * HOUR - 1: "23:59:59.999999",
    24 * HOUR: "24:00:00.000000",
    25 * HOUR: "25:00:00.000000",
    -1: "-00:00:00.000001",
    -HOUR - 90_000_000: "-01:01:30.000000",
    838 * HOUR + 59 * 60_000_000: "838:59:00.000000",
}


def test_time_of_day_is_kept_as_the_source_has_it_in_one_form_whatever_the_unit(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    """F9: 24:00:00, 25 hours and times below zero wrapped around."""
    refresh = configured()
    micros = pa.array([*TIMES, None], pa.int64())
    whole = [value for value in TIMES if value % 1000 == 0 and value < 100 * HOUR]
    millis = pa.array([value // 1000 for value in whole], pa.int32())
    padded = pa.concat_arrays([millis, pa.nulls(len(micros) - len(millis), pa.int32())])
    table = pa.table(
        {
            "ID": range(len(micros)),
            "US": micros.view(pa.time64("us")),
            "MS": padded.view(pa.time32("ms")),
            "SEQ": [""] * len(micros),
        }
    )
    refresh.apply(RefreshKind.INITIAL, land_file(refresh.key(LOAD), table))
    found = sorted(refresh.values("ID", "US", "MS"))
    assert [row[1] for row in found] == [*TIMES.values(), None]
    assert [row[2] for row in found][: len(whole)] == [TIMES[value] for value in whole]
