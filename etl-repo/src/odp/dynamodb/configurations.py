"""odpf_batch_config and odpf_raw_table_config: the running configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from odp.errors import MissingConfigurationError
from odp.records import BatchConfig, RawTableConfig, VersioningType

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class DynamoDbBatchConfigs:
    """odpf_batch_config: one item for each cadence."""

    def __init__(self, dynamodb: DynamoDBServiceResource, table: str) -> None:
        self._batches = dynamodb.Table(table)

    def batch_config(self, refresh_cadence: str) -> BatchConfig:
        """Give the batch configuration of a cadence.

        Raises:
            MissingConfigurationError: the cadence has none.
        """
        item = self._batches.get_item(Key={"refresh_cadence": refresh_cadence}, ConsistentRead=True).get("Item")
        if item is None:
            message = f"cadence {refresh_cadence!r} has no item in {self._batches.name}; add it to batch_configs"
            raise MissingConfigurationError(message)
        return _batch_config(item)

    def put(self, batches: Sequence[BatchConfig]) -> None:
        """Write the configuration of cadences; what is there under the same cadence is replaced."""
        with self._batches.batch_writer() as writer:
            for batch in batches:
                writer.put_item(Item=dataclasses.asdict(batch))


class DynamoDbTableConfigs:
    """odpf_raw_table_config: one item for each table of a cadence."""

    def __init__(self, dynamodb: DynamoDBServiceResource, table: str) -> None:
        self._client = dynamodb.meta.client
        self._tables = dynamodb.Table(table)

    def active_tables(self, refresh_cadence: str) -> Sequence[RawTableConfig]:
        """List the active tables of a cadence."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._tables.name,
            KeyConditionExpression="refresh_cadence = :cadence",
            ExpressionAttributeValues={":cadence": refresh_cadence},
            ConsistentRead=True,
        )
        configs = [_raw_table_config(item) for page in pages for item in page["Items"]]
        return [config for config in configs if config.is_active]

    def table(self, refresh_cadence: str, source_table_name: str) -> RawTableConfig:
        """Give one table's configuration.

        Raises:
            MissingConfigurationError: the table is not configured in that cadence.
        """
        key = {"refresh_cadence": refresh_cadence, "source_table_name": source_table_name}
        item = self._tables.get_item(Key=key, ConsistentRead=True).get("Item")
        if item is None:
            message = f"{source_table_name} is not configured for {refresh_cadence} in {self._tables.name}"
            raise MissingConfigurationError(message)
        return _raw_table_config(item)

    def put(self, tables: Sequence[RawTableConfig]) -> None:
        """Write the configuration of tables; what is there under the same cadence and name is replaced."""
        with self._tables.batch_writer() as writer:
            for table in tables:
                writer.put_item(Item=_raw_table_item(table))


def _batch_config(item: Mapping[str, Any]) -> BatchConfig:
    return BatchConfig(
        refresh_cadence=item["refresh_cadence"],
        datalake_format=item["datalake_format"],
        glue_job_name=item["glue_job_name"],
        glue_job_worker_type=item["glue_job_worker_type"],
        glue_job_max_workers=int(item["glue_job_max_workers"]),
        refresh_tables_batch_size=int(item["refresh_tables_batch_size"]),
    )


def _raw_table_item(config: RawTableConfig) -> dict[str, Any]:
    return {
        "refresh_cadence": config.refresh_cadence,
        "source_table_name": config.source_table_name,
        "hudi_primary_key": ",".join(config.hudi_primary_key),
        "hudi_partition_key": config.hudi_partition_key or "",
        "hudi_precombine_field": config.hudi_precombine_field,
        "hudi_table_type": config.hudi_table_type,
        "table_data_versioning_type": config.table_data_versioning_type.value,
        "table_storage_type": config.table_storage_type,
        "is_active": "Y" if config.is_active else "N",
        "raw_database_name": config.raw_database_name,
        "raw_database_S3_bucket": config.raw_database_s3_bucket,
        "raw_table_name": config.raw_table_name,
    }


def _raw_table_config(item: Mapping[str, Any]) -> RawTableConfig:
    return RawTableConfig(
        refresh_cadence=item["refresh_cadence"],
        source_table_name=item["source_table_name"],
        hudi_primary_key=tuple(item["hudi_primary_key"].split(",")),
        hudi_partition_key=item["hudi_partition_key"] or None,
        hudi_precombine_field=item["hudi_precombine_field"],
        hudi_table_type=item["hudi_table_type"],
        table_data_versioning_type=VersioningType(item["table_data_versioning_type"]),
        table_storage_type=item["table_storage_type"],
        is_active=item["is_active"] == "Y",
        raw_database_name=item["raw_database_name"],
        raw_database_s3_bucket=item["raw_database_S3_bucket"],
        raw_table_name=item["raw_table_name"],
    )
