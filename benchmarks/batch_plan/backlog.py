"""A lake's ledger with many tables in one cadence and many pending files, and nothing else."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from odp.configuration import fields_of
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.planning import summary_key
from odp.records import BatchConfig, FileType, LandedFile, RawTableConfig, RowHistory

from rehearsal.emulator.process import Emulator

CADENCE, BATCH_SIZE = "10_min_refresh", 5
MONTH_OF_FILES = 30 * 24 * 60
"""A file a minute, as DMS writes them by default."""
_PENDING, _HISTORY = "FILE_TRACKER_TABLE", "FILE_TRACKER_HISTORY_TABLE"
_KEYS = {
    _PENDING: ("source_table_name", "file_id"),
    _HISTORY: ("source_table_name", "file_id"),
    "FILE_PROCESSING_TRACKER_TABLE": ("raw_table_name",),
    "BATCH_CONFIG_TABLE": ("refresh_cadence",),
    "RAW_TABLE_CONFIG_TABLE": ("refresh_cadence", "source_table_name"),
    "CONFIG_DEPLOY_TRACKER_TABLE": ("source_table_name", "deployed_at"),
    "QUARANTINE_TABLE": ("quarantine_kind", "entry_id"),
}
"""The tables by the variables that name them to whoever reads them."""

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much there is to plan; each table has its share of the files.

    Of `unconfigured` further tables, which no manifest names, a month of files waits: one a minute.
    """

    tables: int
    files: int
    unconfigured: int = 0

    def source_table(self, number: int) -> str:
        """Name a table."""
        return f"warehouse.table_{number % self.tables:05}"


class Backlog:
    """The ledger of one account of the emulator."""

    def __init__(self, emulator: Emulator, account: str, scale: Scale) -> None:
        self._shell = emulator.shell_environment(account)
        self._s3 = emulator.client("s3", account=account)
        self._dynamodb = boto3.resource(
            "dynamodb",
            endpoint_url=emulator.endpoint,
            region_name=emulator.settings.region,
            aws_access_key_id=account,
            aws_secret_access_key=emulator.root_secret,
        )
        self._plan_bucket = f"plans-{account}"
        self._scale = scale

    def environment(self) -> Mapping[str, str]:
        """Return the variables with which the Batch Manager finds the ledger."""
        tables = {variable: variable for variable in _KEYS}
        lake = {"LAKE": "odp-bench", "ENVIRONMENT": "bench", "TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:alerts"}
        return self._shell | tables | lake | {"PLAN_BUCKET": self._plan_bucket, "JOB_TIMEOUT_MINUTES": "60"}

    def fill(self) -> None:
        """Make the ledger, with every table configured and every file pending."""
        self._s3.create_bucket(Bucket=self._plan_bucket)
        for table, keys in _KEYS.items():
            self._create(table, keys)
        self._put("BATCH_CONFIG_TABLE", iter([fields_of(_batch_config())]))
        self._put("RAW_TABLE_CONFIG_TABLE", (fields_of(_table_config(name)) for name in self._source_tables()))
        self._put(_PENDING, self._pending_items())
        self._put(_PENDING, self._summaries())

    def planned(self, plan_key: str) -> list[list[str]]:
        """Read the batches of a plan."""
        stored = self._s3.get_object(Bucket=self._plan_bucket, Key=plan_key)["Body"].read()
        batches: list[list[str]] = json.loads(stored)["batches"]
        return batches

    def _create(self, table: str, keys: tuple[str, ...]) -> None:
        kinds: dict[str, Any] = dict(zip(keys, ("HASH", "RANGE"), strict=False))
        self._dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds.items()],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )

    def _put(self, table: str, items: Iterator[Item]) -> None:
        with self._dynamodb.Table(table).batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)

    def _source_tables(self) -> Iterator[str]:
        return map(self._scale.source_table, range(self._scale.tables))

    def _pending_items(self) -> Iterator[Item]:
        """Register one file as the File Manager does, and repeat what that wrote."""
        sample = landed_file()
        DynamoDbFileTracker(self._dynamodb, _PENDING, _HISTORY).register(sample)
        key = {"source_table_name": sample.source_table_name, "file_id": sample.file_id}
        tracker = self._dynamodb.Table(_PENDING)
        item = tracker.get_item(Key=key)["Item"]
        tracker.delete_item(Key=key)
        for number in range(self._scale.files):
            yield item | {"source_table_name": self._scale.source_table(number), "file_id": f"1/{number:032x}"}

    def _summaries(self) -> Iterator[Item]:
        """Repeat the summary that the registration wrote; a plan reads it, and no file."""
        key = summary_key(landed_file().source_table_name)
        summary = self._dynamodb.Table(_PENDING).get_item(Key=key)["Item"]
        files = Counter(map(self._scale.source_table, range(self._scale.files)))
        files |= {f"other.table_{number:05}": MONTH_OF_FILES for number in range(self._scale.unconfigured)}
        for table, count in files.items():
            yield summary | {"file_id": table, "files": count, "bytes": count * 262_144, "registrations": count}


def _batch_config() -> BatchConfig:
    return BatchConfig(CADENCE, "hudi", "odpf_file_processor", "G.1X", 10, BATCH_SIZE)


def _table_config(source_table: str) -> RawTableConfig:
    schema, name = source_table.split(".")
    return RawTableConfig(
        refresh_cadence=CADENCE,
        source_table_name=source_table,
        primary_key=("ORDER_ID", "LINE_NUMBER"),
        partition_key="REGION",
        change_sequence="CHANGE_SEQUENCE",
        hudi_table_type="copy_on_write",
        history=RowHistory.LATEST,
        table_format="hudi",
        is_active=True,
        raw_database_name=f"odpf_{schema}_raw",
        raw_database_s3_bucket="raw-bucket-of-the-lake-111122223333",
        raw_table_name=name,
    )


def landed_file() -> LandedFile:
    """Return a file of changes as DMS lands it."""
    schema, table = "warehouse", "table_00000"
    return LandedFile(
        source_table_name=f"{schema}.{table}",
        file_id="1/" + "0" * 32,
        file_type=FileType.CHANGES,
        schema_name=schema,
        table_name=table,
        bucket="staging-bucket-of-the-lake-111122223333",
        key=f"dms/{schema}/{table}/2026/11/24/20261124-101530123.parquet",
        size=262_144,
        etag="0" * 32,
        landed_at="2026-11-24T10:15:31Z",
        version_id="0" * 32,
        sequencer="0" * 18,
    )
