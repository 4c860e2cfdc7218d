"""The framework's DynamoDB tables in moto, which is fit for single-threaded tests of adapters only."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from tests.cheap_moto import create_again, stored_tables
from tests.moto_session import resource
from tests.unit.odp.consistent_reads import demand_consistent_reads

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

KEYS = {
    "files": ("source_table_name", "file_id"),
    "files_history": ("source_table_name", "file_id"),
    "leases": ("raw_table_name",),
    "leases_history": ("raw_table_name", "glue_job_run_id"),
    "batch_config": ("refresh_cadence",),
    "table_config": ("refresh_cadence", "source_table_name"),
    "deploy_tracker": ("source_table_name", "deployed_at"),
    "quarantine": ("quarantine_kind", "entry_id"),
    "regions": ("region_kind", "entry_id"),
    "regions_west": ("region_kind", "entry_id"),
}


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> "Iterator[DynamoDBServiceResource]":
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = resource("dynamodb")
        demand_consistent_reads(made.meta.client)
        create_again(create_tables, made)
        yield made
        _assert_at_home_in_any_region()


def create_tables(dynamodb: "DynamoDBServiceResource") -> None:
    """Create the framework's tables, empty."""
    for table, keys in KEYS.items():
        schema: list[Any] = [
            {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ]
        dynamodb.create_table(
            TableName=table,
            KeySchema=schema,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )


def _assert_at_home_in_any_region() -> None:
    """No stored item names a Region or a physical bucket, except in the ledger of an older release."""
    for table in ("files", "files_history"):
        items = [item.to_json()["Attributes"] for item in stored_tables()[table].all_items()]
        stored = [item for item in items if "format" in item]
        assert not re.search(r"(?<![0-9a-z])[a-z]{2}-[a-z]+-\d|-\d{12}-", str(stored)), (
            f"{table} names a Region or an account"
        )
