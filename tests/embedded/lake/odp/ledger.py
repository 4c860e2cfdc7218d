"""What the tests read of a deployed lake: its DynamoDB tables, and the queue of its File Manager."""

from datetime import datetime, timedelta
from typing import Any

from odp.dynamodb.run_log import DynamoDbRunLog, RunLogTables
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.records import CADENCE_CLAIM, LandedFile
from odp.refresh import RefreshOutcome, RefreshStatus, RunRecord

from deployment_account.names import Odp, OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.waiting import eventually, until_taken

LEDGER_TABLES = (
    OdpTable.FILE_TRACKER,
    OdpTable.FILE_TRACKER_HISTORY,
    OdpTable.FILE_PROCESSING_TRACKER,
    OdpTable.FILE_PROCESSING_TRACKER_HISTORY,
    OdpTable.QUARANTINE,
)
Item = dict[str, Any]


class Ledger:
    """The framework's tables of one lake, and the File Manager's queue."""

    def __init__(self, lake: DeployedLake) -> None:
        self.lake = lake

    def items(self, table: OdpTable) -> list[Item]:
        """Read the items of a table that are about one file, table or run: no summary, no cursor, no claim."""
        return [item for item in self.everything(table) if not _is_of_the_framework(item)]

    def everything(self, table: OdpTable) -> list[Item]:
        """Read all items of a table."""
        scan = self.lake.dynamodb.meta.client.get_paginator("scan")
        return [
            item
            for page in scan.paginate(TableName=self.lake.table(table), ConsistentRead=True)
            for item in page["Items"]
        ]

    def claims(self) -> list[str]:
        """The executions that have a cadence."""
        return [item["execution"] for item in self.everything(OdpTable.FILE_PROCESSING_TRACKER) if "execution" in item]

    def pending(self, files: int) -> list[Item]:
        """Wait until this many files are pending."""
        return eventually(lambda: self.items(OdpTable.FILE_TRACKER), lambda found: len(found) == files)

    def let_an_hour_pass(self) -> None:
        """Let every pending file have landed an hour earlier: a load that replaces another waits for its last parts."""
        tracker = self.lake.dynamodb.Table(self.lake.table(OdpTable.FILE_TRACKER))
        for item in self.items(OdpTable.FILE_TRACKER):
            earlier = datetime.fromisoformat(item["file_ingestion_date_time"]) - timedelta(hours=1)
            tracker.put_item(Item={**item, "file_ingestion_date_time": f"{earlier:%Y-%m-%dT%H:%M:%SZ}"})

    def start_anew(self) -> None:
        """Forget every file, lease and refresh, and leave nothing in the staging bucket that a listing would find."""
        bucket = self.lake.published(Shared.STAGING_BUCKET)
        s3 = self.lake.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        self.empty()

    def empty(self) -> None:
        """Forget every file, lease and refresh."""
        for name in LEDGER_TABLES:
            table = self.lake.dynamodb.Table(self.lake.table(name))
            keys = [key["AttributeName"] for key in table.key_schema]
            with table.batch_writer() as writer:
                for item in self.everything(name):
                    writer.delete_item(Key={key: item[key] for key in keys})

    def wait_for_file_manager(self) -> None:
        """Wait until the File Manager has taken every message."""
        until_taken(self.lake.client("sqs"), self.lake.published(Odp.FILE_MANAGER_QUEUE_URL))


def _is_of_the_framework(item: Item) -> bool:
    source, table = str(item.get("source_table_name", "")), str(item.get("raw_table_name", ""))
    return source.startswith("#") or table.startswith(CADENCE_CLAIM)


def run_log_tables(lake: DeployedLake) -> RunLogTables:
    """The deployed tables of refreshes."""
    pending, history, leases, refreshes, quarantine = map(lake.table, LEDGER_TABLES)
    return RunLogTables(pending, history, leases, refreshes, quarantine)


def process(lake: DeployedLake, *files: LandedFile) -> None:
    """Record files as applied, as a refresh does."""
    lease = DynamoDbTableLeases(lake.dynamodb, lake.table(OdpTable.FILE_PROCESSING_TRACKER)).acquire("db.t", "jr_1")
    assert lease
    outcome = RefreshOutcome("db.t", files[0].source_table_name, RefreshStatus.COMPLETED, "", "")
    entry = RunRecord(outcome, tuple(file.applied(1) for file in files), closes=True)
    DynamoDbRunLog(lake.dynamodb, run_log_tables(lake)).append(lease, entry)
