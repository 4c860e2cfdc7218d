"""The deployed lake as an operator sees it: found through the published SSM parameters, spoken to by boto3."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import boto3
from odp.config_manager.manifest import Manifests
from odp.config_manager.placement import Placement
from odp.dynamodb.configurations import DynamoDbBatchConfigs, DynamoDbTableConfigs
from odp.dynamodb.file_tracker import DynamoDbPendingWork

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names, OdpTable, Shared, published_schedule
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import ROOT_SECRET
from rehearsal.validation.lake import LakeReader


class DeployedLake:
    """One environment's lake in the emulator."""

    def __init__(self, platform: Platform, environment: Environment, emulator: Emulator) -> None:
        self.environment = environment
        self._names = Names.of(platform, environment)
        self._emulator = emulator

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Give a client that acts in the environment's account."""
        return self._emulator.client(service, account=self.environment.account, region=self.environment.region)

    def published(self, name: str) -> str:
        """Read a value that a stack has published."""
        return str(self.client("ssm").get_parameter(Name=self._names.parameter(name))["Parameter"]["Value"])

    def table(self, table: OdpTable) -> str:
        """The physical name of a DynamoDB table."""
        return self.published(table.published_name)

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401 - boto3 makes resources at run time
        """The DynamoDB resource of the account."""
        return boto3.resource(
            "dynamodb",
            endpoint_url=self._emulator.endpoint,
            region_name=self.environment.region,
            aws_access_key_id=self.environment.account,
            aws_secret_access_key=ROOT_SECRET,
        )

    def configure(self, manifests: Manifests) -> None:
        """Write the manifests' configuration."""
        placement = Placement({"raw": self.published(Shared.RAW_BUCKET)}, self._names.resource_prefix)
        placed = placement.place(manifests)
        DynamoDbBatchConfigs(self.dynamodb, self.table(OdpTable.BATCH_CONFIG)).put(placed.batches)
        DynamoDbTableConfigs(self.dynamodb, self.table(OdpTable.RAW_TABLE_CONFIG)).put(placed.tables)

    def pending_files(self) -> int:
        """How many files the File Manager has registered and nobody has applied."""
        work = DynamoDbPendingWork(self.dynamodb, self.table(OdpTable.FILE_TRACKER)).pending_work()
        return sum(table.files for table in work.values())

    def schedule(self, cadence: str) -> dict[str, Any]:
        """The deployed schedule of a cadence, with its target and input."""
        schedule: dict[str, Any] = self.client("scheduler").get_schedule(
            Name=self.published(published_schedule(cadence))
        )
        return schedule

    def catalog_locations(self, cadence: str) -> Mapping[str, str]:
        """Where the Data Catalog finds each table of a cadence, by source table name; a table it lacks is left out."""
        configs = DynamoDbTableConfigs(self.dynamodb, self.table(OdpTable.RAW_TABLE_CONFIG)).active_tables(cadence)
        tables = {
            (database, table["Name"]): table["StorageDescriptor"]["Location"]
            for database in {config.raw_database_name for config in configs}
            for page in self.client("glue").get_paginator("get_tables").paginate(DatabaseName=database)
            for table in page["TableList"]
        }
        return {
            config.source_table_name: tables[key]
            for config in configs
            if (key := (config.raw_database_name, config.raw_table_name)) in tables
        }

    @property
    def reader(self) -> LakeReader:
        """A reader of the lake that shares no code with its writer."""
        return LakeReader(self._emulator.endpoint, self.environment.account, ROOT_SECRET, self.environment.region)
