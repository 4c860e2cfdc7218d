"""What the deployed lake keeps: its staging bucket, its ledger in DynamoDB, the commits of its tables."""

import json
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any
from uuid import uuid4

from boto3.dynamodb.conditions import Key
from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions
from odp.file_processor.apply.commit_proof import FILE_IDS

from deployment_account.names import OdpTable
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import APPLIED, HELD, PENDING, SKIPPED, CommitEvidence, Counts, RecordedFile, Version
from rehearsal.torture.parquet_files import parquet
from rehearsal.torture.trial import COPY

# The staging bucket of the deployed lake, with a list of one's own of what was put into it.

_A_SECOND = 1.1
"""To which S3 tells when something landed."""


class RealStaging:
    """Writes through S3, and remembers every version by its key."""

    def __init__(self, s3: Any, bucket: str) -> None:  # noqa: ANN401 - a boto3 client
        self._s3 = s3
        self._bucket = bucket
        self._landed: dict[Version, DmsFile] = {}
        self._current: dict[str, str] = {}
        self._written_at: dict[str, float] = defaultdict(float)

    def put(self, file: DmsFile, reason: str, *, is_apart: bool) -> dict[str, Any]:
        """Store a file; returns S3's event.

        What `is_apart` lands in a later second than whatever came before it into its folder.
        """
        folder = file.key.rpartition("/")[0]
        if is_apart:
            time.sleep(max(0.0, self._written_at[folder] + _A_SECOND - time.time()))
        version = self._copy(file.key) if reason == COPY else self._upload(file)
        self._written_at[folder] = time.time()
        self._landed[file.key, version] = file
        self._current[file.key] = version
        return self._event(file.key, version, reason)

    def delete(self, key: str) -> Version:
        """Delete an object; returns the version that a reader got until now."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        return key, self._current.pop(key)

    def current(self, key: str) -> DmsFile | None:
        """What a reader of the key gets."""
        return self._landed[key, self._current[key]] if key in self._current else None

    def current_objects(self, folder: str) -> list[DmsFile]:
        """What can be read below a folder."""
        return [self._landed[version] for version in sorted(self.readable(folder))]

    def readable(self, folder: str) -> frozenset[Version]:
        """The key and version of everything that was neither overwritten nor deleted."""
        return frozenset(version for version in self._current.items() if version[0].startswith(folder))

    def landed(self, folder: str) -> frozenset[Version]:
        """The key and version of everything that landed."""
        return frozenset(version for version in self._landed if version[0].startswith(folder))

    def _upload(self, file: DmsFile) -> str:
        written = self._s3.put_object(Bucket=self._bucket, Key=file.key, Body=parquet(file))
        return str(written["VersionId"])

    def _copy(self, key: str) -> str:
        """S3 copies an object onto itself only if something of it changes."""
        source = {"Bucket": self._bucket, "Key": key}
        copied = self._s3.copy_object(Bucket=self._bucket, Key=key, CopySource=source, MetadataDirective="REPLACE")
        return str(copied["VersionId"])

    def _event(self, key: str, version: str, reason: str) -> dict[str, Any]:
        head = self._s3.head_object(Bucket=self._bucket, Key=key, VersionId=version)
        described = {"key": key, "size": head["ContentLength"], "etag": head["ETag"].strip('"'), "version-id": version}
        described["sequencer"] = f"{time.time_ns():016X}"
        detail = {"bucket": {"name": self._bucket}, "object": described, "reason": reason}
        return {"time": f"{head['LastModified']:%Y-%m-%dT%H:%M:%SZ}", "detail": detail}


# Reads the deployed lake's ledger from DynamoDB, table by table, as an operator does.

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
        return {str(item.get("file_ingestion_path")) for item in self._lake.items(OdpTable.QUARANTINE)}

    def expire_leases(self) -> None:
        """Let so much time pass that no run of before holds a table."""
        leases = self._lake.dynamodb.Table(self._lake.table(OdpTable.FILE_PROCESSING_TRACKER))
        for item in self._lake.items(OdpTable.FILE_PROCESSING_TRACKER):
            if "lease_owner" in item:
                leases.put_item(Item={**item, "lease_expires_at": 1})

    def _files(self, table: OdpTable, source_table_name: str) -> list[RecordedFile]:
        return [_recorded(item) for item in self._query(table, "source_table_name", source_table_name)]

    def _query(self, table: OdpTable, key: str, value: str) -> list[Item]:
        return self._lake.items(table, "query", KeyConditionExpression=Key(key).eq(value))


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


# Reads a Hudi table's commits from their files in S3, without Hudi.

_COMMITS = (".commit", ".deltacommit", ".replacecommit")


def commits(s3: Any, bucket: str, table: str) -> Iterator[CommitEvidence]:  # noqa: ANN401 - a boto3 client
    """The completed commits of the framework, the oldest first."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{table}/.hoodie/")
    keys = sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))
    for key in keys:
        if key.endswith(_COMMITS):
            found = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            if file_ids := found.get("extraMetadata", {}).get(FILE_IDS):
                is_reload = key.endswith(".replacecommit")
                yield CommitEvidence(frozenset(json.loads(file_ids)), _counts_of_commit(found), is_reload)


def _counts_of_commit(commit: dict[str, Any]) -> Counts:
    statistics = [stat for stats in commit["partitionToWriteStats"].values() for stat in stats]
    names = ("numInserts", "numUpdateWrites", "numDeletes")
    inserted, updated, deleted = (sum(stat[name] for stat in statistics) for name in names)
    # a file group that begins with a commit held no row to delete
    of_unknown = sum(stat["numDeletes"] for stat in statistics if stat["prevCommit"] == "null")
    return Counts(inserted, updated, deleted - of_unknown)
