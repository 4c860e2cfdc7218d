"""Finds out how fresh the tables were: the commits in the files that were applied, and when each was readable."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import pyarrow.parquet as pq
from odp.records import FileStatus, FileType, engine_of_run

from deployment_account.names import OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.report.source import AppliedChanges, SourceReport

_SEQUENCE = "CDC_TIMESTAMP_SEQ"
_SECONDS = len("20261130200353")


def source_report(lake: DeployedLake) -> SourceReport:
    """Collect the changes that were applied, and the rows of the lake after each refresh."""
    return SourceReport(tuple(sorted(_changes(lake), key=lambda each: each.readable)), tuple(_growth(lake)))


def _changes(lake: DeployedLake) -> Iterator[AppliedChanges]:
    s3, bucket = lake.client("s3"), lake.published(Shared.STAGING_BUCKET)
    for item in lake.items(OdpTable.FILE_TRACKER_HISTORY):
        is_change = item["dms_file_type"] != FileType.FULL_LOAD.value
        if not is_change or item["file_ingestion_status"] != FileStatus.APPLIED.value:
            continue
        answer = s3.get_object(Bucket=bucket, Key=item["file_ingestion_path"])
        sequences = pq.read_table(io.BytesIO(answer["Body"].read()), columns=[_SEQUENCE])[_SEQUENCE].to_pylist()
        yield AppliedChanges(
            table=item["table_name"],
            engine=engine_of_run(item["glue_job_run_id"]).value,
            committed=datetime.strptime(min(sequences)[:_SECONDS], "%Y%m%d%H%M%S").replace(tzinfo=UTC),
            readable=datetime.fromisoformat(item["raw_file_processing_date_time"]),
            rows=len(sequences),
        )


def _growth(lake: DeployedLake) -> Iterator[tuple[datetime, int]]:
    items = sorted(lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY), key=_ended)
    rows = accumulate(int(item["rows_inserted"]) - int(item["rows_deleted"]) for item in items)
    return zip(map(_ended, items), rows, strict=True)


def _ended(item: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(item["refresh_end_date_time"])
