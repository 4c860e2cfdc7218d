"""Files, bundles and events as most tests want them; each test states what it needs otherwise."""

import json
from dataclasses import replace
from typing import Any

from taxi.records import Bundle, FileOutcome, LandedFile, LoadStatus

_FILE = LandedFile("yellow", "f1", "raw", "nyc-taxi/yellow/f1.csv", "e1", 10, "2026-01-05T12:00:00Z")


def landed(file_id: str = "f1", **fields: Any) -> LandedFile:
    """A CSV file of yellow trips, but for the fields given."""
    return replace(_FILE, **{"file_id": file_id, "key": f"nyc-taxi/yellow/{file_id}.csv", **fields})


def bundle_of(*file_ids: str, execution: str = "run-1", number: int = 1) -> Bundle:
    """A bundle of yellow files."""
    return Bundle("yellow", execution, number, tuple(landed(file_id) for file_id in file_ids))


def loaded(file_id: str, **fields: Any) -> FileOutcome:
    """A file that is in the conformed table, but for the fields given."""
    return replace(FileOutcome(file_id, LoadStatus.LOADED, rows_read=5, rows_loaded=5), **fields)


def object_created(key: str = "nyc-taxi/yellow/a.csv", /, **s3_object: Any) -> dict[str, Any]:
    """EventBridge's event of a new object; a field of None is left out."""
    described = {"key": key, "size": 10, "etag": "e1", "version-id": "v1", "sequencer": "0A", **s3_object}
    return {
        "time": "2026-01-05T12:00:00Z",
        "detail": {"bucket": {"name": "raw"}, "object": {k: v for k, v in described.items() if v is not None}},
    }


def message(event: Any, message_id: str = "m1", deliveries: int = 1) -> dict[str, Any]:
    """An SQS message as Lambda is given it."""
    return {
        "messageId": message_id,
        "body": event if isinstance(event, str) else json.dumps(event),
        "attributes": {"ApproximateReceiveCount": str(deliveries)},
    }
