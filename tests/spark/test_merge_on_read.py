"""A merge-on-read table holds the same as any other; only its newest changes lie in log files, which stay few."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import RawTableConfig
from odp.refresh import RowCounts
from pyspark.sql import SparkSession

from tests.spark.metastore import catalog_columns
from tests.spark.refresher import Refresher

Change = tuple[str, int, str | None, str]


@pytest.fixture
def refresh(spark: SparkSession, table_config: Callable[..., RawTableConfig], buckets: Path) -> Refresher:
    return Refresher(SparkTableWriter(spark), table_config(hudi_table_type="merge_on_read"), buckets)


@pytest.fixture
def apply(refresh: Refresher, land_file: Any) -> Callable[..., RowCounts]:
    def change(number: int, *rows: Change) -> RowCounts:
        op, key, region, value = zip(*rows, strict=True)
        named = {"ID": key, "REGION": pa.array(region, pa.string()), "V": value, "SEQ": [f"{number:035d}"] * len(rows)}
        name = f"20260101-{number:09d}" if number else "LOAD00000001"
        return refresh(land_file(refresh.key(name), pa.table({"Op": op, **named} if number else named))).counts

    return change


def log_files(buckets: Path, config: RawTableConfig) -> list[Path]:
    folder = buckets / "raw" / config.raw_database_name / config.raw_table_name
    return [path for path in folder.rglob(".*.log.*") if not path.name.endswith(".crc")]


def test_merge_on_read_table_is_right_and_its_counts_are_while_logs_grow_and_are_compacted(
    refresh: Refresher, apply: Callable[..., RowCounts], buckets: Path, spark: SparkSession
) -> None:
    assert apply(0, *(("I", key, "north", "loaded") for key in range(1, 6))) == RowCounts(inserted=5)
    assert apply(1, ("U", 1, "north", "1"), ("D", 2, None, ""), ("I", 6, "south", "1")) == RowCounts(1, 1, 1)
    moved = apply(2, ("U", 1, "south", "2"), ("I", 2, "north", "again"))
    assert (moved.inserted - moved.deleted, moved.updated) == (1, 0)
    published = refresh.writer.publish(refresh.config, "")
    logs = []
    for number in range(3, 14):
        assert apply(number, ("U", 3, "north", str(number))) == RowCounts(updated=1)
        logs.append(len(log_files(buckets, refresh.config)))
        expected = [(1, "2"), (2, "again"), (3, str(number)), (4, "loaded"), (5, "loaded"), (6, "1")]
        assert refresh.values("ID", "V") == expected
    assert logs[-1] < max(logs), f"log files that were compacted are never removed: {logs}"
    commits = [path.name for path in (refresh.folder / ".hoodie").iterdir()]
    assert any(name.endswith(".commit") for name in commits), "nothing was compacted"
    assert not any(name.endswith(".compaction.requested") and _is_pending(name, commits) for name in commits)
    refresh.writer.publish(refresh.config, published)
    for table in refresh.catalog_tables():
        assert catalog_columns(spark, refresh.config.raw_database_name, table)["v"] == "string"
    compacted = spark.table(f"{refresh.config.raw_database_name}.{refresh.config.raw_table_name}_ro")
    current = spark.table(f"{refresh.config.raw_database_name}.{refresh.config.raw_table_name}_rt")
    assert current.filter("ID = 3").first()["V"] == "13"  # type: ignore[index]
    assert compacted.filter("ID = 3").first()["V"] != "loaded"  # type: ignore[index]


def _is_pending(requested: str, commits: list[str]) -> bool:
    return f"{requested.split('.', maxsplit=1)[0]}.commit" not in commits
