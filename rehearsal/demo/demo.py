"""The steps of the demo, from the two apps to a report on every value of the lake."""

import threading
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from odp.config_manager.manifest import parse_manifests, read_documents
from rich.console import Console

from deployment_account.environments import Platform, load_platform
from lake.tables.registry import FormatName
from rehearsal.demo.configuration import (
    forbidden_change,
    in_format,
    known_requests,
    permitted_change,
    wait_until_another_is_decided,
    wait_until_decided,
    with_table,
)
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.deployment import Deployment, DirectDeployment
from rehearsal.demo.executions import refresh_now, wait_until_registered
from rehearsal.demo.failures import DemoError
from rehearsal.demo.inputs import MANIFESTS, Inputs
from rehearsal.demo.pipelines import DeploymentByPipelines
from rehearsal.demo.progress import Steps, versions
from rehearsal.demo.sources.file_source import FileSource
from rehearsal.demo.sources.living_source import LivingSource, followed
from rehearsal.demo.sources.source import DemoSource, Phase, SourceKind
from rehearsal.demo.taxi_flow import deal_trips, run_taxi_flow
from rehearsal.demo.workspace import CONFIGURATION, ENVIRONMENT, Workspace
from rehearsal.emulator.glue_runner import spark_settings
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.jars import spark_jars
from rehearsal.pipeline.rehearsal import CHECKS
from rehearsal.report.model import ConfigurationRequest, DemoReport
from rehearsal.report.runs import Run
from rehearsal.source.database import SourceDatabase
from rehearsal.source.generator import generate_trips
from rehearsal.source.mariadb.database import MariaDbDatabase
from rehearsal.source.mariadb.program import VERSION, program_folder
from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.source.operational_database import OperationalDatabase
from rehearsal.source.reference_tables import REFERENCE_TABLES, create_reference_tables
from rehearsal.source.taxi_trips import SCHEMA_NAME, TABLE_COUNT, create_taxi_trips
from rehearsal.source.trips import load_trips
from rehearsal.validation.comparison import Reconciliation, reconcile
from rehearsal.validation.lake import LakeTableError

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
    source: SourceKind = SourceKind.MARIADB


class Demo:
    """One run of the demo in a workspace that no other run uses."""

    def __init__(self, options: DemoOptions, workspace: Workspace, console: Console) -> None:
        self._options = options
        self._workspace = workspace
        self._steps = Steps(console)
        self._configuration: list[ConfigurationRequest] = []
        self._started = datetime.now(UTC)
        self._beside: list[Future[Any]] = []
        self._is_stopping = threading.Event()
        self._opened = ExitStack()

    def read_inputs(self) -> Inputs:
        """Read trips, configuration and manifests: what is wrong with them is told before anything is touched."""
        trips, platform = self._read_trips(), load_platform(CONFIGURATION)
        configuration = CONFIGURATION.read_text(encoding="utf-8")
        if self._options.source is SourceKind.MARIADB:
            self._prepare_server()
            configuration = followed(configuration)
            platform = Platform.model_validate_json(configuration)
        defaults = platform.environments[ENVIRONMENT].odp.cadence_defaults.model_dump()
        documents = in_format(read_documents(MANIFESTS), self._options.table_format)
        return Inputs(trips, configuration, platform, documents, parse_manifests(documents, defaults))

    def run(self, inputs: Inputs) -> DemoReport:
        """Do all steps; the lake stays in the workspace, and the report says whether it equals the source."""
        folder, port = self._workspace.emulator, self._options.port
        settings = EmulatorSettings(run_directory=folder, port=port, skipped_commands=CHECKS, validates_templates=False)
        emulator = Emulator(settings)
        # the source is closed last: whoever writes into it runs beside
        with self._opened, ThreadPoolExecutor(_AT_MOST, thread_name_prefix="beside") as beside:
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
        deployment = self._deployment(inputs, emulator)
        filled = beside.submit(self._fill_database, inputs, deployment, beside)
        dealt = beside.submit(deal_trips, inputs.trips, self._steps)
        self._beside += [filled, dealt]
        deployment.deploy(inputs, beside)
        environment = inputs.platform.environments[ENVIRONMENT]
        lake, taxi_lake = (DeployedLake(inputs.platform, environment, emulator) for _ in range(2))
        loaded = beside.submit(run_taxi_flow, taxi_lake, dealt.result(), self._steps)
        self._beside.append(loaded)
        self._configure(lake)
        source = filled.result()
        runs, validation = self._replicate(lake, inputs, source)
        sections = (*source.sections(lake), *deployment.sections())
        taxi = loaded.result()
        return DemoReport(
            title=f"{len(validation.tables)} operational tables replicated into the data lake",
            started=self._started,
            environment=versions(),
            steps=tuple(sorted(self._steps.spans, key=lambda span: span.start)),
            stacks=tuple(deployment.stacks()),
            runs=runs,
            validation=validation,
            configuration=tuple(self._configuration),
            taxi=taxi,
            sections=sections,
        )

    def _deployment(self, inputs: Inputs, emulator: Emulator) -> Deployment:
        """The way to deploy dev: a push that runs its pipelines or, the short way, what they would deploy."""
        if self._options.direct:
            return DirectDeployment(self._workspace, emulator, self._steps)
        return DeploymentByPipelines(inputs, self._workspace, emulator, self._steps)

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

    def _fill_database(self, inputs: Inputs, deployment: Deployment, beside: Executor) -> DemoSource:
        with self._steps.step("Fill the operational database") as step:
            source = self._new_source(inputs, deployment, beside)
            codes = create_reference_tables(source.database)
            of_trips = f"{inputs.trips.num_rows:,} trips in {TABLE_COUNT} tables"
            step.say(f"{of_trips}, {codes} rows in {len(REFERENCE_TABLES)} tables of codes")
            return source

    def _new_source(self, inputs: Inputs, deployment: Deployment, beside: Executor) -> DemoSource:
        trips = inputs.trips
        if self._options.source is SourceKind.FILE:
            file = self._opened.enter_context(SourceDatabase(self._workspace.database))
            return FileSource(create_taxi_trips(file, trips, go_on=self._go_on))
        server = self._opened.enter_context(MariaDbServer())
        database = create_taxi_trips(MariaDbDatabase(server, SCHEMA_NAME), trips, go_on=self._go_on)
        add = partial(self._add_table, inputs, deployment)
        return LivingSource(
            database, self._workspace.emulator, beside, add, is_stopped_by_pipeline=deployment.stops_replications
        )

    def _add_table(self, inputs: Inputs, deployment: Deployment, lake: DeployedLake, name: str, key: str) -> None:
        """Deploy one manifest entry more."""
        documents = with_table(inputs.documents, f"{SCHEMA_NAME}.{REFERENCE_TABLES[0]}", name, key)
        before = known_requests(lake)
        deployment.deploy_again(replace(inputs, documents=documents), f"Replicate {name}")
        self._configuration.append(wait_until_another_is_decided(lake, f"{name} is added", lambda _: None, before))

    def _replicate(
        self, lake: DeployedLake, inputs: Inputs, source: DemoSource
    ) -> tuple[tuple[Run, ...], Reconciliation]:
        cadences = [batch.refresh_cadence for batch in inputs.manifests.batches]
        runs: list[Run] = []
        with closing(source.phases(lake, self._steps)) as phases:  # after a failure, nothing goes on beside
            for phase in phases:
                runs.append(self._refresh(lake, cadences, phase))
                if len(runs) == 1:
                    self._reconfigure(lake, inputs)
        return tuple(runs), self._validate(lake, source.database, cadences)

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

    def _prepare_server(self) -> None:
        """Where the server cannot be had, that is told before anything is touched."""
        with self._steps.step("Prepare the database server") as step:
            step.say("its program is fetched once")
            program_folder()
            step.say(f"MariaDB {VERSION}")

    def _prepare_spark(self) -> None:
        with self._steps.step("Prepare Spark") as step:
            step.say("its jars are fetched once")
            jars = spark_jars()
            spark_settings.prepare_metastore()
            step.say(f"{len(jars)} jars")

    def _refresh(self, lake: DeployedLake, cadences: Sequence[str], phase: Phase) -> Run:
        with self._steps.step(f"File Manager registers the files of the {phase.name}") as step:
            wait_until_registered(lake, phase.files, phase.landing, step.say)
        with self._steps.step(f"File Processor applies the {phase.name}") as step:
            return refresh_now(lake, cadences, (phase.name, phase.landing), step.say, phase.left)

    def _validate(self, lake: DeployedLake, source: OperationalDatabase, cadences: Sequence[str]) -> Reconciliation:
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
