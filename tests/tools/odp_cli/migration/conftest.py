"""A ledger as the release before format 2 wrote it (commit 461b3e5): the items of its adapters, in moto."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from odp.file_manager.registration import Staging
from odp.file_manager.sources import Sources
from odp_cli.migration.ledger import LedgerMigration, LedgerTables

from tests.moto_session import client
from tests.unit.odp import conftest as framework

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

STAGING, RAW = "odp-dev-staging-222222222222-us-east-1", "odp-dev-raw-222222222222-us-east-1"
TABLES = LedgerTables("files", "files_history", "leases", "quarantine", "deploy_tracker")
FORMAT_1 = json.loads((Path(__file__).parent / "format_1.json").read_text())
dynamodb = framework.dynamodb
Migrations = Callable[..., LedgerMigration]
State = dict[str, list[dict[str, Any]]]


@pytest.fixture
def old_ledger(dynamodb: "DynamoDBServiceResource") -> "DynamoDBServiceResource":
    for table, items in FORMAT_1.items():
        for item in items:
            client("dynamodb").put_item(TableName=table, Item=item)
    return dynamodb


@pytest.fixture
def migration(dynamodb: "DynamoDBServiceResource") -> Migrations:
    """Make the migration of this ledger, for sources that a test may choose."""

    def build(**folders: str) -> LedgerMigration:
        staging = Staging(Sources(folders or {"default": "dms"}), {"staging": STAGING})
        return LedgerMigration(dynamodb, TABLES, staging, RAW, lambda key: ["v0", "v5"], lambda: 1_800_000_000.5)

    return build


@pytest.fixture
def state(dynamodb: "DynamoDBServiceResource") -> Callable[[], State]:
    """Read everything that the tables hold."""
    tables = (*FORMAT_1, "deploy_tracker")
    return lambda: {
        table: sorted(dynamodb.Table(table).scan()["Items"], key=lambda item: sorted(map(str, item.items())))
        for table in tables
    }
