"""The steps of the demo, from the two apps to a report on every value of the lake."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from odp.config_manager.manifest import Manifests, parse_manifests, read_documents
from rich.console import Console

from deployment_account.environments import Platform, load_platform
from lake.tables.registry import FormatName
from rehearsal.demo.configuration import forbidden_change, in_format, permitted_change, wait_until_decided
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.executions import Landing, refresh_now, wait_until_registered
from rehearsal.demo.failures import DemoError
from rehearsal.demo.pipelines import DeploymentByPipelines
from rehearsal.demo.progress import Steps, versions
from rehearsal.demo.taxi_flow import deal_trips, run_taxi_flow
from rehearsal.demo.workspace import CONFIGURATION, ENVIRONMENT, PROJECT, Workspace
from rehearsal.deployment.assembly import Assembly, synthesise
from rehearsal.deployment.deployer import Progress, deploy
from rehearsal.emulator.glue_runner import spark_settings
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.jars import spark_jars
from rehearsal.pipeline.rehearsal import CHECKS
from rehearsal.report.model import ConfigurationRequest, DemoReport, Section, Stack
from rehearsal.report.page import pipelines_section
from rehearsal.report.runs import Run
from rehearsal.source.database import SourceDatabase
from rehearsal.source.dms import DmsTask, S3Sink
from rehearsal.source.generator import generate_trips
from rehearsal.source.reference_tables import REFERENCE_TABLES, change_reference_tables, create_reference_tables
from rehearsal.source.taxi_trips import SCHEMA_NAME, TABLE_COUNT, apply_changes, create_taxi_trips
from rehearsal.source.trips import load_trips
from rehearsal.validation.comparison import Reconciliation, reconcile
from rehearsal.validation.lake import LakeTableError

_MANIFESTS = Path("etl-repo") / "table_configs"
MANIFESTS = PROJECT / _MANIFESTS
_AT_MOST = 8
"""Pieces of work that run beside the main one."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a person may choose."""

    trips: Path | None = None
    rows_per_table: int = 20_000
    port: int = 0
    direct: bool = False
    """Whether the lake is deployed without its pipelines."""
    table_format: FormatName | None = None
    """The format of the tables whose manifests leave it open; None takes the usual one."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a demo is made from."""

    trips: pa.Table
    platform: Platform
    documents: Mapping[str, str]
    """The manifests as they are deployed, by file name."""
    manifests: Manifests


class Demo:
    """One run of the demo in a workspace that no other run uses."""

    def __init__(self, options: DemoOptions, workspace: Workspace, console: Console) -> None:
        self._options = options
        self._workspace = workspace
        self._steps = Steps(console)
        self._stacks: list[Stack] = []
        self._configuration: list[ConfigurationRequest] = []
        self._started = datetime.now(UTC)
        self._beside: list[Future[Any]] = []
        self._is_stopping = threading.Event()

    def read_inputs(self) -> Inputs:
        """Read trips, configuration and manifests: what is wrong with them is told before anything is touched."""
        trips, platform = self._read_trips(), load_platform(CONFIGURATION)
        defaults = platform.environments[ENVIRONMENT].odp.cadence_defaults.model_dump()
        documents = in_format(read_documents(MANIFESTS), self._options.table_format)
        return Inputs(trips, platform, documents, parse_manifests(documents, defaults))

    def run(self, inputs: Inputs) -> DemoReport:
        """Do all steps; the lake stays in the workspace, and the report says whether it equals the source."""
        folder, port = self._workspace.emulator, self._options.port
        settings = EmulatorSettings(run_directory=folder, port=port, skipped_commands=CHECKS, validates_templates=False)
        emulator = Emulator(settings)
        with ThreadPoolExecutor(_AT_MOST, thread_name_prefix="beside") as beside:
            try:
                return self._run(inputs, emulator, beside)
            except Exception as failure:
                if (first := self._first(failure)) is not failure:
                    raise first from failure
                raise
            finally:
                self._is_stopping.set()
                emulator.stop()  # whatever runs beside and asks it ends, because nobody answers any more

    def _first(self, failure: Exception) -> Exception:
        """The failure of a step beside, if one failed before: it is the one that the terminal has told of."""
        failed = (each.exception() for each in self._beside if each.done() and not each.cancelled())
        return next((each for each in failed if isinstance(each, Exception)), failure)

    def _go_on(self) -> None:
        if self._is_stopping.is_set():
            raise DemoError("the demo has ended")

    def _run(self, inputs: Inputs, emulator: Emulator, beside: Executor) -> DemoReport:
        """Say what runs beside what: preparations beside the deployment, the taxi flow beside the replication."""
        with self._steps.step("Start the emulator") as step:
            emulator.start()
            step.say(emulator.endpoint)
        self._prepare_spark()
        filled = beside.submit(self._fill_database, inputs.trips)
        dealt = beside.submit(deal_trips, inputs.trips, self._steps)
        self._beside += [filled, dealt]
        sections = self._deploy_lake(inputs, emulator, beside)
        environment = inputs.platform.environments[ENVIRONMENT]
        lake, taxi_lake = (DeployedLake(inputs.platform, environment, emulator) for _ in range(2))
        loaded = beside.submit(run_taxi_flow, taxi_lake, dealt.result(), self._steps)
        self._beside.append(loaded)
        self._configure(lake)
        runs, validation = self._replicate(lake, inputs, filled.result())
        taxi = loaded.result()
        return DemoReport(
            title=f"{len(inputs.manifests.tables)} operational tables replicated into the data lake",
            started=self._started,
            environment=versions(),
            steps=tuple(sorted(self._steps.spans, key=lambda span: span.start)),
            stacks=tuple(self._stacks),
            runs=runs,
            validation=validation,
            configuration=tuple(self._configuration),
            taxi=taxi,
            sections=sections,
        )

    def _deploy_lake(self, inputs: Inputs, emulator: Emulator, beside: Executor) -> tuple[Section, ...]:
        """Deploy dev by a push that runs its pipelines or, the short way, what they would deploy."""
        if self._options.direct:
            self._deploy(self._synthesise(inputs.documents), emulator)
            return ()
        deployment = DeploymentByPipelines(inputs.platform, ENVIRONMENT, emulator, self._steps)
        manifests = {_MANIFESTS / name: text for name, text in inputs.documents.items()}
        deployment.run(self._workspace.folder / "clone", manifests, beside)
        self._stacks = deployment.stacks()
        return (pipelines_section(deployment.report()),)

    def _configure(self, lake: DeployedLake) -> None:
        with self._steps.step("Configuration Manager applies the manifests") as step:
            self._configuration.append(wait_until_decided(lake, "deployed manifests", step.say))

    def _reconfigure(self, lake: DeployedLake, inputs: Inputs) -> None:
        for name, change, expected in (
            ("a harmful change", forbidden_change, "refused"),
            ("a harmless change", permitted_change, "applied"),
        ):
            with self._steps.step(f"Configuration Manager decides on {name}") as step:
                request_id = lake.request_configuration(change(inputs.documents, inputs.manifests))
                decided = wait_until_decided(lake, name, step.say, request_id)
                self._configuration.append(decided)
            if decided.status != expected:
                raise DemoError(
                    f"{name} was {decided.status} instead of {expected}: {decided.reasons or decided.summary}"
                )

    def _fill_database(self, trips: pa.Table) -> SourceDatabase:
        with self._steps.step("Fill the operational database") as step:
            source = create_taxi_trips(self._workspace.database, trips, go_on=self._go_on)
            codes = create_reference_tables(source)
            of_trips = f"{trips.num_rows:,} trips in {TABLE_COUNT} tables"
            step.say(f"{of_trips}, {codes} rows in {len(REFERENCE_TABLES)} tables of codes")
            return source

    def _replicate(
        self, lake: DeployedLake, inputs: Inputs, source: SourceDatabase
    ) -> tuple[tuple[Run, ...], Reconciliation]:
        with source:
            cadences = [batch.refresh_cadence for batch in inputs.manifests.batches]
            task = DmsTask(source, S3Sink(lake.client("s3"), lake.published("buckets/staging")))
            full_load = self._full_load(lake, task, cadences)
            self._reconfigure(lake, inputs)
            changes = self._changes(lake, source, task, cadences)
            return (full_load, changes), self._validate(lake, source, cadences)

    def _read_trips(self) -> pa.Table:
        if self._options.trips is None:
            with self._steps.step("Generate taxi trips") as step:
                trips = generate_trips(self._options.rows_per_table * TABLE_COUNT)
                step.say(f"{trips.num_rows:,} trips, the same ones every time")
            return trips
        with self._steps.step("Read taxi trips") as step:
            trips = load_trips(self._options.trips)
            step.say(f"{trips.num_rows:,} trips of {self._options.trips.name}")
        if trips.num_rows < TABLE_COUNT:
            raise DemoError(f"{self._options.trips} holds {trips.num_rows} trips, too few to fill {TABLE_COUNT} tables")
        return trips

    def _prepare_spark(self) -> None:
        with self._steps.step("Prepare Spark") as step:
            step.say("its jars are fetched once")
            jars = spark_jars()
            spark_settings.prepare_metastore()
            step.say(f"{len(jars)} jars")

    def _synthesise(self, documents: Mapping[str, str]) -> tuple[Assembly, ...]:
        manifests = self._workspace.manifests
        with self._steps.step(f"Synthesise the infra and etl stages of {ENVIRONMENT}") as step:
            manifests.mkdir()
            for name, text in documents.items():
                (manifests / name).write_text(text, encoding="utf-8")
            context = {"table_configs": str(manifests)}
            assemblies = synthesise(ENVIRONMENT, self._workspace.assemblies, context=context)
            step.say(f"{sum(len(assembly.stacks) for assembly in assemblies)} stacks")
        return assemblies

    def _deploy(self, assemblies: tuple[Assembly, ...], emulator: Emulator) -> None:
        with self._steps.step("Deploy the stacks") as step:

            def deployed(progress: Progress) -> None:
                if progress.step != "published":
                    self._stacks.append(Stack(progress.subject, progress.count, progress.seconds))
                    step.say(progress.subject)

            for assembly in assemblies:
                deploy(assembly, emulator, deployed)
            step.say(f"{len(self._stacks)} stacks, {sum(stack.resources for stack in self._stacks)} resources")

    def _full_load(self, lake: DeployedLake, task: DmsTask, cadences: Sequence[str]) -> Run:
        landing = Landing.begin(lake)
        with self._steps.step("Write the full load to the staging bucket") as step:
            files = task.full_load()
            step.say(f"{len(files)} files, {sum(file.size for file in files) / 1e6:.0f} MB")
        return self._refresh(lake, cadences, ("full load", landing), len(files))

    def _changes(self, lake: DeployedLake, source: SourceDatabase, task: DmsTask, cadences: Sequence[str]) -> Run:
        landing = Landing.begin(lake)
        with self._steps.step("Change rows of several tables and write the changes") as step:
            changed = (*apply_changes(source), *change_reference_tables(source))
            files = task.replicate()
            statements = sum(table.inserted + table.updated + table.deleted for table in changed)
            step.say(f"{statements:,} changes in {len(changed)} tables, {len(files)} files")
        return self._refresh(lake, cadences, ("changes", landing), len(files))

    def _refresh(self, lake: DeployedLake, cadences: Sequence[str], phase: tuple[str, Landing], files: int) -> Run:
        name, landing = phase
        with self._steps.step(f"File Manager registers the files of the {name}") as step:
            wait_until_registered(lake, files, landing, step.say)
        with self._steps.step(f"File Processor applies the {name}") as step:
            return refresh_now(lake, cadences, phase, step.say)

    def _validate(self, lake: DeployedLake, source: SourceDatabase, cadences: Sequence[str]) -> Reconciliation:
        with self._steps.step("Compare every value of source and lake") as step, source.snapshot() as snapshot:
            tables = {name: entry for each in cadences for name, entry in lake.catalog_tables(each).items()}

            def read_lake(table: str) -> pa.Table:
                step.say(table)
                if (entry := tables.get(f"{SCHEMA_NAME}.{table}")) is None:
                    raise LakeTableError("the Data Catalog does not show the table")
                return lake.read(entry)

            found = reconcile(source.tables.values(), read_source=snapshot.rows, read_lake=read_lake)
            step.say(f"{sum(table.is_identical for table in found.tables)} of {len(found.tables)} tables are identical")
        return found
