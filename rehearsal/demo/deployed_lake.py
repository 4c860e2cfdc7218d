"""The deployed lake as an operator sees it: found through the published SSM parameters, spoken to by boto3."""

from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from boto3.dynamodb.conditions import Attr, Key
from odp.config_manager.request import REQUEST_KEY, RequestContent, write_request
from odp.dynamodb.deploy_tracker import REQUESTS
from odp.dynamodb.file_tracker import DynamoDbPendingWork
from odp.dynamodb.running_configuration import DynamoDbCadences, RunningVersion
from odp.records import FileType

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names, OdpTable, Shared, published_schedule
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import FOLDER_OF_FUNCTIONS
from rehearsal.validation.iceberg_files import read_iceberg_files
from rehearsal.validation.lake import IcebergReader, LakeReader, LakeTableError

CatalogTable = Mapping[str, Any]
"""A table as the Data Catalog describes it."""


class DeployedLake:
    """One environment's lake in the emulator."""

    def __init__(self, platform: Platform, environment: Environment, emulator: Emulator) -> None:
        self.environment = environment
        self.names = Names.of(platform, environment)
        self._emulator = emulator
        self._tables: dict[OdpTable, str] = {}

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Return a client that acts in the environment's account."""
        return self._emulator.client(service, account=self.environment.account, region=self.environment.region)

    @property
    def folder_of_functions(self) -> Path:
        """Where every function in the emulator finds modules besides its own."""
        return self._emulator.settings.temporary / FOLDER_OF_FUNCTIONS

    def shell_environment(self) -> dict[str, str]:
        """The variables with which any AWS tool speaks to this lake."""
        return self._emulator.shell_environment(self.environment.account)

    def published(self, name: str) -> str:
        """Read a value that a stack has published."""
        return str(self._parameters.get_parameter(Name=self.names.parameter(name))["Parameter"]["Value"])

    @cached_property
    def _parameters(self) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        return self.client("ssm")

    def table(self, table: OdpTable) -> str:
        """The physical name of a DynamoDB table, which stays as long as the lake."""
        if table not in self._tables:
            self._tables[table] = self.published(table.published_name)
        return self._tables[table]

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401 - boto3 makes resources at run time
        """The DynamoDB resource of the account."""
        environment = self.environment
        return self._emulator.resource("dynamodb", account=environment.account, region=environment.region)

    def items(self, table: OdpTable, operation: str = "scan", **request: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any request
        """Read all items of a DynamoDB table that a scan or a query finds."""
        pages = self.dynamodb.meta.client.get_paginator(operation).paginate(
            TableName=self.table(table), ConsistentRead=True, **request
        )
        return [item for page in pages for item in page["Items"]]

    def request_configuration(self, content: RequestContent) -> str:
        """Put a configuration request into the config bucket, as a deployment or a person does, and give its id."""
        bucket = self.published(Shared.CONFIG_BUCKET)
        written = self.client("s3").put_object(Bucket=bucket, Key=REQUEST_KEY, Body=write_request(content))
        return str(written["VersionId"])

    def configuration_requests(self) -> list[dict[str, Any]]:
        """Every configuration request with its outcome, in the order of the decisions."""
        of_requests = Key("source_table_name").eq(REQUESTS)
        found = self.items(OdpTable.CONFIG_DEPLOY_TRACKER, "query", KeyConditionExpression=of_requests)
        requests = [item for item in found if "request_status" in item]
        # their keys tell seconds apart; an undecided one comes last
        return sorted(requests, key=lambda item: item.get("decided_at", "~"))

    def configuration_changes(self, deployed_at: str) -> list[dict[str, Any]]:
        """What a configuration request changed, entry by entry."""
        items = self.items(OdpTable.CONFIG_DEPLOY_TRACKER, FilterExpression=Attr("deployed_at").eq(deployed_at))
        return sorted((item for item in items if "change" in item), key=lambda item: str(item["source_table_name"]))

    @property
    def _cadences(self) -> DynamoDbCadences:
        version = RunningVersion(self.dynamodb, self.table(OdpTable.CONFIG_DEPLOY_TRACKER))
        tables = self.table(OdpTable.BATCH_CONFIG), self.table(OdpTable.RAW_TABLE_CONFIG)
        return DynamoDbCadences(self.dynamodb, *tables, version)

    def pending_files(self) -> int:
        """How many files the File Manager has registered and nobody has applied."""
        work = DynamoDbPendingWork(self.dynamodb, self.table(OdpTable.FILE_TRACKER)).pending_work()
        return sum(table.files for table in work.values())

    def pending_loads(self) -> int:
        """How many parts of full loads wait to be applied."""
        of_loads = Attr("dms_file_type").eq(FileType.FULL_LOAD.value)
        return len(self.items(OdpTable.FILE_TRACKER, FilterExpression=of_loads))

    def landed_files(self) -> int:
        """How many files ever landed in the staging bucket, each version of an object one of them."""
        bucket = self.published(Shared.STAGING_BUCKET)
        pages = self.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
        return sum(len(page.get("Versions", ())) for page in pages)

    def registered_files(self) -> int:
        """How many files the File Manager has ever registered, applied ones among them; none is counted twice."""
        pages = self.dynamodb.meta.client.get_paginator("scan").paginate(
            TableName=self.table(OdpTable.FILE_TRACKER_HISTORY), Select="COUNT", ConsistentRead=True
        )
        # first those that have left the pending ones: a file that moves in between is missing once, not there twice
        return sum(int(page["Count"]) for page in pages) + self.pending_files()

    def schedule(self, cadence: str) -> dict[str, Any]:
        """The deployed schedule of a cadence, with its target and input."""
        schedule: dict[str, Any] = self.client("scheduler").get_schedule(
            Name=self.published(published_schedule(cadence))
        )
        return schedule

    def catalog_tables(self, cadence: str) -> Mapping[str, CatalogTable]:
        """What the Data Catalog says of each table of a cadence, by source table name; one it lacks is left out."""
        _, configs = self._cadences.cadence(cadence)
        tables = {
            (database, table["Name"]): table
            for database in {config.raw_database_name for config in configs}
            for page in self.client("glue").get_paginator("get_tables").paginate(DatabaseName=database)
            for table in page["TableList"]
        }
        return {
            config.source_table_name: tables[key]
            for config in configs
            if (key := (config.raw_database_name, config.raw_table_name)) in tables
        }

    def read(self, table: CatalogTable) -> pa.Table:
        """Every current row of a table of the Data Catalog, whatever its format, by a reader that wrote none of it."""
        parameters = table["Parameters"]
        if parameters.get("table_type", "").upper() != "ICEBERG":
            return self.reader.read(table["StorageDescriptor"]["Location"])
        try:
            return read_iceberg_files(parameters["metadata_location"], partial(_content, self.client("s3")))
        except ValueError as error:
            raise LakeTableError(f"{table['Name']} {error}") from error

    @property
    def iceberg_reader(self) -> IcebergReader:
        """A reader of Iceberg tables with their snapshots, for those that Spark writes."""
        emulator, environment = self._emulator, self.environment
        return IcebergReader(emulator.endpoint, environment.account, emulator.root_secret, environment.region)

    @property
    def reader(self) -> LakeReader:
        """A reader of the lake's Hudi tables that shares no code with their writer."""
        emulator, environment = self._emulator, self.environment
        return LakeReader(emulator.endpoint, environment.account, emulator.root_secret, environment.region)


def _content(s3: Any, uri: str) -> bytes:  # noqa: ANN401 - boto3 makes clients at run time
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content
