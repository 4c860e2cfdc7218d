"""No stored item names a physical bucket or a Region, so a copy of the ledger works in another Region."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from odp.file_manager import handler
from odp.records import BatchPlan
from odp.s3 import S3PlanStorage

from tests.function_call import CallContext
from tests.moto_session import client
from tests.unit.odp.conftest import KEYS

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

STAGING = "odp-prod-staging-444444444444-us-east-1"
LOCAL = (STAGING, "444444444444", "us-east-1")
VARIABLES = {
    "FILE_TRACKER_TABLE": "files",
    "FILE_TRACKER_HISTORY_TABLE": "files_history",
    "QUARANTINE_TABLE": "quarantine",
    "CONFIG_DEPLOY_TRACKER_TABLE": "deploy_tracker",
    "STAGING_BUCKET": STAGING,
    "SOURCES": '{"default":{"folder":"dms"},"erp":{"folder":"erp"}}',
    "LAKE": "odp-prod",
}


def message(key: str, number: int) -> dict[str, Any]:
    s3_object = {"key": key, "size": 5, "etag": "e", "version-id": "v1", "sequencer": "0A"}
    detail = {"bucket": {"name": STAGING}, "object": s3_object, "reason": "PutObject"}
    body = {"time": "2026-01-05T12:00:00Z", "region": "us-east-1", "account": "444444444444", "detail": detail}
    return {"messageId": str(number), "body": json.dumps(body)}


@pytest.fixture
def stored(dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything that the deployed File Manager writes of a batch, as text."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    handler.connected_ports.cache_clear()
    keys = ["dms/s/t/LOAD00000001.parquet", "erp/s/t/p1/LOAD00000001.parquet", "dms/readme.txt", "elsewhere/x"]
    answer = handler.handle({"Records": [message(key, number) for number, key in enumerate(keys)]}, CallContext())
    handler.connected_ports.cache_clear()
    assert answer == {"batchItemFailures": []}
    return str([dynamodb.Table(table).scan()["Items"] for table in KEYS])


def test_registered_and_rejected_files_name_the_role_of_their_bucket(stored: str) -> None:
    assert not [name for name in LOCAL if name in stored]
    assert "'source_table_name': 'erp:s.t'" in stored
    assert "lies in no source's folder (default in dms/, erp in erp/)" in stored


def test_plan_names_neither(dynamodb: "DynamoDBServiceResource") -> None:
    client("s3").create_bucket(Bucket="plans-us-east-1")
    plan = BatchPlan("10_min_refresh", "e1", (("s.t",),))
    S3PlanStorage("plans-us-east-1").write(plan)
    body = client("s3").get_object(Bucket="plans-us-east-1", Key=plan.key)["Body"].read().decode()
    assert not [name for name in LOCAL if name in body]
