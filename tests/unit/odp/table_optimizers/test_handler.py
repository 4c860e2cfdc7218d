"""The function reads the running configuration and settles the optimizers of its Iceberg tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from odp.configuration import item_of
from odp.table_optimizers import handler

from tests.function_call import CallContext
from tests.unit.odp.samples import batch_config, table_config

if TYPE_CHECKING:
    import pytest
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

ROLE = "arn:aws:iam::222222222222:role/optimizers"


class Created:
    """A Data Catalog with every table and no optimizer."""

    made: list[tuple[str, ...]]

    def __init__(self, account: str) -> None:
        assert account == "222222222222"
        Created.made = []

    def found(self, *_place: str) -> None:
        return None

    def create(self, database: str, table: str, type_: str, configuration: Mapping[str, Any]) -> bool:
        assert configuration["roleArn"] == ROLE
        self.made.append((database, table, type_))
        return True


def test_tables_of_the_running_configuration_get_the_types_of_the_environment(
    dynamodb: DynamoDBServiceResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "LAKE": "odp-dev",
        "BATCH_CONFIG_TABLE": "batch_config",
        "RAW_TABLE_CONFIG_TABLE": "table_config",
        "CONFIG_DEPLOY_TRACKER_TABLE": "deploy_tracker",
        "OPTIMIZER_TYPES": "compaction,retention",
        "OPTIMIZER_ROLE_ARN": ROLE,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handler, "GlueTableOptimizers", Created)
    dynamodb.Table("batch_config").put_item(Item=item_of(batch_config()))
    iceberg = table_config(table_format="iceberg", source_table_name="s.orders", raw_table_name="orders")
    for table in (table_config(), iceberg):
        dynamodb.Table("table_config").put_item(Item=item_of(table))
    assert handler.handle({}, CallContext()) == {"created": 2, "unwanted": 1}
    assert Created.made == [("db", "orders", "compaction"), ("db", "orders", "retention")]
