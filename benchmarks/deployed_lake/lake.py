"""A deployed lake whose native function is measured: files land in S3, executions refresh, readers read."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from odp.records import BatchConfig, RawTableConfig

from benchmarks.change_phase.workload import STAGING, SourceTable
from benchmarks.deployed_lake import measured_function
from deployment_account.names import Shared
from rehearsal.demo.configuration import changed_configuration, deploy_lake, request_tables
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.workspace import ENVIRONMENT
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

CADENCE = "10_min_refresh"
DATABASE = "odpf_demo_taxi_trips_raw"
NATIVE, FILE_MANAGER, PLAN = "native function", "File Manager", "plan"
_HANDLERS = {
    "odp.native.handler.handle": NATIVE,
    "odp.file_manager.handler.handle": FILE_MANAGER,
    "odp.file_processor.handler.handle": PLAN,
}
_UNUSED = "copy_on_write"
"""Every entry of a manifest has it, whatever its format."""
_MODULE = "measured_native_function"
_SESSION_NAME = 64
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 900


class StuckError(RuntimeError):
    """Nothing has happened for a long time, or an execution failed."""


class MeasuredLake:
    """What the benchmark does to the lake, and what it reads of it."""

    def __init__(self, lake: DeployedLake, requests: Path) -> None:
        self.requests = requests
        self._lake = lake
        self._staging = lake.published(Shared.STAGING_BUCKET)
        self._s3, self._glue, self._machine = (lake.client(name) for name in ("s3", "glue", "stepfunctions"))
        pages = lake.client("lambda").get_paginator("list_functions").paginate()
        found = [(each["Handler"], each["FunctionName"]) for page in pages for each in page["Functions"]]
        self.functions = {name[:_SESSION_NAME]: _HANDLERS[handler] for handler, name in found if handler in _HANDLERS}
        self._measure(next(name for handler, name in found if _HANDLERS.get(handler) == NATIVE))

    def configure(self, tables: Sequence[SourceTable]) -> None:
        """Have the Configuration Manager make the tables known, as native Iceberg tables."""
        batch = BatchConfig(CADENCE, "hudi", "odpf_file_processor", "G.1X", 2, len(tables))
        decided = request_tables(self._lake, "benchmark", "make bench-lake", batch, map(config_of, tables))
        if decided.status != "applied":
            raise StuckError(f"the benchmark's tables were {decided.status}: {decided.reasons}")

    def land(self, buckets: Path, tables: Sequence[SourceTable], file: str) -> None:
        """Upload a file of each table, as DMS does."""
        for table in tables:
            self.put(table.key(file), (buckets / STAGING / table.key(file)).read_bytes())

    def put(self, key: str, content: bytes) -> None:
        """Upload an object to the staging bucket."""
        self._s3.put_object(Bucket=self._staging, Key=key, Body=content)

    def wait_until_registered(self, files: int) -> None:
        """Wait until so many files are pending."""
        _wait("the files are not registered", lambda: self._lake.pending_files() >= files)

    def start(self) -> str:
        """Start an execution as its schedule would."""
        target = self._lake.schedule(CADENCE)["Target"]
        started = self._machine.start_execution(stateMachineArn=target["Arn"], input=target["Input"])
        return str(started["executionArn"])

    def refresh(self) -> None:
        """Run one execution, which must leave nothing."""
        execution = self.start()
        self.wait_until_ended(execution)
        status, left = self._status(execution), self._lake.pending_files()
        if status != "SUCCEEDED" or left:
            raise StuckError(f"the execution {status}, and {left} files are pending")

    def wait_until_ended(self, execution: str) -> None:
        """Wait until an execution has ended."""
        _wait("the execution does not end", lambda: self._status(execution) != "RUNNING")

    def catalog_table(self, table: SourceTable) -> Mapping[str, Any]:
        """What the Data Catalog says of a table."""
        found: Mapping[str, Any] = self._glue.get_table(DatabaseName=DATABASE, Name=table.name)["Table"]
        return found

    def read(self, table: SourceTable) -> pa.Table:
        """Every row, by a reader that wrote none of it and remembers nothing."""
        return self._lake.read(self.catalog_table(table))

    def calls(self, since: float = 0.0) -> list[Mapping[str, float]]:
        """What each call of the native function took since a moment."""
        file = self._folder / measured_function.MEASURES.with_stem(_MODULE).name
        calls = [json.loads(line) for line in file.read_text().splitlines()]
        return [call for call in calls if call["at"] >= since]

    @contextmanager
    def profiled(self) -> Iterator[Path]:
        """Let the function's calls be profiled into this folder."""
        folder = self._folder / measured_function.PROFILES.with_stem(_MODULE).name
        folder.mkdir()
        try:
            yield folder
        finally:
            folder.rename(folder.with_suffix(".done"))

    @property
    def _folder(self) -> Path:
        return self._lake.folder_of_functions

    def _status(self, execution: str) -> str:
        return str(self._machine.describe_execution(executionArn=execution)["status"])

    def _measure(self, name: str) -> None:
        (self._folder / f"{_MODULE}.py").write_text(Path(measured_function.__file__).read_text())
        self._lake.client("lambda").update_function_configuration(FunctionName=name, Handler=f"{_MODULE}.handle")


def _wait(otherwise: str, is_there: Any) -> None:  # noqa: ANN401
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            raise StuckError(f"{otherwise} after {_PATIENCE_SECONDS} s")
        time.sleep(_POLL_SECONDS)


@contextmanager
def measured_lake(folder: Path) -> Iterator[MeasuredLake]:
    """Deploy the dev lake as synthesised, with schedules that start nothing by themselves."""
    configuration = changed_configuration(folder, odp={"schedules": "disabled"})
    requests = folder / "requests.jsonl"
    with Emulator(EmulatorSettings(run_directory=folder / "emulator", requests=str(requests))) as emulator:
        lake = deploy_lake(ENVIRONMENT, emulator, folder / "assemblies", configuration=configuration)
        yield MeasuredLake(lake, requests)


def config_of(table: SourceTable) -> RawTableConfig:
    """How a table is configured: as the change benchmark has it, in a database that the demo's manifests make."""
    config = replace(table.config("iceberg", "raw"), hudi_table_type=_UNUSED)
    return replace(config, refresh_cadence=CADENCE, raw_database_name=DATABASE, engine="native")
