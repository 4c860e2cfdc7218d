"""The state of the data flows: what must survive every redeployment of the code that works on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_glue as glue

from deployment_account.names import Names, OdpTable, Shared
from deployment_account.shared_values import publish
from etl_cdk.foundation import Foundation

if TYPE_CHECKING:
    from constructs import Construct
    from odp.config_manager.manifest import Manifests

    from deployment_account.environments import Environment

KEYS: Mapping[OdpTable, tuple[str, str | None]] = {
    OdpTable.FILE_TRACKER: ("source_table_name", "file_id"),
    OdpTable.FILE_TRACKER_HISTORY: ("source_table_name", "file_id"),
    OdpTable.FILE_PROCESSING_TRACKER: ("raw_table_name", None),
    OdpTable.FILE_PROCESSING_TRACKER_HISTORY: ("raw_table_name", "glue_job_run_id"),
    OdpTable.BATCH_CONFIG: ("refresh_cadence", None),
    OdpTable.RAW_TABLE_CONFIG: ("refresh_cadence", "source_table_name"),
    OdpTable.CONFIG_DEPLOY_TRACKER: ("source_table_name", "deployed_at"),
}
"""Partition and sort key of each table, all of them strings."""


class TablesStack(cdk.Stack):
    """The framework's DynamoDB tables and the catalog databases that the manifests name."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, environment: Environment, manifests: Manifests
    ) -> None:
        super().__init__(
            scope,
            id_,
            description="Trackers and configuration of the data flows",
            termination_protection=environment.is_protected,
        )
        self._names = names
        self._is_protected = environment.is_protected
        self._foundation = Foundation(self, "Foundation", names=names)
        self.tables = {table: self._table(table) for table in OdpTable}
        for name in databases_of(manifests):
            self._database(name)
        publish(self, names, {table.published_name: names.table(table) for table in OdpTable})

    @property
    def _removal_policy(self) -> cdk.RemovalPolicy:
        return cdk.RemovalPolicy.RETAIN if self._is_protected else cdk.RemovalPolicy.DESTROY

    def _table(self, table: OdpTable) -> dynamodb.Table:
        partition_key, sort_key = KEYS[table]
        return dynamodb.Table(
            self,
            table.name.title().replace("_", ""),
            table_name=self._names.table(table),
            partition_key=_string(partition_key),
            sort_key=_string(sort_key) if sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._foundation.data_key,
            deletion_protection=self._is_protected,
            removal_policy=self._removal_policy,
        )

    def _database(self, name: str) -> None:
        """The job creates and updates the tables of a database; the database itself is a promise to its readers."""
        raw = self._foundation.bucket(Shared.RAW_BUCKET).bucket_name
        physical = self._names.database(name)
        database = glue.CfnDatabase(
            self,
            f"Database-{name}",
            catalog_id=self.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=physical, location_uri=f"s3://{raw}/{physical}"),
        )
        database.apply_removal_policy(self._removal_policy)


def databases_of(manifests: Manifests) -> list[str]:
    """The databases that the manifests name, as they name them."""
    return sorted({table.raw_database_name for table in manifests.tables})


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
