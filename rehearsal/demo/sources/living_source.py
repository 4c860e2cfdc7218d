"""A living source: a database server whose customers never stop, and the deployed replication that follows its log."""

import json
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.executions import Landing
from rehearsal.demo.progress import Steps
from rehearsal.demo.sources.cadence import Cadence
from rehearsal.demo.sources.freshness import source_report
from rehearsal.demo.sources.replication import SECRET, DemoReplication
from rehearsal.demo.sources.source import Phase
from rehearsal.demo.workspace import ENVIRONMENT
from rehearsal.report.model import Section
from rehearsal.report.page import source_section
from rehearsal.source.mariadb.database import MariaDbDatabase
from rehearsal.source.reference_tables import TRIP_TYPES, change_reference_tables, create_trip_types
from rehearsal.source.taxi_trips import apply_changes, changed_tables, trip_tables
from rehearsal.source.traffic import Traffic

FILE_SECONDS = 3
AddTable = Callable[[DeployedLake, str, str], None]
"""Deploys a manifest with one table more: the lake, the table's name, its primary key."""
NATIVE_CADENCE = "1_min_refresh"
_BUSY_TABLES = 2
_ADDED_TO, _ADDED = "rate_codes", pa.field("surcharge_cents", pa.int64())
_LOADED_AGAIN = "vendors"


def followed(configuration: str) -> str:
    """Give dev a source that AWS DMS follows; `configuration` is an environments.json."""
    document = json.loads(configuration)
    environment = document["environments"][ENVIRONMENT]
    environment["interface_endpoints"] = ["secretsmanager"]
    environment["sources"] = {
        "default": {
            "replication": {
                "engine": "mariadb",
                "network": "10.50.0.0/24",
                "secret": SECRET,
                "tls": "none",
                "upper_case_columns": True,
                "operation_column": "CDC_OPERATION",
                "file_seconds": FILE_SECONDS,
            }
        }
    }
    return json.dumps(document, indent=2) + "\n"


class LivingSource:
    """Traffic goes on from the first load to the last phase; `state` is where the emulator keeps the replication."""

    def __init__(
        self,
        database: MariaDbDatabase,
        state: Path,
        beside: Executor,
        add: AddTable,
        *,
        is_stopped_by_pipeline: bool,
    ) -> None:
        create_trip_types(database)
        self.added = database.tables.pop(TRIP_TYPES)  # nobody replicates it yet
        self.database = database
        self._state, self._beside, self._add = state, beside, add
        self._is_stopped_by_pipeline = is_stopped_by_pipeline
        busy = [table for table in trip_tables(database) if table not in changed_tables(database)][:_BUSY_TABLES]
        self.traffic = Traffic(database, busy)

    def phases(self, lake: DeployedLake, steps: Steps) -> Generator[Phase, None, None]:
        """Let a load, a business day under trouble, and the last changes land."""
        replication = DemoReplication(lake)
        landing = Landing.begin(lake)
        with self._traffic(lake):
            with steps.step("AWS DMS loads the tables while customers go on") as step:
                replication.let_in(self.database.server.connection())
                replication.start()
                replication.wait_until_loaded(len(self.database.tables), step.say)
                files = lake.landed_files() - landing.files
                step.say(f"{len(self.database.tables)} tables, {files} files")
            yield Phase("full load", landing, files, lake.pending_loads)
            landing = Landing.begin(lake)
            self._business_day(replication, steps)
            with steps.step("AWS DMS writes the changes") as step:
                replication.wait_until_written(self.database.end_of_log())
                files = lake.landed_files() - landing.files
                step.say(f"{files} files")
            added = self._beside.submit(self._add_table, lake, replication, steps)
            yield Phase("changes", landing, files, lambda: 0)
            landing = Landing.begin(lake)
            added.result()
            with steps.step(f"Ask AWS DMS for another load of {_LOADED_AGAIN}") as step:
                replication.load_again(self.database.schema, _LOADED_AGAIN)
                step.say("it waits until no part has come for 15 minutes, and its changes go on")
        with steps.step("Customers stop, and AWS DMS writes the last changes") as step:
            replication.wait_until_written(self.database.end_of_log())
            files = lake.landed_files() - landing.files
            said = self.traffic
            step.say(f"{said.transactions} transactions, {said.statements.total()} statements, {files} files")
        yield Phase("last changes", landing, files, lambda: lake.pending_files() - lake.pending_loads())

    def sections(self, lake: DeployedLake) -> tuple[Section, ...]:
        """How fresh the tables were."""
        return (source_section(source_report(lake)),)

    @contextmanager
    def _traffic(self, lake: DeployedLake) -> Iterator[None]:
        """Let customers and the cadence go on beside whatever happens, and raise what they raise."""
        stopped = threading.Event()
        beside = [
            self._beside.submit(self.traffic.run, stopped),
            self._beside.submit(Cadence(lake, NATIVE_CADENCE).run, stopped),
        ]
        try:
            yield
        finally:
            stopped.set()
        for each in beside:
            each.result()

    def _business_day(self, replication: DemoReplication, steps: Steps) -> None:
        with steps.step("Change rows of several tables") as step:
            changed = (*apply_changes(self.database), *change_reference_tables(self.database))
            statements = sum(table.inserted + table.updated + table.deleted for table in changed)
            step.say(f"{statements:,} changes in {len(changed)} tables")
        with steps.step("Kill the replication, change more, and resume it") as step:
            replication.kill(self._state)
            self._add_column()
            replication.start("resume-processing")
            step.say(f"a column of {_ADDED_TO} was added meanwhile")

    def _add_table(self, lake: DeployedLake, replication: DemoReplication, steps: Steps) -> None:
        """Beside refreshes and traffic; DMS changes no mappings of a running replication, so something stops it."""
        table = self.added
        with steps.step(f"Push one manifest entry: {table.name} is added") as step:
            if not self._is_stopped_by_pipeline:
                replication.stop()
                step.say("the replication has stopped")
            self._add(lake, f"{self.database.schema}.{table.name}", table.key[0].upper())
            if not self._is_stopped_by_pipeline:
                replication.start("resume-processing")
            self.database.tables[table.name] = table
            replication.wait_until_loaded(len(self.database.tables), step.say)

    def _add_column(self) -> None:
        self.database.add_column(_ADDED_TO, _ADDED)
        with self.database.transaction() as transaction:
            transaction.execute(f"UPDATE {_ADDED_TO} SET {_ADDED.name} = ? WHERE RatecodeID = ?", (250, 2))  # noqa: S608
