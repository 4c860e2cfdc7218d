"""odpf_config_deploy_tracker: the format of the DynamoDB tables, and every configuration request with its outcome."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import persist, took_place
from odp.configuration import Change, ConfigDeployment, ConfigRequest, RequestStatus, fields_of
from odp.errors import LedgerFormatError
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table


# The format of the framework's DynamoDB tables, stored in an item of odpf_config_deploy_tracker.
#
# Files are registered only in this release's format. In an older format a known file would be registered again under
# another id, and applied twice.


MARKER = {"source_table_name": "books", "deployed_at": "format"}
"""The key of the item. It is stored, so it keeps the ledger's former name. Source tables have a dot, so none has it."""


class DynamoDbLedgerFormat:
    """Reads the format, and writes it into new tables."""

    def __init__(self, dynamodb: DynamoDBServiceResource, tracker_table: str, file_tables: Sequence[str]) -> None:
        self._tracker = dynamodb.Table(tracker_table)
        self._files = [dynamodb.Table(name) for name in file_tables]

    def require_current(self) -> None:
        """Return if the tables are empty or in this release's format.

        Raises:
            LedgerFormatError: they are in another format.
        """
        marker = self._tracker.get_item(Key=MARKER, ConsistentRead=True).get("Item")
        found = int(str(marker["format"])) if marker else self._found()
        if found < FORMAT:
            message = f"the ledger is in format {found}, this release writes format {FORMAT}: run odp ledger migrate"
            raise LedgerFormatError(message)
        if found > FORMAT:
            message = f"the ledger is in format {found}, this release knows format {FORMAT}: deploy a newer release"
            raise LedgerFormatError(message)
        if not marker:
            self._mark()

    def _found(self) -> int:
        """A migration writes the marker before it changes the first item, so one item shows the format of all."""
        return min((format_of(item) for table in self._files for item in _first_item(table)), default=FORMAT)

    def _mark(self) -> None:
        unmarked = "attribute_not_exists(deployed_at)"
        item: dict[str, Any] = {**MARKER, "format": FORMAT}
        took_place(lambda: persist(lambda: self._tracker.put_item(Item=item, ConditionExpression=unmarked)))


def format_of(item: dict[str, Any]) -> int:
    """Return the format of an item of the file trackers; summaries and the like (`#…`) came with format 2."""
    is_file = not str(item["source_table_name"]).startswith("#")
    return int(str(item.get("format", 1))) if is_file else FORMAT


def _first_item(table: Table) -> list[dict[str, Any]]:
    return table.scan(Limit=1, ConsistentRead=True)["Items"]


# Every configuration request with its outcome and its changes.


REQUESTS = "configuration"
"""The partition of whole requests; partitions of source tables and cadences have the changes of each request."""

# an item holds 400 KB (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)
_PART_BYTES = 350_000
_REASON_BYTES = 200_000


class DynamoDbDeployTracker:
    """Records configuration requests."""

    def __init__(self, dynamodb: DynamoDBServiceResource, tracker_table: str) -> None:
        self._client = dynamodb.meta.client
        self._tracker = tracker_table

    def receive(self, request: ConfigRequest, commit: str, requested_by: str) -> None:
        """Record a request, compressed, in as many items as it needs; a known one stays unchanged."""
        first, *others = _parts(request.document)
        for number, part in enumerate(others, start=2):
            key = {"source_table_name": REQUESTS, "deployed_at": f"{request.deployed_at}#part-{number}"}
            self._put({**key, "document": part})
        item: dict[str, Any] = {
            **_key(request),
            "request_id": request.request_id,
            "request_status": RequestStatus.RECEIVED.value,
            "commit": commit,
            "requested_by": requested_by,
            "document": first,
            "document_parts": 1 + len(others),
        }
        took_place(lambda: self._put(item, ConditionExpression="attribute_not_exists(deployed_at)"))

    def document(self, request: ConfigRequest) -> bytes:
        """Return the unchanged document of a request."""
        item = self._item(_key(request))
        keys = [f"{request.deployed_at}#part-{number}" for number in range(2, int(item["document_parts"]) + 1)]
        parts = [self._item({"source_table_name": REQUESTS, "deployed_at": key}) for key in keys]
        return zlib.decompress(b"".join(bytes(part["document"]) for part in (item, *parts)))

    def status(self, request: ConfigRequest) -> RequestStatus:
        """Return the status of a received request."""
        return RequestStatus(self._item(_key(request))["request_status"])

    def close(self, request: ConfigRequest, status: RequestStatus, reasons: Sequence[str]) -> None:
        """Record that a request ended without being applied; one that has ended stays unchanged."""
        update = closing(self._tracker, request, status, {"reasons": bounded(reasons)} if reasons else {})
        took_place(lambda: persist(lambda: self._client.update_item(**update)))

    def _put(self, item: dict[str, Any], **condition: str) -> None:
        persist(lambda: self._client.put_item(TableName=self._tracker, Item=item, **condition))  # type: ignore[arg-type]

    def _item(self, key: dict[str, str]) -> dict[str, Any]:
        return self._client.get_item(TableName=self._tracker, Key=key, ConsistentRead=True)["Item"]


def closing(tracker_table: str, request: ConfigRequest, status: RequestStatus, more: dict[str, Any]) -> dict[str, Any]:
    """Return the update that ends a request, for a transaction or alone."""
    values = {"request_status": status.value, "decided_at": _now(), **more}
    return {
        "TableName": tracker_table,
        "Key": _key(request),
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in values),
        "ConditionExpression": "#request_status = :received",
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": {
            ":received": RequestStatus.RECEIVED.value,
            **{f":{name}": value for name, value in values.items()},
        },
    }


def line_of(change: Change, deployment: ConfigDeployment) -> dict[str, Any]:
    """Return the record of a deployment's changes to one cadence or source table."""
    line = {
        "source_table_name": change.name,
        "deployed_at": deployment.request.deployed_at,
        "change": change.kind.value,
        "commit": deployment.commit,
        "requested_by": deployment.requested_by,
    }
    if change.before:
        line["before"] = fields_of(change.before)  # type: ignore[assignment]
    if change.after:
        line["after"] = fields_of(change.after)  # type: ignore[assignment]
    return line


def _key(request: ConfigRequest) -> dict[str, str]:
    return {"source_table_name": REQUESTS, "deployed_at": request.deployed_at}


def _parts(document: bytes) -> list[bytes]:
    compressed = zlib.compress(document, level=9)
    return [compressed[start : start + _PART_BYTES] for start in range(0, len(compressed), _PART_BYTES)]


def bounded(reasons: Sequence[str]) -> list[str]:
    """Cut a long list of problems to fit an item; their number stays in it."""
    kept = list(_first(reasons, _REASON_BYTES))
    hidden = len(reasons) - len(kept)
    return [*kept, f"and {hidden} more"] if hidden else kept


def _first(reasons: Sequence[str], room: int) -> Iterator[str]:
    for reason in reasons:
        room -= len(reason.encode())
        if room < 0:
            return
        yield reason


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
