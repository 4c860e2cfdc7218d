"""The deployed lake as a trial sees it; the emulator's own events are switched off, for the trial delivers them."""
# ruff: noqa: S311 - draws must repeat, not be secret

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any
from urllib.parse import urlparse

from boto3.dynamodb.conditions import Key
from odp.dynamodb.sweep_state import DynamoDbSweepState
from odp.listings import SweepState
from odp.records import RawTableConfig
from odp.refreshes import RefreshStatus, RowCounts

from deployment_account.names import Odp, OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.torture.delivery import Message
from rehearsal.torture.deployed.glue_script import RunFaults
from rehearsal.torture.deployed.parquet import parquet
from rehearsal.torture.deployed.timeline import commits
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import BookedFile, TableEvidence, Version
from rehearsal.torture.faults import Fault, FaultKind
from rehearsal.torture.verdict import Finding
from rehearsal.validation.lake import LakeTableError

_POLL_SECONDS = 0.3
_KILLED_RUNS = 0.3
_A_SECOND = 1.1
"""To which S3 tells when something landed."""
_FIRST_PART = "/LOAD00000001."
_SWEEP = "odp.file_manager.sweep.handle"
_SCRIPT = """import json, sys
from rehearsal.torture.deployed.glue_script import main
main(json.loads({faults!r}), sys.argv[1:])
"""
Item = dict[str, Any]


class EmulatedLake:
    """A lake in the emulator, with real time."""

    def __init__(self, lake: DeployedLake, cadence: str) -> None:
        self._lake = lake
        self._cadence = cadence
        self._s3 = lake.client("s3")
        self._lambda = lake.client("lambda")
        self._staging = lake.published(Shared.STAGING_BUCKET)
        self._file_manager = lake.published(Odp.FILE_MANAGER_FUNCTION)
        self._landed: dict[str, list[Version]] = defaultdict(list)
        self._changed_at: dict[str, float] = defaultdict(float)
        self._written_at: dict[str, float] = defaultdict(float)
        self._runs = 0
        self.violations: list[Finding] = []
        _switch_events_off(lake)

    def put(self, file: DmsFile) -> dict[str, object]:
        """Store a file; gives the event that S3 tells of it. A load begins seconds after what was written before it."""
        table = _table_of(file.key)
        before = self._written_at if _FIRST_PART in file.key else self._changed_at
        if file.is_load:
            time.sleep(max(0.0, before[table] + _A_SECOND - time.time()))
        else:
            self._changed_at[table] = time.time()
        self._written_at[table] = time.time()
        version = self._s3.put_object(Bucket=self._staging, Key=file.key, Body=parquet(file))["VersionId"]
        head = self._s3.head_object(Bucket=self._staging, Key=file.key, VersionId=version)
        self._landed[table].append((file.key, version))
        described = {"key": file.key, "size": head["ContentLength"], "etag": head["ETag"], "version-id": version}
        described["sequencer"] = f"{time.time_ns():016X}"
        detail = {"bucket": {"name": self._staging}, "object": described}
        return {"time": f"{head['LastModified']:%Y-%m-%dT%H:%M:%SZ}", "detail": detail}

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the deployed File Manager have a batch of messages; gives those that failed."""
        answer = self._lambda.invoke(FunctionName=self._file_manager, Payload=json.dumps({"Records": messages}))
        failures = json.loads(answer["Payload"].read())["batchItemFailures"]
        return [failure["itemIdentifier"] for failure in failures]

    def sweep(self) -> None:
        """Let the deployed File Manager look at the whole bucket, as if the last round were a week ago."""
        DynamoDbSweepState(self._lake.dynamodb, self._lake.table(OdpTable.FILE_TRACKER), self._staging).save(
            SweepState()
        )
        (sweep,) = (
            function["FunctionName"]
            for page in self._lambda.get_paginator("list_functions").paginate()
            for function in page["Functions"]
            if function["Handler"] == _SWEEP
        )
        self._lambda.invoke(FunctionName=sweep, Payload="{}")

    def has_work(self) -> bool:
        """Whether any file is pending."""
        return self._lake.pending_files() > 0

    def wait(self, seconds: float) -> None:
        """Nobody waits here: leases are made to expire before the next execution."""

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:  # noqa: ARG002
        """Run one execution of the deployed state machine; now and then its Glue runs are killed as a whole."""
        self._runs += 1
        draw = Random(self._runs)
        is_killed = draw.random() < _KILLED_RUNS and any(fault.kind is FaultKind.KILL for fault in faults.values())
        self._write_script(RunFaults(dict(faults), draw.random() * 2 if is_killed else None))
        self._expire_leases()
        target = self._lake.schedule(self._cadence)["Target"]
        machine = self._lake.client("stepfunctions")
        arn = machine.start_execution(stateMachineArn=target["Arn"], input=target["Input"])["executionArn"]
        while machine.describe_execution(executionArn=arn)["status"] == "RUNNING":
            time.sleep(_POLL_SECONDS)

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""
        found = self._lake.dynamodb.Table(self._lake.table(OdpTable.QUARANTINE)).scan()["Items"]
        return {str(item.get("file_ingestion_path")) for item in found}

    def evidence(self, config: RawTableConfig) -> TableEvidence:
        """Read everything about one table."""
        source, bucket = config.source_table_name, self._lake.published(Shared.RAW_BUCKET)
        landed = self._landed[config.raw_table_name]
        path = f"{config.raw_database_name}/{config.raw_table_name}"
        items = self._query(OdpTable.FILE_PROCESSING_TRACKER, "raw_table_name", config.qualified_name)
        told = self._query(OdpTable.FILE_PROCESSING_TRACKER_HISTORY, "raw_table_name", config.qualified_name)
        return TableEvidence(
            landed=frozenset(landed),
            readable=frozenset(dict(landed).items()),
            pending=self._files(OdpTable.FILE_TRACKER, source),
            history=self._files(OdpTable.FILE_TRACKER_HISTORY, source),
            commits=list(commits(self._s3, bucket, path)),
            told=sum(map(_counts, told), RowCounts()),
            status=RefreshStatus(items[0]["refresh_status"]) if items else None,
            rows=self._rows(f"s3://{bucket}/{path}"),
        )

    def _rows(self, uri: str) -> list[dict[str, Any]]:
        try:
            rows: list[dict[str, Any]] = self._lake.reader.read(uri).to_pylist()
        except LakeTableError:
            return []
        return rows

    def _files(self, table: OdpTable, source: str) -> list[BookedFile]:
        items = self._query(table, "source_table_name", source)
        return [
            BookedFile(item["file_id"], item["file_ingestion_path"], item["version_id"], item["dms_file_type"])
            for item in items
        ]

    def _query(self, table: OdpTable, key: str, value: str) -> list[Item]:
        pages = self._lake.dynamodb.meta.client.get_paginator("query").paginate(
            TableName=self._lake.table(table), KeyConditionExpression=Key(key).eq(value), ConsistentRead=True
        )
        return [item for page in pages for item in page["Items"]]

    def _expire_leases(self) -> None:
        leases = self._lake.dynamodb.Table(self._lake.table(OdpTable.FILE_PROCESSING_TRACKER))
        for item in leases.scan()["Items"]:
            if "lease_owner" in item:
                leases.put_item(Item={**item, "lease_expires_at": 1})

    def _write_script(self, faults: RunFaults) -> None:
        glue = self._lake.client("glue")
        (job,) = (job for job in glue.get_jobs()["Jobs"] if job["Name"].endswith("odpf_file_processor"))
        place = urlparse(job["Command"]["ScriptLocation"])
        script = _SCRIPT.format(faults=json.dumps(faults.to_json()))
        self._s3.put_object(Bucket=place.netloc, Key=place.path.lstrip("/"), Body=script.encode())


def _switch_events_off(lake: DeployedLake) -> None:
    events = lake.client("events")
    for rule in events.list_rules()["Rules"]:
        if "aws.s3" in rule.get("EventPattern", ""):
            events.disable_rule(Name=rule["Name"])


def _table_of(key: str) -> str:
    return key.partition("torture/")[2].partition("/")[0]


def _counts(item: Item) -> RowCounts:
    return RowCounts(*(int(item[f"rows_{kind}"]) for kind in ("inserted", "updated", "deleted")))
