"""Measures the reads of a table's history for a late file: a month's and a year's history."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from odp.dynamodb.file_tracker import DynamoDbFileTracker

from benchmarks.batch_plan.backlog import landed_file
from benchmarks.figures import Figures, Record
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

ACCOUNT = "600000000900"
FILES_A_DAY = 288
AGES = (30, 365)
_PENDING, _HISTORY = "pending", "history"
_REPLAYED, _MOST = 100, 1000


def measure_history(work: Path, ages: tuple[int, ...] = AGES) -> Figures:
    """Measure histories of each age in an emulator."""
    with Emulator(EmulatorSettings(run_directory=work / "history")) as emulator:
        records = [measure(emulator, f"{int(ACCOUNT) + days}", days) for days in ages]
    notes = [
        f"A file each {24 * 60 // FILES_A_DAY} minutes; {_REPLAYED} of them are newer than the one that came late."
    ]
    return Figures("history", "Reading what a late file needs of its table's history", records, notes)


def measure(emulator: Emulator, account: str, days: int) -> Record:
    """Measure a history of one age."""
    dynamodb = boto3.resource(
        "dynamodb",
        endpoint_url=emulator.endpoint,
        region_name=emulator.settings.region,
        aws_access_key_id=account,
        aws_secret_access_key=emulator.root_secret,
    )
    files = days * FILES_A_DAY
    tracker = _fill(dynamodb, files)
    read: list[int] = []
    events = dynamodb.meta.client.meta.events
    events.register("after-call.dynamodb.Query", lambda parsed, **_: read.append(parsed["ScannedCount"]))
    found = tracker.processed_changes(landed_file().source_table_name, _name(files - _REPLAYED), _MOST)
    if len(found) != _REPLAYED:
        raise AssertionError(f"{len(found)} files instead of {_REPLAYED}")
    return {"days": days, "files in the history": files, "items read": sum(read)}


def _fill(dynamodb: Any, files: int) -> DynamoDbFileTracker:  # noqa: ANN401 - boto3 makes resources at run time
    for table in (_PENDING, _HISTORY):
        dynamodb.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": "source_table_name", "KeyType": "HASH"},
                {"AttributeName": "file_id", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("source_table_name", "file_id")
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    tracker = DynamoDbFileTracker(dynamodb, _PENDING, _HISTORY)
    tracker.register(landed_file())
    with dynamodb.Table(_HISTORY).batch_writer() as batch:
        for item in _items(dynamodb, files):
            batch.put_item(Item=item)
    return tracker


def _items(dynamodb: Any, files: int) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - boto3 makes resources at run time
    """Repeat what a registration wrote."""
    key = {"source_table_name": landed_file().source_table_name, "file_id": landed_file().file_id}
    item = dynamodb.Table(_PENDING).get_item(Key=key)["Item"]
    for number in range(files):
        yield item | {"file_id": f"1/{_name(number)}/{number:032x}", "file_ingestion_status": "raw_file_processed"}


def _name(number: int) -> str:
    return f"{number:012}.parquet"
