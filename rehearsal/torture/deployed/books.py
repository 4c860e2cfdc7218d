"""Reads the deployed lake's ledger from DynamoDB, table by table, as an operator does."""

from collections.abc import Collection
from typing import Any
from uuid import uuid4

from boto3.dynamodb.conditions import Key
from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions

from deployment_account.names import OdpTable
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.torture.evidence import APPLIED, HELD, PENDING, SKIPPED, Counts, RecordedFile, Version

Item = dict[str, Any]
_STATUSES = {
    "raw_file_landed": PENDING,
    "raw_file_processed": APPLIED,
    "raw_file_skipped": SKIPPED,
    "raw_file_held": HELD,
}


class DeployedLedger:
    """Files by source table, leases and runs by table of the lake."""

    def __init__(self, lake: DeployedLake) -> None:
        self._lake = lake
        tables = DecisionTables(
            pending=lake.table(OdpTable.FILE_TRACKER),
            history=lake.table(OdpTable.FILE_TRACKER_HISTORY),
            leases=lake.table(OdpTable.FILE_PROCESSING_TRACKER),
            history_days=lake.environment.retention.history_days,
        )
        self._decisions = DynamoDbFileDecisions(lake.dynamodb, tables)

    def pending(self, source_table_name: str) -> list[RecordedFile]:
        """The files that wait."""
        return self._files(OdpTable.FILE_TRACKER, source_table_name)

    def history(self, source_table_name: str) -> list[RecordedFile]:
        """The files that are done, or held."""
        return self._files(OdpTable.FILE_TRACKER_HISTORY, source_table_name)

    def held(self, source_table_name: str) -> list[RecordedFile]:
        """The files that wait for a person."""
        return [file for file in self.history(source_table_name) if file.status == HELD]

    def decide(self, source_table_name: str, approved: Collection[Version]) -> None:
        """Approve these versions of what waits for a person, and dismiss the rest."""
        held, approval = self.held(source_table_name), uuid4().hex
        meant = [file.file_id for file in held if (file.key, file.version_id) in approved]
        for file_id in meant:
            self._decisions.choose(source_table_name, file_id, approval)
        for file in held:
            is_approved = file.file_id in meant
            (self._decisions.release if is_approved else self._decisions.dismiss)(source_table_name, file.file_id)

    def told(self, qualified_name: str) -> Counts:
        """The rows that the runs of a table counted."""
        items = self._query(OdpTable.FILE_PROCESSING_TRACKER_HISTORY, "raw_table_name", qualified_name)
        return sum(map(_counts, items), Counts())

    def status(self, qualified_name: str) -> str:
        """What the last run of a table made of it; empty before the first."""
        items = self._query(OdpTable.FILE_PROCESSING_TRACKER, "raw_table_name", qualified_name)
        return str(items[0].get("refresh_status", "")) if items else ""

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""
        pages = self._pages("scan", TableName=self._lake.table(OdpTable.QUARANTINE))
        return {str(item.get("file_ingestion_path")) for item in pages}

    def expire_leases(self) -> None:
        """Let so much time pass that no run of before holds a table."""
        leases = self._lake.dynamodb.Table(self._lake.table(OdpTable.FILE_PROCESSING_TRACKER))
        for item in self._pages("scan", TableName=leases.name, ConsistentRead=True):
            if "lease_owner" in item:
                leases.put_item(Item={**item, "lease_expires_at": 1})

    def _files(self, table: OdpTable, source_table_name: str) -> list[RecordedFile]:
        return [_recorded(item) for item in self._query(table, "source_table_name", source_table_name)]

    def _query(self, table: OdpTable, key: str, value: str) -> list[Item]:
        request = {"TableName": self._lake.table(table), "KeyConditionExpression": Key(key).eq(value)}
        return self._pages("query", **request, ConsistentRead=True)

    def _pages(self, operation: str, **request: Any) -> list[Item]:  # noqa: ANN401 - any request
        pages = self._lake.dynamodb.meta.client.get_paginator(operation).paginate(**request)
        return [item for page in pages for item in page["Items"]]


def _recorded(item: Item) -> RecordedFile:
    return RecordedFile(
        file_id=item["file_id"],
        key=item["file_ingestion_path"],
        version_id=item["version_id"],
        is_load=item["dms_file_type"] == "Full",
        status=_STATUSES[item["file_ingestion_status"]],
        reason=item.get("status_reason", ""),
    )


def _counts(item: Item) -> Counts:
    return Counts(*(int(item[f"rows_{kind}"]) for kind in ("inserted", "updated", "deleted")))
