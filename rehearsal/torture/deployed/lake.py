"""The deployed lake as a trial sees it; the emulator's own events are switched off, for the trial delivers them."""
# ruff: noqa: S311 - draws must repeat, not be secret

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any
from urllib.parse import urlparse

from deployment_account.names import Odp, OdpTable, Shared
from lake.landing.listings import SweepState
from lake.ledger.sweep_state import DynamoDbSweepState
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.torture.check import Finding
from rehearsal.torture.deployed.native_function import NativeFunction
from rehearsal.torture.deployed.refresher_under_fire import RUN_FAULTS, RunFaults
from rehearsal.torture.deployed.snapshots import snapshots
from rehearsal.torture.deployed.stores import DeployedLedger, RealStaging, commits
from rehearsal.torture.dms_files import DmsFile, Message
from rehearsal.torture.evidence import APPLIED, CommitEvidence, Lazy, TableEvidence
from rehearsal.torture.faults import Fault, FaultKind
from rehearsal.torture.memory.lake import config_of
from rehearsal.torture.reference_model import STALLS_AFTER, ReferenceModel
from rehearsal.validation.lake import LakeTableError

_POLL_SECONDS = 0.3
_KILLED_RUNS = 0.3
_KILLED_FUNCTIONS = 0.5
_LATER_RUNS = 0.5
_ARRIVES_WITHIN = 20.0
_A_WHILE = 1.0
_SWEEP = "odp.file_manager.sweep.handle"
_STAGING_ROLE = "staging"
_SCRIPT = """import sys
from rehearsal.torture.deployed.glue_script import main
main({faults!r}, sys.argv[1:])
"""


class EmulatedLake:
    """A lake in the emulator, with real time; only runs may take it to be later, when nothing is to come of a load."""

    def __init__(self, lake: DeployedLake, cadence: str, database: str, replicas: Iterable[ReferenceModel]) -> None:
        self._lake = lake
        self._cadence = cadence
        self._database = database
        self._replicas = list(replicas)
        self._lambda = lake.client("lambda")
        self._file_manager = lake.published(Odp.FILE_MANAGER_FUNCTION)
        self._ledger = DeployedLedger(lake)
        self._s3, self._raw = lake.client("s3"), lake.published(Shared.RAW_BUCKET)
        self._hudi, self._iceberg = lake.reader, lake.iceberg_reader
        self._staging = RealStaging(self._s3, lake.published(Shared.STAGING_BUCKET))
        self._native = NativeFunction(lake)
        self._is_apart = self._is_later = False
        self._runs = 0
        self.violations: list[Finding] = []
        _switch_events_off(lake, lake.published(Shared.STAGING_BUCKET))

    def expect(self, fault: Fault | None) -> None:
        """Nothing strikes here but in Glue runs."""

    def put(self, file: DmsFile, reason: str = "PutObject") -> dict[str, Any]:
        """Store a file; returns S3's event. A part that waited lands in a later second."""
        return self._staging.put(file, reason, is_apart=file.is_load and self._is_apart)

    def objects(self, folder: str) -> Sequence[DmsFile]:
        """List what can be read below a folder now."""
        return self._staging.current_objects(folder)

    def delete(self, key: str) -> bool:
        """Delete an object; tells whether no table holds its content."""
        version = self._staging.delete(key)
        (replica,) = (replica for replica in self._replicas if key.startswith(replica.dms.folder))
        history = self._ledger.history(replica.kind.source_table_name)
        return not any((file.key, file.version_id) == version and file.status == APPLIED for file in history)

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the deployed File Manager have a batch of messages; returns those that failed."""
        answer = self._lambda.invoke(FunctionName=self._file_manager, Payload=json.dumps({"Records": messages}))
        failures = json.loads(answer["Payload"].read())["batchItemFailures"]
        return [failure["itemIdentifier"] for failure in failures]

    def sweep(self) -> None:
        """Let the deployed File Manager look at the whole bucket, as if the last round were a week ago."""
        tracker = self._lake.table(OdpTable.FILE_TRACKER)
        DynamoDbSweepState(self._lake.dynamodb, tracker, _STAGING_ROLE).save(SweepState())
        pages = self._lambda.get_paginator("list_functions").paginate()
        functions = (function for page in pages for function in page["Functions"])
        (sweep,) = (function["FunctionName"] for function in functions if function["Handler"] == _SWEEP)
        answer = self._lambda.invoke(FunctionName=sweep, Payload="{}")
        if "FunctionError" in answer:
            raise RuntimeError(f"the sweep failed: {answer['Payload'].read().decode()}")

    def sweep_through(self) -> None:
        """One run has time for the whole bucket."""
        self.sweep()

    def has_work(self) -> bool:
        """Whether any file is pending."""
        return self._lake.pending_files() > 0

    def wait(self, seconds: float) -> None:
        """Nobody waits here: what lands next does so in a later second, or the next run takes it to be later."""
        self._is_apart = seconds > _A_WHILE
        self._is_later = self._is_later or seconds > STALLS_AFTER.total_seconds()

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        """Run one execution of the deployed state machine; now and then a whole run is killed."""
        self._runs += 1
        draw = Random(self._runs)
        is_killed = draw.random() < _KILLED_RUNS and any(fault.kind is FaultKind.KILL for fault in faults.values())
        later = self._later(draw)
        self._write_script(RunFaults(dict(faults), later, draw.random() * 2 if is_killed else None))
        of_native = Random(f"{self._runs}/native")
        is_killed = of_native.random() < _KILLED_FUNCTIONS
        self._native.expect(RunFaults(dict(faults), later, of_native.random() * 2 if is_killed else None))
        self._is_later = False
        self._ledger.expire_leases()
        arrivals = sum(fault.kind is FaultKind.ARRIVAL for fault in faults.values())
        moments = sorted(time.monotonic() + draw.random() * _ARRIVES_WITHIN for _ in range(arrivals))
        self._execute(moments, arrive)

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""
        return self._ledger.quarantined()

    def held(self, replica: ReferenceModel) -> Sequence[DmsFile]:
        """The files of a table that wait for a person, as they can be read now."""
        held = self._ledger.held(replica.kind.source_table_name)
        return [current for file in held if (current := self._staging.current(file.key))]

    def decide(self, replica: ReferenceModel, approved: Collection[str]) -> None:
        """Approve what waits for a person and has one of these keys, and dismiss the rest."""
        readable = self._staging.readable(replica.dms.folder)
        versions = [version for version in readable if version[0] in approved]
        self._ledger.decide(replica.kind.source_table_name, versions)

    def skip(self, replica: ReferenceModel, keys: Collection[str]) -> bool:
        """No file on the lake is broken."""
        raise NotImplementedError(replica.name, keys)

    def empty(self, replica: ReferenceModel) -> bool:
        """No source is emptied with its objects on the lake."""
        raise NotImplementedError(replica.name)

    def evidence(self, replica: ReferenceModel) -> TableEvidence:
        """Read everything about one table."""
        source, name = replica.kind.source_table_name, f"{self._database}.{replica.name}"
        is_iceberg = config_of(replica).table_format == "iceberg"
        # people look at the ledger before each decision, and only the checks at the rest
        return TableEvidence(
            landed=self._staging.landed(replica.dms.folder),
            readable=self._staging.readable(replica.dms.folder),
            pending=self._ledger.pending(source),
            history=self._ledger.history(source),
            commits=Lazy(partial(self._snapshots if is_iceberg else self._commits, replica.name)),
            told=self._ledger.told(name),
            status=self._ledger.status(name),
            rows=Lazy(partial(self._iceberg_rows if is_iceberg else self._rows, replica.name)),
        )

    def _later(self, draw: Random) -> list[str]:
        """The tables for which the next run is later: of their loads nothing is to come."""
        names = [replica.kind.source_table_name for replica in self._replicas if not replica.unwritten]
        return [name for name in names if draw.random() < _LATER_RUNS or self._is_later]

    def _execute(self, moments: Sequence[float], arrive: Callable[[], None]) -> None:
        """Run the state machine to its end, with what arrives in its midst."""
        target = self._lake.schedule(self._cadence)["Target"]
        machine = self._lake.client("stepfunctions")
        arn = machine.start_execution(stateMachineArn=target["Arn"], input=target["Input"])["executionArn"]
        left = list(moments)
        while machine.describe_execution(executionArn=arn)["status"] == "RUNNING":
            while left and left[0] <= time.monotonic():
                left.pop(0)
                arrive()
            time.sleep(_POLL_SECONDS)

    def _commits(self, table: str) -> list[CommitEvidence]:
        return list(commits(self._s3, self._raw, f"{self._database}/{table}"))

    def _snapshots(self, table: str) -> list[CommitEvidence]:
        return list(snapshots(self._iceberg, self._database, table))

    def _rows(self, table: str) -> list[dict[str, Any]]:
        try:
            rows: list[dict[str, Any]] = self._hudi.read(f"s3://{self._raw}/{self._database}/{table}").to_pylist()
        except LakeTableError:
            return []
        return rows

    def _iceberg_rows(self, table: str) -> list[dict[str, Any]]:
        try:
            rows: list[dict[str, Any]] = self._iceberg.read(self._database, table).to_pylist()
        except LakeTableError:
            return []
        return rows

    def _write_script(self, faults: RunFaults) -> None:
        glue = self._lake.client("glue")
        (job,) = (job for job in glue.get_jobs()["Jobs"] if job["Name"].endswith("odpf_file_processor"))
        place = urlparse(job["Command"]["ScriptLocation"])
        script = _SCRIPT.format(faults=RUN_FAULTS.dump_json(faults).decode())
        self._lake.client("s3").put_object(Bucket=place.netloc, Key=place.path.lstrip("/"), Body=script.encode())


def _switch_events_off(lake: DeployedLake, bucket: str) -> None:
    """Switch the events of landed files off; those of the configuration stay, as tables change their engines."""
    events = lake.client("events")
    for rule in events.list_rules()["Rules"]:
        if f'"{bucket}"' in rule.get("EventPattern", ""):
            events.disable_rule(Name=rule["Name"])
