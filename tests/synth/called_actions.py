"""The runtime's requests to DynamoDB, S3 and SQS, recorded on moto, as IAM actions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.client import BaseClient
from odp.config_manager.manifest_upload import deliver
from odp.config_manager.request import REQUEST_KEY
from odp.configuration import ConfigDeployment, ConfigRequest, Configuration, RequestStatus, compare
from odp.dynamodb.configuration_store import DynamoDbConfigurationStore
from odp.dynamodb.deploy_tracker import DynamoDbDeployTracker
from odp.dynamodb.file_tracker import DynamoDbFileTracker, key_of, pending_item
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.run_log import DynamoDbRunLog, RunLogTables
from odp.dynamodb.running_configuration import DynamoDbTableConfigs, RunningVersion
from odp.dynamodb.table_leases import DynamoDbTableLeases, DynamoDbWrittenTables
from odp.dynamodb.told_states import DynamoDbPlannedCadences, DynamoDbToldStates
from odp.file_manager import handler as file_manager
from odp.file_manager import sweep
from odp.file_manager.registration import STAGING
from odp.file_processor import handler as batch_manager
from odp.records import FileStatus, FileType, LandedFile, Quarantined, QuarantineKind
from odp.refresh import RefreshOutcome, RefreshStatus, RunRecord
from odp.s3 import S3ConfigRequests, S3ObjectContents
from odp.state_changes import NOTHING_TOLD, Told

from lake.landing.listings import SweepState
from lake.landing.s3_listing import S3Listing
from lake.ledger.connection import dynamodb_resource
from lake.ledger.sweep_state import DynamoDbSweepState
from tests.function_call import CallContext
from tests.unit.odp.config_manager.test_manifest_upload import archive
from tests.unit.odp.conftest import KEYS
from tests.unit.odp.samples import batch_config, table_config

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

TABLES = {
    "FileTracker": "files",
    "FileTrackerHistory": "files_history",
    "FileProcessingTracker": "leases",
    "FileProcessingTrackerHistory": "leases_history",
    "BatchConfig": "batch_config",
    "RawTableConfig": "table_config",
    "ConfigDeployTracker": "deploy_tracker",
    "Quarantine": "quarantine",
}
"""The tables as the stack names them, and their keys as the unit tests do."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "LAKE": "lake",
    "FILE_TRACKER_TABLE": "FileTracker",
    "FILE_TRACKER_HISTORY_TABLE": "FileTrackerHistory",
    "QUARANTINE_TABLE": "Quarantine",
    "FILE_PROCESSING_TRACKER_TABLE": "FileProcessingTracker",
    "BATCH_CONFIG_TABLE": "BatchConfig",
    "RAW_TABLE_CONFIG_TABLE": "RawTableConfig",
    "CONFIG_DEPLOY_TRACKER_TABLE": "ConfigDeployTracker",
    "PLAN_BUCKET": "lake-config",
    "JOB_TIMEOUT_MINUTES": "60",
    "STAGING_BUCKET": "staging",
    "SOURCES": '{"default":{"folder":""}}',
    "LANDED_FILE_DAYS": "90",
    "ENVIRONMENT": "dev",
    "SCHEDULES": "enabled",
    "SCHEDULE_NAMES": "odpf_file_processor_",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:alerts",
    "REPLICATIONS": "{}",
}
Actions = set[tuple[str, str]]
_OF_TRANSACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Delete": "DeleteItem",
    "Update": "UpdateItem",
}
_S3 = {"HeadObject": "GetObject", "ListObjectVersions": "ListBucketVersions", "ListObjectsV2": "ListBucket"}
_call = BaseClient._make_api_call  # type: ignore[attr-defined]


@contextmanager
def recorded() -> Iterator[Actions]:
    """The actions that are called meanwhile, each with the table, bucket or queue."""
    found: Actions = set()

    def call(client: Any, operation: str, params: dict[str, Any]) -> Any:
        found.update(_actions(client.meta.service_model.service_name, operation, params))
        return _call(client, operation, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield found


def _actions(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if operation == "TransactWriteItems":
        for action in params["TransactItems"]:
            ((kind, request),) = action.items()
            yield f"dynamodb:{_OF_TRANSACTIONS[kind]}", request["TableName"]
    elif operation == "TransactGetItems":
        yield from (("dynamodb:GetItem", action["Get"]["TableName"]) for action in params["TransactItems"])
    elif operation == "BatchGetItem":
        yield from (("dynamodb:BatchGetItem", table) for table in params["RequestItems"])
    elif service == "dynamodb":
        yield f"dynamodb:{operation}", params["TableName"]
    elif service == "s3":
        is_version = operation == "GetObject" and "VersionId" in params
        yield f"s3:{'GetObjectVersion' if is_version else _S3.get(operation, operation)}", params["Bucket"]
    else:
        yield f"{service}:{operation}", ""


def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give moto the tables and buckets, a running configuration and a landed file."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = boto3.client("dynamodb")
    for table, keys in ((table, KEYS[name]) for table, name in TABLES.items()):
        kinds: list[Any] = ["HASH", "RANGE"]
        client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    boto3.client("sns").create_topic(Name="alerts")
    s3 = boto3.client("s3")
    for bucket in ("staging", "lake-config", "assets"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for cached in (file_manager.connected_ports, batch_manager._batch_manager):
        cached.cache_clear()


def of_the_file_manager() -> Actions:
    """Events of a file of DMS and of one that is none."""
    with recorded() as found:
        for key in ("s/t/LOAD00000001.parquet", "readme.txt"):
            described = {"key": key, "size": 1, "etag": "e", "version-id": "v", "sequencer": "0A"}
            event = {"time": "2026-01-05T12:00:00Z", "detail": {"bucket": {"name": "staging"}, "object": described}}
            answer = file_manager.handle({"Records": [{"messageId": "m", "body": json.dumps(event)}]}, CallContext())
            assert answer == {"batchItemFailures": []}
    return found


def of_the_sweep() -> Actions:
    """Files without an event, of DMS and not, of a table that is configured later, fails, and loses its load."""
    # moto passes over the first key of a listing that begins after the empty key
    for key in ("first", "s/t/LOAD00000002.parquet", "picture.png"):
        boto3.client("s3").put_object(Bucket="staging", Key=key, Body=b"1")
    with recorded() as found:
        assert sweep.handle({}, CallContext()) == {"landed": 1, "missed": 0, "rejected": 2}
    of_the_config_manager()
    DynamoDbPlannedCadences(dynamodb_resource(), "FileTracker").planned("former_refresh")
    _fail_long_ago(dynamodb_resource())
    with recorded() as later:
        sweep.handle({}, CallContext())
    _lose_the_load(dynamodb_resource())
    with recorded() as a_day_later:
        sweep.handle({}, CallContext())
    (entry,) = DynamoDbQuarantine(dynamodb_resource(), "Quarantine").of_tables(QuarantineKind.VANISHED_LOAD)
    assert entry.source_table_name == LOAD.source_table_name
    return found | later | a_day_later


def _fail_long_ago(dynamodb: DynamoDBServiceResource) -> None:
    """Let people know that the table fails, and its file wait since long ago."""
    told = DynamoDbToldStates(dynamodb, "FileTracker")
    told.note("refresh/db.t", told.claim("refresh/db.t", NOTHING_TOLD) or "", Told(frozenset({"E-1"})))
    (file,) = DynamoDbFileTracker(dynamodb, "FileTracker", "FileTrackerHistory").pending_files("s.t", 1).files
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    dynamodb.Table("FileTracker").put_item(Item=pending_item(replace(file, landed_at=yesterday)))


def _lose_the_load(dynamodb: DynamoDBServiceResource) -> None:
    """Let the table's pending load be an applied one without an object, and a look be due."""
    (file,) = DynamoDbFileTracker(dynamodb, "FileTracker", "FileTrackerHistory").pending_files("s.t", 1).files
    dynamodb.Table("FileTracker").delete_item(Key=key_of(file))
    applied = {"file_ingestion_status": FileStatus.APPLIED.value, "generation": 1}
    dynamodb.Table("FileTrackerHistory").put_item(Item=pending_item(file) | applied)
    boto3.client("s3").delete_object(Bucket="staging", Key=file.key)
    DynamoDbSweepState(dynamodb, "FileTracker", STAGING).save(SweepState())


def of_the_config_manager() -> Actions:
    """A deployment that adds, one that removes, one that adds again, and a request that is refused."""
    written = boto3.client("s3").put_object(Bucket="lake-config", Key=REQUEST_KEY, Body=b"{}")
    configuration = Configuration.of([batch_config()], [table_config()])
    with recorded() as found:
        dynamodb = dynamodb_resource()
        requests = S3ConfigRequests("lake-config", REQUEST_KEY)
        assert requests.newest() == written["VersionId"]
        assert requests.read(written["VersionId"]) is not None
        DynamoDbWrittenTables(dynamodb, "FileProcessingTracker").written(["db.t"])
        for number, desired in enumerate((configuration, Configuration.of([], []), configuration)):
            _deploy(dynamodb, desired, f"v{number}")
        tracker = DynamoDbDeployTracker(dynamodb, "ConfigDeployTracker")
        refused = ConfigRequest("refused", "2026-01-02T00:00:00Z", b"{}")
        tracker.receive(refused, "", "")
        tracker.close(refused, RequestStatus.REFUSED, ["wrong"])
    return found


def _deploy(dynamodb: Any, desired: Configuration, request_id: str) -> None:
    tracker = DynamoDbDeployTracker(dynamodb, "ConfigDeployTracker")
    store = DynamoDbConfigurationStore(dynamodb, "BatchConfig", "RawTableConfig", "ConfigDeployTracker")
    request = ConfigRequest(request_id, "2026-01-01T00:00:00Z", b"{}")
    tracker.receive(request, "", "")
    attempt = store.begin()
    changes = compare(store.running(attempt), desired)
    assert tracker.status(request) is RequestStatus.RECEIVED
    store.activate(attempt, ConfigDeployment(request, "", "", RequestStatus.APPLIED, changes))


def of_the_delivery() -> Actions:
    """Manifests that a deployment brings."""
    queue = boto3.client("sqs").create_queue(QueueName="requests")["QueueUrl"]
    boto3.client("s3").put_object(Bucket="assets", Key="hash.zip", Body=archive(**{"a.json": "{}"}))
    properties = {"ArchiveBucket": "assets", "ArchiveKey": "hash.zip", "Commit": "", "RequestedBy": ""}
    with recorded() as found:
        deliver(properties, "lake-config", queue)
    return found


def of_the_batch_manager() -> Actions:
    """A cadence with a table whose file is pending, and whose last refresh failed."""
    of_the_config_manager()
    of_the_file_manager()
    failed: Any = {
        "raw_table_name": "db.t",
        "refresh_status": "refresh_error",
        "last_refresh": {"error_message": "E: no"},
    }
    dynamodb_resource().Table("FileProcessingTracker").put_item(Item=failed)
    with recorded() as found:
        cadence = {"refresh_cadence": "10_min_refresh"}
        first, second = (f"arn:aws:states:us-east-1:123456789012:execution:machine:{name}" for name in ("a", "b"))
        assert batch_manager.handle({**cadence, "execution": first}, CallContext())["batches"]
        assert not batch_manager.handle({**cadence, "execution": second}, CallContext())["batches"]
        batch_manager.handle({**cadence, "execution": first, "step": "release"}, CallContext())
    return found


LOAD = LandedFile(
    "s.t",
    "0/LOAD00000001.parquet/f0",
    FileType.FULL_LOAD,
    "s",
    "t",
    "staging",
    "s/t/LOAD00000001.parquet",
    7,
    "e",
    "2026",
)
OUTCOME = RefreshOutcome("db.t", "s.t", RefreshStatus.COMPLETED, "t0", "t1")


def of_the_job() -> Actions:
    """Refreshes of one table: completed, refused, and one that lost its lease."""
    of_the_config_manager()
    versions = [boto3.client("s3").put_object(Bucket="staging", Key=LOAD.key, Body=body) for body in (b"1", b"2")]
    with recorded() as found:
        dynamodb = dynamodb_resource()
        running = RunningVersion(dynamodb, "ConfigDeployTracker")
        DynamoDbTableConfigs(dynamodb, "RawTableConfig", running).table("10_min_refresh", "s.t")
        _ledger(dynamodb)
        _staging(*(version["VersionId"] for version in versions))
        names = ("FileTracker", "FileTrackerHistory", "FileProcessingTracker", "FileProcessingTrackerHistory")
        run_log = DynamoDbRunLog(dynamodb, RunLogTables(*names, "Quarantine"))
        leases = DynamoDbTableLeases(dynamodb, "FileProcessingTracker")
        under_way = RunRecord(replace(OUTCOME, status=RefreshStatus.UPDATING), (LOAD,))
        for entry in (under_way, RunRecord(OUTCOME, closes=True), RunRecord(OUTCOME, closes=True, refused=True)):
            lease = leases.acquire("db.t", "jr_1")
            assert lease is not None
            leases.renew(lease)
            run_log.append(lease, entry)
        run_log.record(OUTCOME, "jr_2")
    return found


def _ledger(dynamodb: Any) -> None:
    """A refresh's requests to the ledger and, for rejected files without an event, to the quarantine."""
    files = DynamoDbFileTracker(dynamodb, "FileTracker", "FileTrackerHistory")
    files.register(LOAD)
    read = files.pending_files("s.t", 10)
    assert files.unrecorded_files("s.t", [LOAD.file_id], read) == [LOAD]
    # as after a read that its limit ended before this file
    assert files.unrecorded_files("s.t", [LOAD.file_id], replace(read, files=(), is_all=False)) == [LOAD]
    files.processed_loads("s.t")
    files.processed_changes("s.t", "", 10)
    files.unknown([LOAD])
    quarantine, entry = DynamoDbQuarantine(dynamodb, "Quarantine"), Quarantined(QuarantineKind.HELD_FILE, "r", "no", {})
    quarantine.unknown([entry])
    quarantine.keep(entry)


def _staging(*versions: str) -> None:
    """What a refresh asks of the staging bucket: who reads rows is Spark."""
    listing, contents = S3Listing({}), S3ObjectContents({})
    assert {found.version_id for found in listing.versions("staging", "s/t/")} == {*versions}
    assert listing.current_versions("staging", [LOAD.key]) == {LOAD.key: versions[-1]}
    first, second = (replace(LOAD, version_id=version, etag="") for version in versions)
    assert not contents.has_same_content(second, first)


WORK: dict[str, Callable[[], Actions]] = {
    "FileManagerHandlerRole": of_the_file_manager,
    "FileManagerSweepRole": of_the_sweep,
    "ConfigManagerHandlerRole": of_the_config_manager,
    "ConfigManagerDeliveryRole": of_the_delivery,
    "FileProcessorBatchManagerRole": of_the_batch_manager,
    "FileProcessorJobsRole": of_the_job,
    "FileProcessorNativeRole": of_the_job,
}
