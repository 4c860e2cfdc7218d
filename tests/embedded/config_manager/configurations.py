"""Configurations of many tables, how they reach the deployed Configuration Manager, and what readers see of them."""

import io
import json
import zipfile
from typing import Any

from etl_cdk.function_code import function_archive
from odp.config_manager.request import REQUEST_KEY, RequestContent, write_request
from odp.configuration import fields_of
from odp.dynamodb.configuration_store import DynamoDbConfigurationStore
from odp.dynamodb.running_configuration import DynamoDbCadences, RunningVersion
from odp.records import BatchConfig, RawTableConfig, RowHistory

from deployment_account.names import Odp, OdpTable, Shared
from rehearsal.demo.configuration import wait_until_decided
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.report.model import ConfigurationRequest
from tests.embedded.config_manager import probe
from tests.embedded.waiting import eventually

CADENCE = "10_min_refresh"
Seen = tuple[int, dict[str, str | None]]
"""The size of the cadence's batches, and the partition column of each of its active tables."""


def manifest(batch_size: int, tables: dict[str, str], *, cadence: str = CADENCE) -> dict[str, str]:
    """Manifests of one cadence: tables by name with their partition columns, "-" for one that is paused."""
    batch = BatchConfig(cadence, "hudi", "odpf_file_processor", "G.1X", 10, batch_size)
    content = {
        "batch_configs": [fields_of(batch)],
        "raw_table_configs": [_entry(name, partition, cadence) for name, partition in tables.items()],
    }
    return {"many.json": json.dumps(content)}


def _entry(name: str, partition: str, cadence: str) -> dict[str, Any]:
    config = RawTableConfig(
        refresh_cadence=cadence,
        source_table_name=f"many.{name}",
        primary_key=("ID",),
        partition_key=None if partition == "-" else partition,
        change_sequence="SEQ",
        hudi_table_type="copy_on_write",
        history=RowHistory.LATEST,
        table_format="hudi",
        is_active=partition != "-",
        raw_database_name="odpf_demo_taxi_trips_raw",
        raw_database_s3_bucket="raw",
        raw_table_name=f"many_{name}",
    )
    return fields_of(config)


def seen_of(batch_size: int, tables: dict[str, str]) -> Seen:
    """What readers must see of a manifest."""
    return batch_size, {f"many.{name}": partition for name, partition in tables.items() if partition != "-"}


class Configurations:
    """The configuration of one lake."""

    def __init__(self, lake: DeployedLake) -> None:
        self.lake = lake
        self._lambda = lake.client("lambda")
        self._s3 = lake.client("s3")
        self._bucket = lake.published(Shared.CONFIG_BUCKET)
        version = RunningVersion(lake.dynamodb, lake.table(OdpTable.CONFIG_DEPLOY_TRACKER))
        tables = lake.table(OdpTable.BATCH_CONFIG), lake.table(OdpTable.RAW_TABLE_CONFIG)
        self._cadences = DynamoDbCadences(lake.dynamodb, *tables, version)
        self.store = DynamoDbConfigurationStore(lake.dynamodb, *tables, lake.table(OdpTable.CONFIG_DEPLOY_TRACKER))

    def upload(self, manifests: dict[str, str], commit: str = "abc123") -> str:
        """Put a request into the bucket, which sends the event that everybody's requests send, and give its id."""
        return self.upload_bytes(write_request(RequestContent(commit, "a test", manifests)))

    def upload_bytes(self, document: bytes) -> str:
        """The same with any content."""
        return str(self._s3.put_object(Bucket=self._bucket, Key=REQUEST_KEY, Body=document)["VersionId"])

    def decided(self, request_id: str) -> ConfigurationRequest:
        """Wait for what becomes of a request."""
        return wait_until_decided(self.lake, "a request", lambda _: None, request_id)

    def seen(self) -> Seen:
        """What the Batch Manager would read now."""
        batch, tables = self._cadences.cadence(CADENCE)
        return batch.refresh_tables_batch_size, {table.source_table_name: table.partition_key for table in tables}

    def announce(self, request_id: str) -> dict[str, Any]:
        """Invoke the deployed function with the event of a request, and give its answer."""
        return self._invoke(self.lake.published(Odp.CONFIG_MANAGER_FUNCTION), message_of(self._bucket, request_id))

    def deploy(self, manifests: dict[str, str]) -> None:
        """Bring manifests to the lake; what an event that is still in work overtook is announced again."""
        request_id = self.upload(manifests)
        eventually(lambda: self.announce(request_id), lambda answer: not answer["batchItemFailures"])

    def probe(self, request_id: str, *, die_before: int | None = None) -> dict[str, Any]:
        """The same with the probe's entry point: dead before a write of this number, or measured."""
        event = {"message": message_of(self._bucket, request_id), "die_before": die_before}
        return self._invoke(self._probe(), event)

    def leftovers(self) -> list[dict[str, Any]]:
        """Items that hold more than an entry."""
        names = (OdpTable.BATCH_CONFIG, OdpTable.RAW_TABLE_CONFIG)
        scans = (self.lake.dynamodb.Table(self.lake.table(name)).scan()["Items"] for name in names)
        return [item for items in scans for item in items if "staged" in item]

    def _invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        answer = self._lambda.invoke(FunctionName=function, Payload=json.dumps(event))
        body = json.loads(answer["Payload"].read())
        return {"FunctionError": answer["FunctionError"], **body} if "FunctionError" in answer else body

    def _probe(self) -> str:
        """A function with the code, the role and the variables of the deployed one, and the probe's entry point."""
        name = "config-manager-probe"
        if name not in {found["FunctionName"] for found in self._lambda.list_functions()["Functions"]}:
            deployed = self._lambda.get_function_configuration(
                FunctionName=self.lake.published(Odp.CONFIG_MANAGER_FUNCTION)
            )
            same = ("Runtime", "Role", "Timeout", "MemorySize", "Architectures")
            self._lambda.create_function(
                FunctionName=name,
                Handler="probe.handle",
                Code={"ZipFile": _package()},
                Environment={"Variables": deployed["Environment"]["Variables"]},
                **{each: deployed[each] for each in same},
            )
        return name


def message_of(bucket: str, request_id: str) -> dict[str, Any]:
    """The SQS batch that announces one request."""
    detail = {"bucket": {"name": bucket}, "object": {"key": REQUEST_KEY, "version-id": request_id}}
    return {"Records": [{"messageId": request_id, "body": json.dumps({"detail": detail})}]}


def _package() -> bytes:
    buffer = io.BytesIO(function_archive())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.write(probe.__file__, "probe.py")
    return buffer.getvalue()
