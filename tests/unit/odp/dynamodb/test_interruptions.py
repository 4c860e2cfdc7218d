"""Whichever call of whichever adapter is troubled, the method succeeds or leaves things whole for the next attempt."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import odp.dynamodb
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from odp.configuration import ConfigDeployment, ConfigRequest, Configuration, RequestStatus, compare
from odp.dynamodb.configuration_store import DynamoDbConfigurationStore
from odp.dynamodb.deploy_tracker import DynamoDbDeployTracker, DynamoDbLedgerFormat
from odp.dynamodb.file_decisions import DecisionTables, DynamoDbFileDecisions
from odp.dynamodb.file_tracker import DynamoDbFileTracker, pending_item
from odp.dynamodb.landing_marks import DynamoDbLandingMarks
from odp.dynamodb.planning import DynamoDbCadenceClaims, DynamoDbPlannedLeases
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.run_log import DynamoDbRunLog
from odp.dynamodb.running_configuration import (
    DynamoDbCadences,
    DynamoDbRunningConfiguration,
    DynamoDbTableConfigs,
    RunningVersion,
)
from odp.dynamodb.table_leases import DynamoDbTableLeases, DynamoDbWrittenTables
from odp.dynamodb.told_states import DynamoDbPlannedCadences, DynamoDbToldStates
from odp.records import FileStatus, FileType, LandedFile, Quarantined, QuarantineKind
from odp.refresh import Lease, RefreshOutcome, RefreshStatus, RunRecord
from odp.state_changes import NOTHING_TOLD, Told

from lake.landing.listings import SweepState
from lake.ledger.sweep_state import DynamoDbSweepState
from tests.cheap_updates import items_as_now
from tests.unit.odp.conftest import KEYS
from tests.unit.odp.dynamodb.backlog import put_pending
from tests.unit.odp.dynamodb.interruptions import Trouble, assert_mended, chosen, public_methods
from tests.unit.odp.samples import RUN_LOG_TABLES, batch_config, table_config

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

pytestmark = pytest.mark.simulation

KEY = "s/t/20260101-000000001.parquet"
FILE = LandedFile("s.t", "f0", FileType.CHANGES, "s", "t", "staging", KEY, 7, "e", "2026-01-01T00:00:00Z")
FILES = tuple(replace(FILE, file_id=f"f{number}") for number in range(3))
HELD = replace(FILE, file_id="held")
OUTCOME = RefreshOutcome("db.t", "s.t", RefreshStatus.COMPLETED, "t0", "t1")
ENTRY = RunRecord(OUTCOME, FILES, closes=True)
REFUSED = RunRecord(replace(OUTCOME, status=RefreshStatus.ERROR, error="E"), closes=True, refused=True)
REQUEST = ConfigRequest("v2", "2026-01-01T00:00:00Z", b"a document of several parts")
OLD = Configuration.of([batch_config()], [table_config()])
NEW = Configuration.of(
    [batch_config(refresh_tables_batch_size=7), batch_config(refresh_cadence="1_day_refresh")],
    [table_config(refresh_cadence="1_day_refresh")],
)
TIMES = {"quarantined_at", "raw_file_processing_date_time", "decided_at", "claimed_at"}
VOLATILE = TIMES | {"kept_by", "fencing_token", "claimed_by"}
NUMBERS_OF_ATTEMPTS = {"begun", "running"}


CONFIGURATION = ("batch_config", "table_config", "deploy_tracker")


@dataclass(frozen=True)
class Beginning:
    """What every scenario begins with; filled once for all of them, as to fill tables takes longer than a scenario."""

    items: dict[str, Any]
    lease: Lease
    message: str


_BEGINNING: list[Beginning] = []
_SOUND: set[str] = set()
"""Items of the configuration's tables of which a reader was seen to get a whole configuration."""


class World:
    """All adapters over the same tables, with a running configuration, a lease and pending files."""

    def __init__(self, dynamodb: DynamoDBServiceResource) -> None:
        self.dynamodb = dynamodb
        self.files = DynamoDbFileTracker(dynamodb, "files", "files_history")
        self.leases = DynamoDbTableLeases(dynamodb, "leases", clock=lambda: 1000.0)
        self.planned = DynamoDbPlannedLeases(dynamodb, "leases", clock=lambda: 1000.0)
        self.claims = DynamoDbCadenceClaims(dynamodb, "leases", lambda _: False, clock=lambda: 1000.0)
        self.sweep = DynamoDbSweepState(dynamodb, "files", "staging")
        self.format = DynamoDbLedgerFormat(dynamodb, "deploy_tracker", ["files", "files_history"])
        self.decisions = DynamoDbFileDecisions(
            dynamodb, DecisionTables("files", "files_history", "leases", 1), clock=lambda: 1000.0
        )
        self.run_log = DynamoDbRunLog(dynamodb, RUN_LOG_TABLES, clock=lambda: 1000.0)
        self.quarantine = DynamoDbQuarantine(dynamodb, "quarantine")
        self.tracker = DynamoDbDeployTracker(dynamodb, "deploy_tracker")
        self.store = DynamoDbConfigurationStore(dynamodb, "batch_config", "table_config", "deploy_tracker")
        self.version = RunningVersion(dynamodb, "deploy_tracker")
        self.cadences = DynamoDbCadences(dynamodb, "batch_config", "table_config", self.version)
        self.tables = DynamoDbTableConfigs(dynamodb, "table_config", self.version)
        self.running = DynamoDbRunningConfiguration(dynamodb, "batch_config", "table_config", self.version)
        self.written = DynamoDbWrittenTables(dynamodb, "leases")
        self.told = DynamoDbToldStates(dynamodb, "files", clock=lambda: 1000.0)
        self.plans = DynamoDbPlannedCadences(dynamodb, "files", clock=lambda: 1000.0)

        if not _BEGINNING:
            _BEGINNING.append(self._filled())
        self.lease: Lease = _BEGINNING[0].lease
        self.message: str = _BEGINNING[0].message
        self.begin_again()

    @property
    def marks(self) -> DynamoDbLandingMarks:
        """Marks of a process that has noted no table yet."""
        return DynamoDbLandingMarks(self.dynamodb, "regions", "us-east-1", clock=lambda: 1000.0)

    def register_with_mark(self, file: LandedFile) -> bool:
        """Register a file as it is done where there is a secondary Region."""
        return DynamoDbFileTracker(self.dynamodb, "files", "files_history", marks=self.marks).register(file)

    def begin_again(self) -> None:
        """Return to the state in which every scenario begins."""
        for name, table in _moto_tables().items():
            table.items = items_as_now(_BEGINNING[0].items[name])

    def _filled(self) -> Beginning:
        self.deploy(OLD, replace(REQUEST, request_id="v1"))
        put_pending(self.dynamodb, FILES)
        held = pending_item(HELD) | {"file_ingestion_status": FileStatus.HELD.value}
        self.dynamodb.Table("files_history").put_item(Item=held)
        self.quarantine.keep(KEPT)
        self.claims.claim("1_day_refresh", "execution of yesterday")
        lease = self.leases.acquire("db.t", "jr_1")
        assert lease is not None
        message = str(self.told.claim("refresh/db.t", NOTHING_TOLD))
        items = {name: items_as_now(table.items) for name, table in _moto_tables().items()}
        return Beginning(items, lease, message)

    def deploy(self, desired: Configuration, request: ConfigRequest) -> None:
        self.tracker.receive(request, "abc", "me")
        attempt = self.store.begin()
        changes = compare(self.store.running(attempt), desired)
        if self.tracker.status(request) is RequestStatus.RECEIVED:
            self.store.activate(attempt, ConfigDeployment(request, "abc", "me", RequestStatus.APPLIED, changes))

    def refuse(self, request: ConfigRequest) -> None:
        self.tracker.receive(request, "abc", "me")
        self.tracker.close(request, RequestStatus.REFUSED, ["wrong"])

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every item, but for times and numbers of attempts."""
        ignored = VOLATILE | NUMBERS_OF_ATTEMPTS
        return {
            name: [{field: value for field, value in item.items() if field not in ignored} for item in _items(name)]
            for name in KEYS
        }

    def check(self) -> None:
        """What holds at every moment."""
        files = _items("files")
        pending = [item for item in files if not item["source_table_name"]["S"].startswith("#")]
        (sums,) = [item for item in files if item["source_table_name"] == {"S": "#pending"}]
        ids = [item["file_id"]["S"] for item in (*pending, *_items("files_history"))]
        assert sorted({*ids} - {"new"}) == [*(file.file_id for file in FILES), HELD.file_id]
        assert len(ids) == len({*ids})
        assert sums["files"] == {"N": str(len(pending))}
        configuration = str([_items(name) for name in CONFIGURATION])
        if configuration not in _SOUND:  # reading is half of this test's time, and the same items read the same
            assert self.running.everything() in (OLD, NEW)
            _SOUND.add(configuration)


def _items(name: str) -> list[dict[str, Any]]:
    """The items of a table as moto has them, which is much faster than to ask for them."""
    found = [item.to_json()["Attributes"] for item in _moto_tables()[name].all_items()]
    return sorted(found, key=lambda item: [item[key]["S"] for key in KEYS[name]])


def _moto_tables() -> dict[str, Any]:
    return dict(dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables)


ENTRY_OF_QUARANTINE = Quarantined(QuarantineKind.REJECTED_FILE, "r1", "no DMS file", {})
TOLD = Told(frozenset({"a", "b"}), "2026-01-05", (1, 2), 0)
KEPT = Quarantined(QuarantineKind.UNCONFIGURED_TABLE, "s.u", "no manifest", {})
OTHER = replace(REQUEST, request_id="v3", document=b"{}")
SCENARIOS: dict[str, Callable[[World], Any]] = {
    "DynamoDbFileTracker.pending_loads": lambda world: world.files.pending_loads("s.t"),
    "DynamoDbFileTracker.register": lambda world: world.files.register(replace(FILE, file_id="new")),
    "DynamoDbFileTracker.unprocessed": lambda world: world.files.unprocessed([*FILES, replace(FILE, file_id="new")]),
    "DynamoDbFileTracker.unknown": lambda world: world.files.unknown([*FILES, replace(FILE, file_id="new")]),
    "DynamoDbTableLeases.acquire": lambda world: world.leases.acquire("db.u", "jr_1") is not None,
    "DynamoDbTableLeases.renew": lambda world: world.leases.renew(world.lease),
    "DynamoDbPlannedLeases.leases": lambda world: world.planned.leases(["db.t", "db.u"]),
    "DynamoDbCadenceClaims.claim": lambda world: world.claims.claim("10_min_refresh", "execution"),
    "DynamoDbCadenceClaims.claim of a dead execution": lambda world: world.claims.claim("1_day_refresh", "execution"),
    "DynamoDbCadenceClaims.release": lambda world: world.claims.release("1_day_refresh", "execution of yesterday"),
    "DynamoDbSweepState.load": lambda world: world.sweep.load(),
    "DynamoDbSweepState.save": lambda world: world.sweep.save(SweepState(key_marker="k")),
    "DynamoDbLedgerFormat.require_current": lambda world: world.format.require_current(),
    "DynamoDbFileDecisions.skip": lambda world: world.decisions.skip("s.t", "f0", "poisoned"),
    "DynamoDbFileDecisions.choose": lambda world: world.decisions.choose("s.t", "held", "a"),
    "DynamoDbFileDecisions.release": lambda world: world.decisions.release("s.t", "held"),
    "DynamoDbFileDecisions.dismiss": lambda world: world.decisions.dismiss("s.t", "held"),
    "DynamoDbRunLog.append": lambda world: world.run_log.append(world.lease, ENTRY),
    "DynamoDbRunLog.append refused": lambda world: world.run_log.append(world.lease, REFUSED),
    "DynamoDbRunLog.record": lambda world: world.run_log.record(OUTCOME, "jr_2"),
    "DynamoDbQuarantine.keep": lambda world: world.quarantine.keep(ENTRY_OF_QUARANTINE),
    "DynamoDbQuarantine.unknown": lambda world: world.quarantine.unknown([KEPT, ENTRY_OF_QUARANTINE]),
    "DynamoDbQuarantine.entries": lambda world: world.quarantine.entries(KEPT.kind),
    "DynamoDbQuarantine.of_tables": lambda world: len(world.quarantine.of_tables(KEPT.kind)),
    "DynamoDbQuarantine.replace": lambda world: world.quarantine.replace(replace(KEPT, reason="no manifest yet")),
    "DynamoDbQuarantine.remove": lambda world: world.quarantine.remove(KEPT.kind, KEPT.entry_id),
    "DynamoDbDeployTracker.receive": lambda world: world.tracker.receive(REQUEST, "abc", "me"),
    "DynamoDbDeployTracker.status": lambda world: world.tracker.status(replace(REQUEST, request_id="v1")),
    "DynamoDbDeployTracker.document": lambda world: world.tracker.document(replace(REQUEST, request_id="v1")),
    "DynamoDbDeployTracker.close": lambda world: world.refuse(OTHER),
    "DynamoDbConfigurationStore.begin": lambda world: world.store.begin() > 1,
    "DynamoDbConfigurationStore.running": lambda world: world.store.running(world.store.begin()),
    "DynamoDbConfigurationStore.activate": lambda world: world.deploy(NEW, REQUEST),
    "RunningVersion.number": lambda world: world.version.number(),
    "RunningVersion.read_with": lambda world: world.version.read_with(
        "table_config", {"refresh_cadence": "10_min_refresh", "source_table_name": "s.t"}
    ),
    "RunningVersion.read_consistently": lambda world: world.version.read_consistently(lambda _: 0),
    "DynamoDbCadences.cadence": lambda world: world.cadences.cadence("10_min_refresh"),
    "DynamoDbTableConfigs.table": lambda world: world.tables.table("10_min_refresh", "s.t"),
    "DynamoDbRunningConfiguration.everything": lambda world: world.running.everything(),
    "DynamoDbWrittenTables.written": lambda world: world.written.written(["db.t"]),
    "DynamoDbToldStates.known": lambda world: world.told.known(),
    "DynamoDbToldStates.claim": lambda world: world.told.claim("refresh/db.u", NOTHING_TOLD) is not None,
    "DynamoDbToldStates.note": lambda world: world.told.note("refresh/db.t", world.message, TOLD),
    "DynamoDbToldStates.give_back": lambda world: world.told.give_back("refresh/db.t", world.message, Told()),
    "DynamoDbToldStates.forget": lambda world: world.told.forget({"refresh/db.t": Told(version=1)}),
    "DynamoDbPlannedCadences.forget": lambda world: world.plans.forget("10_min_refresh"),
    "DynamoDbPlannedCadences.planned": lambda world: world.plans.planned("10_min_refresh"),
    "DynamoDbLandingMarks.action": lambda world: world.register_with_mark(replace(FILE, file_id="new")),
    "DynamoDbLandingMarks.note_table": lambda world: world.marks.note_table("s.u"),
    "DynamoDbLandingMarks.mark_of": lambda world: world.marks.mark_of(FILE),
    "DynamoDbPlannedCadences.planned_as_standby": lambda world: world.plans.planned_as_standby("10_min_refresh"),
    "DynamoDbPlannedCadences.last_as_standby": lambda world: world.plans.last_as_standby("10_min_refresh"),
    "DynamoDbPlannedCadences.last_planned": lambda world: world.plans.last_planned(),
}
OF_THE_LEDGER = {"DynamoDbFileTracker", "DynamoDbPendingWork"}
"""Of these only what writes is here; their reads have tests of their own."""


def adapters() -> Iterator[type]:
    for module in iter_modules(odp.dynamodb.__path__):
        found = import_module(f"odp.dynamodb.{module.name}")
        for name, each in inspect.getmembers(found, inspect.isclass):
            if each.__module__ == found.__name__ and (name.startswith("DynamoDb") or name == "RunningVersion"):
                yield each


def test_every_method_of_every_adapter_is_troubled() -> None:
    methods = public_methods(adapter for adapter in adapters() if adapter.__name__ not in OF_THE_LEDGER)
    assert len(methods) > 15
    assert methods <= SCENARIOS.keys()


@pytest.fixture
def world(dynamodb: DynamoDBServiceResource, monkeypatch: pytest.MonkeyPatch) -> World:
    """With parts and transactions so small that everything takes several."""
    monkeypatch.setattr("odp.dynamodb.configuration_store._ACTIONS", 4)
    monkeypatch.setattr("odp.dynamodb.deploy_tracker._PART_BYTES", 20)
    monkeypatch.setattr("odp.dynamodb.run_log._FILES_PER_TRANSACTION", 2)
    return World(dynamodb)


def test_choice_of_troubles_meets_every_call_and_every_kind_at_many_of_them() -> None:
    pairs = list(chosen(40))
    assert {number for number, _ in pairs} == {*range(40)}
    assert all(sum(trouble is kind for _, trouble in pairs) > 12 for kind in Trouble)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_troubled_method_succeeds_or_leaves_things_whole_for_the_next_attempt(world: World, scenario: str) -> None:
    assert_mended(world, SCENARIOS[scenario])
