"""Of several changes of a key whose ordering does not tell which came last, the one that DMS wrote last wins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odp.file_processor.table_writers.hudi_spark import HudiSparkWriter
from odp.records import RawTableConfig, VersioningType
from pyspark.sql import SparkSession

from tests.spark.refresher import Refresher

SAME = {"null": None, "empty": "", "equal": f"{7:035d}"}


@pytest.fixture
def configured(
    spark: SparkSession, table_config: Callable[..., RawTableConfig], buckets: Path
) -> Callable[..., Refresher]:
    return lambda **fields: Refresher(HudiSparkWriter(spark), table_config(hudi_partition_key=None, **fields), buckets)


def changes(*values: str, seq: str | None, op: str = "U") -> pa.Table:
    count = len(values)
    sequence = pa.array([seq] * count, pa.string())
    return pa.table({"Op": [op] * count, "ID": [1] * count, "V": values, "SEQ": sequence})


@pytest.mark.parametrize("seq", SAME.values(), ids=SAME)
def test_last_row_of_the_newest_file_wins_over_rows_with_the_same_ordering(
    configured: Callable[..., Refresher], land_file: Any, seq: str | None
) -> None:
    refresh = configured()
    later = land_file(refresh.key("20260101-000000002"), changes(*(f"v{n}" for n in range(2000)), seq=seq))
    refresh(later, land_file(refresh.key("20260101-000000001"), changes("first", seq=seq)))
    assert refresh.values("V") == [("v1999",)]
    refresh(land_file(refresh.key("20260101-000000003"), changes("newer", "newest", seq=seq)))
    assert refresh.values("V") == [("newest",)]


def test_change_without_an_ordering_is_newer_than_the_load_and_older_than_a_change_with_one(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured()
    load = land_file(refresh.key("LOAD00000001"), changes("loaded", seq=None, op="I").drop_columns(["Op"]))
    refresh(load, land_file(refresh.key("20260101-000000001"), changes("changed", seq=None)))
    assert refresh.values("V") == [("changed",)]
    both = pa.concat_tables([changes("ordered", seq=f"{1:035d}"), changes("unordered", seq=None)])
    refresh(land_file(refresh.key("20260101-000000002"), both))
    assert refresh.values("V") == [("ordered",)]


def test_late_file_does_not_win_over_a_newer_one_with_the_same_ordering(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured()
    late = land_file(refresh.key("20260101-000000001"), changes("late", seq=None))
    refresh(land_file(refresh.key("20260101-000000002"), changes("newer", seq=None)))
    refresh(late)
    assert refresh.values("V") == [("newer",)]


def test_historical_table_keeps_one_version_of_each_ordering(
    configured: Callable[..., Refresher], land_file: Any
) -> None:
    refresh = configured(table_data_versioning_type=VersioningType.HISTORICAL)
    both = pa.concat_tables([changes("a", "b", seq=None), changes("c", "d", seq=f"{1:035d}")])
    refresh(land_file(refresh.key("20260101-000000001"), both))
    assert sorted(refresh.values("V")) == [("b",), ("d",)]
