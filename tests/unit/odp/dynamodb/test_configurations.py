"""Configuration comes back from DynamoDB as it was written."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from odp.dynamodb.configurations import DynamoDbBatchConfigs, DynamoDbTableConfigs
from odp.errors import MissingConfigurationError
from odp.records import BatchConfig, RawTableConfig, VersioningType

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

BATCH = BatchConfig("10_min_refresh", "hudi", "job", "G.1X", 10, 5)
TABLE = RawTableConfig(
    "10_min_refresh",
    "s.t",
    ("A", "B"),
    None,
    "SEQ",
    "copy_on_write",
    VersioningType.SNAPSHOT,
    "hudi",
    True,
    "db",
    "b",
    "t",
)


def test_batch_configuration_survives_the_round_trip(dynamodb: "DynamoDBServiceResource") -> None:
    configs = DynamoDbBatchConfigs(dynamodb, "batch_config")
    configs.put([BATCH])
    assert configs.batch_config("10_min_refresh") == BATCH


def test_unknown_cadence_is_named_with_the_table_that_lacks_it(dynamodb: "DynamoDBServiceResource") -> None:
    with pytest.raises(MissingConfigurationError, match="'1_day_refresh' has no item in batch_config"):
        DynamoDbBatchConfigs(dynamodb, "batch_config").batch_config("1_day_refresh")


def test_table_configuration_survives_the_round_trip(dynamodb: "DynamoDBServiceResource") -> None:
    configs = DynamoDbTableConfigs(dynamodb, "table_config")
    partitioned = replace(TABLE, source_table_name="s.u", hudi_primary_key=("A",), hudi_partition_key="P")
    configs.put([TABLE, partitioned])
    assert configs.table("10_min_refresh", "s.t") == TABLE
    assert configs.table("10_min_refresh", "s.u") == partitioned


def test_inactive_tables_and_other_cadences_are_not_active_tables_of_a_cadence(
    dynamodb: "DynamoDBServiceResource",
) -> None:
    configs = DynamoDbTableConfigs(dynamodb, "table_config")
    inactive = replace(TABLE, source_table_name="s.inactive", is_active=False)
    elsewhere = replace(TABLE, source_table_name="s.daily", refresh_cadence="1_day_refresh")
    configs.put([TABLE, inactive, elsewhere])
    assert configs.active_tables("10_min_refresh") == [TABLE]


def test_unconfigured_table_is_named(dynamodb: "DynamoDBServiceResource") -> None:
    with pytest.raises(MissingConfigurationError, match="s.t is not configured for 10_min_refresh"):
        DynamoDbTableConfigs(dynamodb, "table_config").table("10_min_refresh", "s.t")
