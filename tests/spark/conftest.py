"""One local Spark session with real Hudi and Iceberg for the whole tier; `s3://` names temporary folders."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from odp.file_manager.registration import file_id
from odp.file_manager.sources import parse_object_key
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.records import LandedFile, RawTableConfig, RowHistory
from pyspark.sql import SparkSession

from lake.spark_session import with_settings
from rehearsal.emulator.glue_runner.spark_settings import JVM_OPTIONS
from rehearsal.local_spark import local_session
from tests.spark import plain_files, small_frames
from tests.spark.refresher import Refresher

LONG_RUN = (
    # 5 MB at a time, each for a full collection, would classes get the 200 MB that they need
    "-XX:MetaspaceSize=320m",
    # the metastore's library collects everything whenever one of its factories is dropped
    "-XX:+DisableExplicitGC",
    # little of a test outlives it: a young generation that fills seldom is seldom collected
    "-Xms1g",
    "-Xmn512m",
)
"""What spares a JVM that lives for minutes most of its garbage collection."""

SMALL_PAGES = {"spark.buffer.pageSize": "1m"}
"""For 3 GB Spark would take 64 MB, filled with zeros, for each sort and join of a few rows."""

BUCKETS = ("staging", "raw", "conformed", "purpose-built", "odp_hudi", "odp_iceberg", "textbook_hudi", "iceberg")


@pytest.fixture(scope="session")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("s3")
    for bucket in BUCKETS:
        (folder / bucket).mkdir()
    return folder


@pytest.fixture(scope="session")
def spark(buckets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    work = tmp_path_factory.mktemp("spark")
    options = (*JVM_OPTIONS, *LONG_RUN)
    session = local_session(buckets, BUCKETS, work=work, java_options=options, further=SMALL_PAGES)
    plain_files.use(session, tmp_path_factory.mktemp("classes"))
    small_frames.use()
    yield with_settings(session)
    session.stop()


@pytest.fixture
def table_config(request: pytest.FixtureRequest) -> Callable[..., RawTableConfig]:
    """Build configurations of a table that no other test writes."""
    name = "".join(c if c.isalnum() else "_" for c in request.node.name.lower())[-60:]

    def build(**overrides: Any) -> RawTableConfig:
        fields: dict[str, Any] = {
            "refresh_cadence": "10_min_refresh",
            "source_table_name": f"sales.{name}",
            "primary_key": ("ID",),
            "partition_key": "REGION",
            "change_sequence": "SEQ",
            "hudi_table_type": "copy_on_write",
            "history": RowHistory.LATEST,
            "table_format": "hudi",
            "is_active": True,
            "raw_database_name": "sales_raw",
            "raw_database_s3_bucket": "raw",
            "raw_table_name": name,
        }
        return RawTableConfig(**fields | overrides)

    return build


@pytest.fixture
def land_file(buckets: Path) -> Callable[[str, pa.Table], LandedFile]:
    """Write a table as a DMS file of the staging bucket; return its record, newer than the earlier ones."""
    landed = count(1)

    def write(key: str, table: pa.Table) -> LandedFile:
        path = buckets / "staging" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
        meaning, moment = parse_object_key(key), next(landed)
        return LandedFile(
            source_table_name=meaning.source_table_name,
            file_id=file_id("staging", key, f"v{moment}", meaning.file_type),
            file_type=meaning.file_type,
            schema_name=meaning.schema_name,
            table_name=meaning.table_name,
            bucket="staging",
            key=key,
            size=path.stat().st_size,
            etag="",
            landed_at=datetime(2026, 1, 1, 0, 0, moment, tzinfo=UTC).isoformat(),
        )

    return write


@pytest.fixture
def land(land_file: Callable[[str, pa.Table], LandedFile]) -> Callable[..., LandedFile]:
    """Write rows as a DMS file, as `land_file` does."""
    return lambda key, rows, schema=None: land_file(key, pa.Table.from_pylist(rows, schema=schema))


@pytest.fixture
def configured(
    spark: SparkSession, table_config: Callable[..., RawTableConfig], buckets: Path
) -> Callable[..., Refresher]:
    """Make a refresher of an unpartitioned table, but for the fields given."""
    return lambda **fields: Refresher(
        SparkTableWriter(spark), table_config(**{"partition_key": None, **fields}), buckets
    )


@pytest.fixture
def rows_of(spark: SparkSession) -> Callable[[RawTableConfig], list[dict[str, Any]]]:
    """Read a lake table as plain rows in key order, without Hudi's own columns."""

    def read(config: RawTableConfig) -> list[dict[str, Any]]:
        frame = spark.read.format("hudi").load(config.base_path)
        columns = [name for name in frame.columns if not name.startswith(("_hoodie", "_odp_"))]
        rows = [json.loads(row) for row in frame.select(*columns).toJSON().collect()]
        return sorted(rows, key=lambda row: (row["ID"], row.get("SEQ", "")))

    return read
