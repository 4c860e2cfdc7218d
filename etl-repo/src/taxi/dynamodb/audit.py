"""taxi_audit: one item for every file that ever landed, and a marker for each that has not ended.

Item and marker come in one transaction, and the end of a file takes its marker away in another. So what is pending is
read by one strongly consistent query of as many items as there are pending files, whatever the history holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lake.errors import RetryableError
from lake.landing.object_created import RejectedFile
from lake.ledger.connection import condition_failed, persist, read_items, transact
from taxi.dynamodb.leases import check_of, lost
from taxi.ports import EarlierState
from taxi.records import FORMAT, REJECTED, FileOutcome, FileStatus, LandedFile, Lease, LoadStatus, WaitingFile

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

# a transaction holds 100 actions (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)
# one is the check of the lease
_ACTIONS = 99
_END_OF = {
    LoadStatus.LOADED: FileStatus.COMPLETED,
    LoadStatus.FAILED: FileStatus.FAILED,
    LoadStatus.SUPERSEDED: FileStatus.SUPERSEDED,
}

_COUNTS = ("tries", "deaths", "alone", "most_files", "not_before")
_ROWS = ("rows_read", "rows_loaded", "rows_quarantined")

Action = dict[str, Any]


class DynamoDbAudit:
    """Landed files in DynamoDB, with their state and outcome."""

    def __init__(self, dynamodb: DynamoDBServiceResource, audit_table: str) -> None:
        self._client = dynamodb.meta.client
        self._table = dynamodb.Table(audit_table)

    def register(self, file: LandedFile) -> EarlierState:
        """Add a file as landed and pending, unless it is known; tell which."""
        marker = _marker_key(file.dataset, file.file_id)
        item = {**_key(file.dataset, file.file_id), "file_status": FileStatus.LANDED.value, **_described(file)}
        new = [self._put_new(item), self._put_new({**marker, **_described(file)})]
        try:
            transact(self._client, new)
        except ClientError as error:
            if not condition_failed(error):
                raise
            is_pending = "Item" in self._table.get_item(Key=marker, ConsistentRead=True)
            return EarlierState.PENDING if is_pending else EarlierState.ENDED
        return EarlierState.NEW

    def record_rejected(self, file: RejectedFile) -> None:
        """Keep a rejected object, with its reason, as a file of the dataset `rejected`."""
        rejected = {"file_status": FileStatus.REJECTED.value, "error": file.reason}
        item = {**_key(REJECTED, file.file_id), **rejected, **_described(file)}
        persist(lambda: self._table.put_item(Item=item))

    def unknown(
        self, files: Sequence[LandedFile | RejectedFile], datasets: Collection[str]
    ) -> Sequence[LandedFile | RejectedFile]:
        """List the given files that have no item, neither in one of these datasets nor as rejected.

        A release with other rules may have taken for a dataset's file what is rejected now, and the other way round.
        """
        unknown = {file.file_id: file for file in files}
        own = {file.file_id: file.dataset if isinstance(file, LandedFile) else REJECTED for file in files}
        self._remove_known(unknown, [(own[file_id], file_id) for file_id in unknown])
        others = [(name, file_id) for file_id in unknown for name in (*datasets, REJECTED) if name != own[file_id]]
        self._remove_known(unknown, others)
        return list(unknown.values())

    def _remove_known(self, unknown: dict[str, LandedFile | RejectedFile], items: Iterable[tuple[str, str]]) -> None:
        keys = [_key(dataset, file_id) for dataset, file_id in items]
        for item in read_items(self._client, self._table.name, keys, ProjectionExpression="file_id"):
            unknown.pop(str(item["file_id"]), None)

    def pending(self, dataset: str) -> Sequence[LandedFile]:
        """List a dataset's pending files as they are at this moment."""
        pages = self._client.get_paginator("query").paginate(**self._markers_of(dataset))
        return [_landed_file(dataset, item) for page in pages for item in page["Items"]]

    def begin(self, lease: Lease, files: Sequence[LandedFile]) -> None:
        """Write down that the lease's owner began with files; raises LeaseLostError."""
        running = {"file_status": FileStatus.RUNNING.value, "execution": lease.owner, "started_at": _now()}
        updates = ([self._update(_key(file.dataset, file.file_id), running)] for file in files)
        self._write(lease, updates)

    def end(self, lease: Lease, outcomes: Sequence[FileOutcome]) -> None:
        """End pending files, which are then pending no more; raises LeaseLostError."""
        ended_at = _now()
        self._write(lease, (self._end(lease.dataset, outcome, ended_at) for outcome in outcomes))

    def keep_pending(self, lease: Lease, files: Sequence[WaitingFile]) -> None:
        """Write down how files were tried, why they are pending and until when they wait; raises LeaseLostError."""
        self._write(lease, (self._keep(waiting) for waiting in files))

    def hasten(self, lease: Lease, file_ids: Sequence[str]) -> None:
        """Let files that wait for a run that works be claimed at once; raises LeaseLostError."""
        due: dict[str, Any] = {"deaths": 0, "not_before": 0}
        self._write(lease, ([self._update_pending(lease.dataset, file_id, due)] for file_id in file_ids))

    def _keep(self, waiting: WaitingFile) -> list[Action]:
        file = waiting.file
        told = {
            "file_status": FileStatus.LANDED.value,
            "error": f"{waiting.how}: {waiting.error}",
            "tries": file.tries,
            "next_try_at": datetime.fromtimestamp(file.not_before, UTC).isoformat(),
        }
        item = self._update(_key(file.dataset, file.file_id), told)
        return [item, self._update_pending(file.dataset, file.file_id, _tried(file))]

    def _update_pending(self, dataset: str, file_id: str, values: Mapping[str, Any]) -> Action:
        update = self._update(_marker_key(dataset, file_id), values)
        return {"Update": {**update["Update"], "ConditionExpression": "attribute_exists(file_id)"}}

    def _end(self, dataset: str, outcome: FileOutcome, ended_at: str) -> list[Action]:
        ended = {
            "file_status": _END_OF[outcome.status].value,
            "ended_at": ended_at,
            "rows_read": outcome.rows_read,
            "rows_loaded": outcome.rows_loaded,
            "rows_quarantined": outcome.rows_quarantined,
        }
        texts = {"quarantine": outcome.quarantine, "error": outcome.error}
        ended |= {name: text for name, text in texts.items() if text}
        marker = {
            "TableName": self._table.name,
            "Key": _marker_key(dataset, outcome.file_id),
            "ConditionExpression": "attribute_exists(file_id)",
        }
        # what an earlier try said
        gone = [name for name in (*texts, "next_try_at") if name not in ended]
        return [self._update(_key(dataset, outcome.file_id), ended, gone), {"Delete": marker}]

    def _write(self, lease: Lease, groups: Iterable[list[Action]]) -> None:
        """Write groups of actions, each group whole, as long as the lease is held."""
        remaining = iter(groups)
        for first in remaining:
            others = islice(remaining, _ACTIONS // len(first) - 1)
            actions = [action for group in (first, *others) for action in group]
            self._transact(lease, actions)

    def _transact(self, lease: Lease, actions: Sequence[Action]) -> None:
        check = {"ConditionCheck": check_of(lease, self._table.name)}
        try:
            transact(self._client, [check, *actions])
        except self._client.exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            if codes[:1] == ["ConditionalCheckFailed"]:
                raise lost(lease) from error
            if "ValidationError" in codes:
                raise
            message = f"{lease.dataset}: another write came between ({error.response['Error']['Message']})"
            raise RetryableError(message) from error

    def _put_new(self, item: Mapping[str, Any]) -> Action:
        is_new = "attribute_not_exists(file_id)"
        return {"Put": {"TableName": self._table.name, "Item": item, "ConditionExpression": is_new}}

    def _update(self, key: Mapping[str, str], values: Mapping[str, Any], gone: Sequence[str] = ()) -> Action:
        removed = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": key,
                "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in values) + removed,
                "ExpressionAttributeNames": {f"#{name}": name for name in (*values, *gone)},
                "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
            }
        }

    def _markers_of(self, dataset: str) -> dict[str, Any]:
        return {
            "TableName": self._table.name,
            "KeyConditionExpression": "dataset = :dataset",
            "ExpressionAttributeValues": {":dataset": f"pending#{dataset}"},
            "ConsistentRead": True,
        }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _key(dataset: str, file_id: str) -> dict[str, str]:
    return {"dataset": dataset, "file_id": file_id}


def _marker_key(dataset: str, file_id: str) -> dict[str, str]:
    return _key(f"pending#{dataset}", file_id)


def _described(file: LandedFile | RejectedFile) -> dict[str, Any]:
    described = {
        "format": FORMAT,
        "s3_bucket": file.bucket,
        "s3_key": file.key,
        "etag": file.etag,
        "size": file.size,
        "landed_at": file.landed_at,
        "version_id": file.version_id,
    }
    return {name: value for name, value in described.items() if value is not None}


def _landed_file(dataset: str, item: Mapping[str, Any]) -> LandedFile:
    return LandedFile(
        dataset=dataset,
        file_id=item["file_id"],
        bucket=item["s3_bucket"],
        key=item["s3_key"],
        etag=item["etag"],
        size=int(item["size"]),
        landed_at=item["landed_at"],
        version_id=item.get("version_id"),
        **{name: int(item.get(name, 0)) for name in _COUNTS},
        loaded=_loaded(item["file_id"], item["loaded"]) if "loaded" in item else None,
    )


def _tried(file: LandedFile) -> dict[str, Any]:
    """Return what a marker says beyond the file: releases before this one knew the tries only."""
    tried: dict[str, Any] = {name: getattr(file, name) for name in _COUNTS}
    if file.loaded:
        tried["loaded"] = {name: getattr(file.loaded, name) for name in (*_ROWS, "quarantine")}
    return tried


def _loaded(file_id: str, loaded: Mapping[str, Any]) -> FileOutcome:
    read, kept, quarantined = (int(loaded.get(name, 0)) for name in _ROWS)
    return FileOutcome(file_id, LoadStatus.LOADED, read, kept, quarantined, loaded.get("quarantine", ""))
