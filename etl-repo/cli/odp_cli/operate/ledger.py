"""Reads and changes a lake's DynamoDB tables for an operator; the only such place of the command."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions
from odp.dynamodb.file_tracker import DynamoDbFileTracker, DynamoDbPendingWork, landed_file_of
from odp.dynamodb.planning import decision_noted
from odp.dynamodb.quarantine import DynamoDbQuarantine, key_in_quarantine
from odp.dynamodb.running_configuration import POINTER, DynamoDbRunningConfiguration, RunningVersion
from odp.dynamodb.table_leases import read_leases
from odp.file_manager.registration import STAGING
from odp.records import FileStatus, LandedFile, PendingWork, QuarantineKind

from deployment_account.names import OdpTable
from lake.ledger.connection import persist, took_place, transact
from lake.ledger.sweep_state import DynamoDbSweepState
from odp_cli.operate.deployed_version import DeployedVersion
from odp_cli.operate.entries import Entry
from odp_cli.operate.lease_state import LeaseState

if TYPE_CHECKING:
    from odp.configuration import Configuration
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

_ANY = ("0", "2")
"""The sort keys of all files: loads begin with 0/, changes with 1/."""
_KINDS = ("0", "1")


@dataclass(frozen=True, slots=True)
class OperatedTables:
    """The names of the tables that an operator's commands read or change."""

    pending: str
    history: str
    leases: str
    quarantine: str
    batch_config: str
    table_config: str
    deploy_tracker: str


TABLES = (
    OdpTable.FILE_TRACKER,
    OdpTable.FILE_TRACKER_HISTORY,
    OdpTable.FILE_PROCESSING_TRACKER,
    OdpTable.QUARANTINE,
    OdpTable.BATCH_CONFIG,
    OdpTable.RAW_TABLE_CONFIG,
    OdpTable.CONFIG_DEPLOY_TRACKER,
)
"""In the order of OperatedTables."""


class OperatedLedger:
    """The DynamoDB tables of one lake."""

    def __init__(
        self,
        dynamodb: DynamoDBServiceResource,
        tables: OperatedTables,
        *,
        history_days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._dynamodb = dynamodb
        self._client = dynamodb.meta.client
        self._tables = tables
        self.clock = clock
        self.decisions = DynamoDbFileDecisions(
            dynamodb, DecisionTables(tables.pending, tables.history, tables.leases, history_days), clock=clock
        )

    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def configuration(self) -> Configuration:
        """Return the running configuration."""
        tables = self._tables
        version = RunningVersion(self._dynamodb, tables.deploy_tracker)
        running = DynamoDbRunningConfiguration(self._dynamodb, tables.batch_config, tables.table_config, version)
        return running.everything()

    def deployed_version(self, configuration: Configuration) -> DeployedVersion:
        """Return the version of the running configuration."""
        answer = self._client.get_item(TableName=self._tables.deploy_tracker, Key=POINTER, ConsistentRead=True)
        return DeployedVersion.of(answer.get("Item", {}), configuration)

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Return the pending work of each source table."""
        return DynamoDbPendingWork(self._dynamodb, self._tables.pending).pending_work()

    def oldest_landing(self, source_table_name: str) -> str:
        """Return the landing time of a table's oldest pending file."""
        return self.tracker.oldest_landing(source_table_name)

    def expired_until(self) -> str:
        """Return the time before which landed objects may have expired, as the sweep noted it."""
        return DynamoDbSweepState(self._dynamodb, self._tables.pending, STAGING).load().expired_until

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, LeaseState]:
        """Return the leases of tables; tables that no refresh ever touched are left out."""
        items = read_leases(self._dynamodb, self._tables.leases, qualified_names)
        return {str(item["raw_table_name"]): LeaseState.of(item) for item in items}

    def entries(self, kinds: Collection[QuarantineKind]) -> list[Entry]:
        """List the entries of some kinds, the oldest first."""
        found = [
            Entry.of(item)
            for kind in kinds
            for item in self._query(self._tables.quarantine, "quarantine_kind = :kind", {":kind": kind.value})
        ]
        return sorted(found, key=lambda entry: (entry.since, entry.kind, entry.entry_id))

    def held_files(self, source_table_name: str) -> list[LandedFile]:
        """List the held files of a table in landing order; reads the table's whole history."""
        values = {":name": source_table_name, ":held": FileStatus.HELD.value, ":first": _ANY[0], ":end": _ANY[1]}
        items = self._query(
            self._tables.history,
            "source_table_name = :name AND file_id BETWEEN :first AND :end",
            values,
            FilterExpression="file_ingestion_status = :held",
        )
        return [landed_file_of(item) for item in items]

    def pending_files(self, source_table_name: str, most: int) -> list[LandedFile]:
        """List the pending loads and the oldest pending changes of a table."""
        return list(self.tracker.pending_files(source_table_name, most).files)

    def files_named(self, source_table_name: str, name: str, *, pending: bool) -> list[LandedFile]:
        """List the files of a table with a file name or id."""
        table = self._tables.pending if pending else self._tables.history
        prefixes = [name] if "/" in name else [f"{kind}/{name}/" for kind in _KINDS]
        return [
            landed_file_of(item)
            for prefix in prefixes
            for item in self._query(
                table,
                "source_table_name = :name AND begins_with(file_id, :prefix)",
                {":name": source_table_name, ":prefix": prefix},
            )
        ]

    def file_ids(self, source_table_name: str, first: str, last: str) -> Iterator[str]:
        """Return the ids of a table's files in a range: pending ones, then those of the history."""
        values = {":name": source_table_name, ":first": first, ":last": last}
        for table in (self._tables.pending, self._tables.history):
            keys = "source_table_name = :name AND file_id BETWEEN :first AND :last"
            for item in self._query(table, keys, values, ProjectionExpression="file_id"):
                yield str(item["file_id"])

    def newest_applied(self, source_table_name: str) -> str:
        """Return the landing time of the newest file that was applied; empty if none was."""
        return self._newest(self._tables.history, source_table_name, FileStatus.APPLIED)

    def newest_pending(self, source_table_name: str) -> str:
        """Return the landing time of the newest pending file; empty if none is pending."""
        return self._newest(self._tables.pending, source_table_name, FileStatus.PENDING)

    def _newest(self, table: str, source_table_name: str, status: FileStatus) -> str:
        """Names of changes have their time, those of parts of loads do not."""
        values = {":name": source_table_name, ":status": status.value}
        changes, loads = (
            self._query(
                table,
                "source_table_name = :name AND file_id BETWEEN :first AND :end",
                {**values, ":first": first, ":end": end},
                FilterExpression="file_ingestion_status = :status",
                ScanIndexForward=False,
            )
            for first, end in (("1/", "2"), ("0/", "1"))
        )
        return max((str(item["file_ingestion_date_time"]) for item in chain(islice(changes, 1), loads)), default="")

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history; False when it was known."""
        return self.tracker.register(file)

    def try_again(self, source_table_name: str) -> None:
        """Have a refused table planned again."""
        transact(self._client, [decision_noted(self._tables.pending, source_table_name)])

    def remove(self, entry: Entry) -> None:
        """Remove an entry from the quarantine."""
        key = key_in_quarantine(entry.kind, entry.entry_id)
        persist(lambda: self._client.delete_item(TableName=self._tables.quarantine, Key=key))

    def mark_dismissed(self, entry: Entry, *, at: str, by: str, reason: str) -> bool:
        """Mark an entry as dismissed by a person; False if it is gone or was dismissed before."""
        update: Any = {
            "TableName": self._tables.quarantine,
            "Key": key_in_quarantine(entry.kind, entry.entry_id),
            "UpdateExpression": "SET dismissed_at = :at, dismissed_by = :by, dismissed_reason = :reason",
            "ConditionExpression": "attribute_exists(entry_id) AND attribute_not_exists(dismissed_at)",
            "ExpressionAttributeValues": {":at": at, ":by": by, ":reason": reason},
        }
        return took_place(lambda: persist(lambda: self._client.update_item(**update)))

    def put_entry(self, item: Mapping[str, Any]) -> None:
        """Write an item of the quarantine, replacing an older one."""
        persist(lambda: self._client.put_item(TableName=self._tables.quarantine, Item=dict(item)))

    @property
    def quarantine(self) -> DynamoDbQuarantine:
        """The quarantine as the runtime writes it."""
        return DynamoDbQuarantine(self._dynamodb, self._tables.quarantine)

    @property
    def tracker(self) -> DynamoDbFileTracker:
        """The ledger of landed files."""
        return DynamoDbFileTracker(self._dynamodb, self._tables.pending, self._tables.history)

    def _query(self, table: str, keys: str, values: Mapping[str, str], **options: object) -> Iterator[dict[str, Any]]:
        request: Any = {
            "TableName": table,
            "KeyConditionExpression": keys,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
            **options,
        }
        for page in self._client.get_paginator("query").paginate(**request):
            yield from page["Items"]
