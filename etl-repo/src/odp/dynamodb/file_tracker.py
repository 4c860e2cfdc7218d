"""odpf_file_tracker (pending files) and odpf_file_tracker_history (processed ones)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from odp.dynamodb.connection import condition_failed, read_items, transact
from odp.records import FileType, LandedFile, PendingWork

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table


class DynamoDbPendingWork:
    """Sums what waits, from the pending files alone."""

    def __init__(self, dynamodb: DynamoDBServiceResource, pending_table: str) -> None:
        self._client = dynamodb.meta.client
        self._pending_table = pending_table

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Sum the pending files of every source table in one scan, which holds pending files and nothing else."""
        files: dict[str, int] = defaultdict(int)
        sizes: dict[str, int] = defaultdict(int)
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._pending_table, ProjectionExpression="source_table_name, file_size", ConsistentRead=True
        )
        for page in pages:
            for item in page["Items"]:
                name = str(item["source_table_name"])
                files[name] += 1
                sizes[name] += int(str(item["file_size"]))
        return {name: PendingWork(name, files[name], sizes[name]) for name in files}


class DynamoDbFileTracker:
    """The ledger of landed files in two tables."""

    def __init__(self, dynamodb: DynamoDBServiceResource, pending_table: str, history_table: str) -> None:
        self._dynamodb = dynamodb
        self._client = dynamodb.meta.client
        self._pending = dynamodb.Table(pending_table)
        self._history = dynamodb.Table(history_table)

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history; False when it was known.

        Both conditions are one transaction, so an event repeated while the file moves to history adds nothing.
        """
        key = key_of(file)
        unknown = "attribute_not_exists(file_id)"
        not_in_history = {"TableName": self._history.name, "Key": key, "ConditionExpression": unknown}
        pending = {"TableName": self._pending.name, "Item": pending_item(file), "ConditionExpression": unknown}
        try:
            transact(self._client, [{"ConditionCheck": not_in_history}, {"Put": pending}])
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def pending_files(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the pending files of one source table."""
        return [_landed_file(item) for item in self._query(self._pending, source_table_name)]

    def unknown(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """Name those of the given files that are neither pending nor in the history."""
        unknown = {file.file_id: file for file in files}
        # most are in the history, and nobody asks for those any more
        for table in (self._history.name, self._pending.name):
            keys = [key_of(file) for file in unknown.values()]
            for item in read_items(self._dynamodb, table, keys, ProjectionExpression="file_id"):
                del unknown[str(item["file_id"])]
        return list(unknown.values())

    def processed_changes(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the change files of a table that were applied or superseded."""
        items = self._query(self._history, source_table_name)
        return [_landed_file(item) for item in items if item["dms_file_type"] == FileType.CHANGES.value]

    def _query(self, table: Table, source_table_name: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=table.name,
            KeyConditionExpression="source_table_name = :name",
            ExpressionAttributeValues={":name": source_table_name},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]


def key_of(file: LandedFile) -> dict[str, str]:
    """Give the key that a file has in both tables."""
    return {"source_table_name": file.source_table_name, "file_id": file.file_id}


def pending_item(file: LandedFile) -> dict[str, Any]:
    """Give a file as it is while it is pending."""
    item = {
        "source_table_name": file.source_table_name,
        "file_id": file.file_id,
        "file_ingestion_status": "raw_file_landed",
        "file_ingestion_date_time": file.landed_at,
        "file_ingestion_s3_bucket": file.bucket,
        "file_ingestion_path": file.key,
        "dms_file_type": file.file_type.value,
        "schema_name": file.schema_name,
        "table_name": file.table_name,
        "file_size": file.size,
        "etag": file.etag,
        "version_id": file.version_id,
        "sequencer": file.sequencer,
    }
    return {name: value for name, value in item.items() if value is not None}


def _landed_file(item: Mapping[str, Any]) -> LandedFile:
    return LandedFile(
        source_table_name=item["source_table_name"],
        file_id=item["file_id"],
        file_type=FileType(item["dms_file_type"]),
        schema_name=item["schema_name"],
        table_name=item["table_name"],
        bucket=item["file_ingestion_s3_bucket"],
        key=item["file_ingestion_path"],
        size=int(item["file_size"]),
        etag=item["etag"],
        landed_at=item["file_ingestion_date_time"],
        version_id=item.get("version_id"),
        sequencer=item.get("sequencer"),
        generation=int(item.get("generation", 0)),
    )
