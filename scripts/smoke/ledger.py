"""The entries of smoke tables in the framework's DynamoDB tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from deployment_account.names import OdpTable
from scripts.smoke.lake import Item, SmokeLake
from scripts.smoke.names import SmokeNames

RUN = "smoke_run"
"""The field of a configured cadence that says which smoke test made it; readers leave unknown fields alone."""
SUMS = "#pending"
"""The partition of odpf_file_tracker with one item for each table that has pending files."""
TOLD = "#told"
"""The partition of odpf_file_tracker with what people were told of tables that had a problem."""
CLAIM = "cadence#"
"""Begins the keys of cadences in odpf_file_processing_tracker."""
QUARANTINE_KINDS = (
    "rejected_file", "refused_table", "held_load", "held_file", "skipped_file", "unconfigured_table", "vanished_load",
)  # fmt: skip


@dataclass(frozen=True)
class SmokeTable:
    """One table of the run, under the names that the framework's tables know it by."""

    name: str
    source_table: str
    cadence: str
    database: str
    lake_table: str
    landing: str

    @property
    def qualified(self) -> str:
        """The name under which leases and runs are kept."""
        return f"{self.database}.{self.lake_table}"


@dataclass(frozen=True)
class SmokeLedger:
    """Reads and removes the entries of smoke tables, and of no others."""

    lake: SmokeLake
    names: SmokeNames

    def pending(self, table: SmokeTable) -> list[Item]:
        """The files of a table that the File Manager has registered and nobody has applied."""
        return self.lake.items(OdpTable.FILE_TRACKER, Key("source_table_name").eq(table.source_table))

    def date_back(self, table: SmokeTable, hours: int) -> None:
        """Let the pending files of a table have landed earlier: a load counts as over after a quarter of an hour."""
        tracker = self.lake.table(OdpTable.FILE_TRACKER)
        for item in self.pending(table):
            earlier = datetime.fromisoformat(str(item["file_ingestion_date_time"])) - timedelta(hours=hours)
            tracker.update_item(
                Key={"source_table_name": item["source_table_name"], "file_id": item["file_id"]},
                UpdateExpression="SET file_ingestion_date_time = :earlier",
                ConditionExpression="attribute_exists(file_id)",
                ExpressionAttributeValues={":earlier": f"{earlier:%Y-%m-%dT%H:%M:%SZ}"},
            )

    def lease(self, table: SmokeTable) -> Item:
        """What odpf_file_processing_tracker has of a table."""
        return self._processing_item(table.qualified)

    def claim(self, table: SmokeTable) -> Item:
        """Which execution has the cadence of a table."""
        return self._processing_item(f"{CLAIM}{table.cadence}")

    def last_run(self, table: SmokeTable) -> Item:
        """The newest entry of a table in the history of runs."""
        runs = self.lake.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY, Key("raw_table_name").eq(table.qualified))
        return max(runs, key=lambda run: str(run["refresh_end_date_time"]), default={})

    def quarantined(self, table: SmokeTable) -> list[Item]:
        """The entries in quarantine that are about a table or its files."""
        mine = Attr("source_table_name").eq(table.source_table) | Attr("file_ingestion_path").begins_with(table.landing)
        return [
            item
            for kind in QUARANTINE_KINDS
            for item in self.lake.items(OdpTable.QUARANTINE, Key("quarantine_kind").eq(kind), FilterExpression=mine)
        ]

    def told(self, table: SmokeTable) -> int:
        """How many files of a table the File Manager has heard of."""
        done = self.lake.items(OdpTable.FILE_TRACKER_HISTORY, Key("source_table_name").eq(table.source_table))
        return len(done) + len(self.pending(table))

    def forget_configuration(self, table: SmokeTable) -> None:
        """Take a table and its cadence out of the configuration, unless a deployment has brought the cadence."""
        cadence = {"refresh_cadence": table.cadence}
        entry = {**cadence, "source_table_name": self.names.require_own(table.source_table)}
        self.lake.table(OdpTable.RAW_TABLE_CONFIG).delete_item(Key=entry)
        self._delete_if(OdpTable.BATCH_CONFIG, cadence, f"{RUN} = :run")

    def forget(self, table: SmokeTable) -> None:
        """Remove the entries of a table, except its history of files and runs."""
        for place, key in self._entries(table):
            self.lake.table(place).delete_item(Key=key)
        claim = {"raw_table_name": f"{CLAIM}{table.cadence}"}
        self._delete_if(OdpTable.FILE_PROCESSING_TRACKER, claim, "contains(execution, :run)")

    def _delete_if(self, place: OdpTable, key: dict[str, str], condition: str) -> None:
        """Delete an item whose key does not tell that it is of this run; another's stays."""
        tracker = self.lake.table(place)
        with suppress(tracker.meta.client.exceptions.ConditionalCheckFailedException):
            tracker.delete_item(
                Key=key, ConditionExpression=condition, ExpressionAttributeValues={":run": self.names.run}
            )

    def _entries(self, table: SmokeTable) -> Iterator[tuple[OdpTable, dict[str, Any]]]:
        name, qualified = map(self.names.require_own, (table.source_table, table.qualified))
        for item in self.pending(table):
            yield OdpTable.FILE_TRACKER, {"source_table_name": name, "file_id": item["file_id"]}
        yield OdpTable.FILE_TRACKER, {"source_table_name": SUMS, "file_id": name}
        for item in self.lake.items(OdpTable.FILE_TRACKER, Key("source_table_name").eq(TOLD)):
            if str(item["file_id"]).partition("/")[2] in (name, qualified):
                yield OdpTable.FILE_TRACKER, {"source_table_name": TOLD, "file_id": item["file_id"]}
        yield OdpTable.FILE_PROCESSING_TRACKER, {"raw_table_name": qualified}
        for item in self.quarantined(table):
            self.names.require_own(str(item))
            entry = {"quarantine_kind": item["quarantine_kind"], "entry_id": item["entry_id"]}
            yield OdpTable.QUARANTINE, entry

    def _processing_item(self, key: str) -> Item:
        tracker = self.lake.table(OdpTable.FILE_PROCESSING_TRACKER)
        found: Item = tracker.get_item(Key={"raw_table_name": key}, ConsistentRead=True).get("Item", {})
        return found
