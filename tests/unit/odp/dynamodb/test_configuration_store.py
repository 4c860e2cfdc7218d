"""The running configuration in DynamoDB changes as a whole, wherever its writer dies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from odp.configuration import (
    Change,
    ConfigDeployment,
    ConfigRequest,
    Configuration,
    RequestStatus,
    compare,
)
from odp.dynamodb.configuration_store import DynamoDbConfigurationStore
from odp.dynamodb.deploy_tracker import DynamoDbDeployTracker
from odp.dynamodb.running_configuration import DynamoDbCadences, DynamoDbTableConfigs, RunningVersion
from odp.errors import ConfigurationMovedError, DeploymentOvertakenError, MissingConfigurationError
from odp.records import BatchConfig, RawTableConfig

from tests.unit.odp.samples import batch_config, table_config

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


def table(name: str, **fields: Any) -> RawTableConfig:
    return table_config(source_table_name=f"s.{name}", raw_table_name=name, **fields)


OLD = Configuration.of([batch_config()], [table("paused"), table("removed"), table("kept"), table("t")])
NEW = Configuration.of(
    [batch_config(refresh_tables_batch_size=7), batch_config(refresh_cadence="1_day_refresh")],
    [table("paused", is_active=False), table("kept"), table("added"), table("t", refresh_cadence="1_day_refresh")],
)


class Killed(BaseException):
    """The process ends here."""


class Ledger:
    """Store, tracker and readers over one set of tables."""

    def __init__(self, dynamodb: "DynamoDBServiceResource") -> None:
        self.dynamodb = dynamodb
        self.store = DynamoDbConfigurationStore(dynamodb, "batch_config", "table_config", "deploy_tracker")
        self.tracker = DynamoDbDeployTracker(dynamodb, "deploy_tracker")
        version = RunningVersion(dynamodb, "deploy_tracker")
        self.cadences = DynamoDbCadences(dynamodb, "batch_config", "table_config", version)
        self.tables = DynamoDbTableConfigs(dynamodb, "table_config", version)

    def deploy(self, desired: Configuration, request_id: str) -> ConfigDeployment:
        request = ConfigRequest(request_id, "2026-01-01T00:00:00Z", b"{}")
        self.tracker.receive(request, "abc123", "pipeline")
        attempt = self.store.begin()
        changes = compare(self.store.running(attempt), desired)
        deployment = ConfigDeployment(request, "abc123", "pipeline", RequestStatus.APPLIED, changes)
        if self.tracker.status(request) is RequestStatus.RECEIVED:
            self.store.activate(attempt, deployment)
        return deployment

    def seen(self) -> Configuration:
        """What the readers of the file processor see, cadence by cadence."""
        batches: list[BatchConfig] = []
        tables: list[RawTableConfig] = []
        for cadence in ("10_min_refresh", "1_day_refresh"):
            try:
                batch, active = self.cadences.cadence(cadence)
            except MissingConfigurationError:
                continue
            batches.append(batch)
            tables += active
        return Configuration.of(batches, tables)

    def items(self, table: str) -> list[dict[str, Any]]:
        return self.dynamodb.Table(table).scan()["Items"]


def active(configuration: Configuration) -> Configuration:
    return Configuration.of(
        configuration.batches.values(), [table for table in configuration.tables.values() if table.is_active]
    )


@pytest.fixture
def ledger(dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """With transactions so small that a change of a few tables takes several."""
    monkeypatch.setattr("odp.dynamodb.configuration_store._ACTIONS", 4)
    return Ledger(dynamodb)


def test_deployed_configuration_is_what_readers_see(ledger: Ledger) -> None:
    ledger.deploy(OLD, "v1")
    assert ledger.seen() == active(OLD)
    ledger.deploy(NEW, "v2")
    assert ledger.seen() == active(NEW)
    assert ledger.store.running(ledger.store.begin()) == NEW


def test_warnings_of_a_deployment_are_kept_with_its_request(ledger: Ledger) -> None:
    request = ConfigRequest("v1", "2026-01-01T00:00:00Z", b"{}")
    ledger.tracker.receive(request, "abc123", "pipeline")
    deployment = ConfigDeployment(request, "abc123", "pipeline", RequestStatus.APPLIED, warnings=("mind this",))
    ledger.store.activate(ledger.store.begin(), deployment)
    assert [item["warnings"] for item in ledger.items("deploy_tracker") if "warnings" in item] == [["mind this"]]


def test_settled_entries_read_as_the_manifests_write_them(ledger: Ledger) -> None:
    ledger.deploy(Configuration.of([batch_config()], [table_config()]), "v1")
    assert ledger.items("table_config") == [
        {
            "refresh_cadence": "10_min_refresh",
            "source_table_name": "s.t",
            "hudi_primary_key": "ID",
            "hudi_partition_key": "",
            "hudi_precombine_field": "SEQ",
            "hudi_table_type": "copy_on_write",
            "table_data_versioning_type": "S",
            "table_storage_type": "hudi",
            "is_active": "Y",
            "raw_database_name": "db",
            "raw_database_S3_bucket": "raw",
            "raw_table_name": "t",
            "column_names": "refuse",
            "on_dropped_column": "refuse",
            "before_images": "detect",
            "format": 2,
        }
    ]


def test_inactive_tables_are_configured_but_no_tables_of_their_cadence(ledger: Ledger) -> None:
    ledger.deploy(Configuration.of([batch_config()], [table_config(is_active=False)]), "v1")
    assert ledger.cadences.cadence("10_min_refresh") == (batch_config(), [])
    assert ledger.tables.table("10_min_refresh", "s.t") == table_config(is_active=False)


def test_unknown_cadence_and_unknown_table_are_named(ledger: Ledger) -> None:
    with pytest.raises(MissingConfigurationError, match="'1_day_refresh' has no item in batch_config"):
        ledger.cadences.cadence("1_day_refresh")
    with pytest.raises(MissingConfigurationError, match=r"s\.t is not configured for 10_min_refresh"):
        ledger.tables.table("10_min_refresh", "s.t")


def test_table_that_moves_to_another_cadence_is_in_one_of_them_only(ledger: Ledger) -> None:
    ledger.deploy(OLD, "v1")
    ledger.deploy(NEW, "v2")
    assert ledger.tables.table("1_day_refresh", "s.t").refresh_cadence == "1_day_refresh"
    with pytest.raises(MissingConfigurationError):
        ledger.tables.table("10_min_refresh", "s.t")


def test_ledger_hold_a_line_for_each_changed_entry_and_the_request_their_number(ledger: Ledger) -> None:
    ledger.deploy(OLD, "v1")
    deployment = ledger.deploy(NEW, "v2")
    lines = [item for item in ledger.items("deploy_tracker") if item["deployed_at"] == deployment.request.deployed_at]
    (request,) = [line for line in lines if line["source_table_name"] == "configuration"]
    assert (request["request_status"], request["changes"]) == ("applied", deployment.counts)
    by_name = {line["source_table_name"]: line for line in lines if line is not request}
    assert {name: line["change"] for name, line in by_name.items()} == {
        change.name: change.kind.value for change in deployment.changes
    }
    moved = by_name["s.t"]
    assert (moved["before"]["refresh_cadence"], moved["after"]["refresh_cadence"]) == (
        "10_min_refresh",
        "1_day_refresh",
    )
    assert (moved["commit"], moved["requested_by"]) == ("abc123", "pipeline")


def die_before(write: int, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """End before the transaction of this number; tests/embedded/config_manager dies before each of them."""
    transact, count = ledger.dynamodb.meta.client.transact_write_items, 0

    def counted(**arguments: Any) -> Any:
        nonlocal count
        if count == write:
            raise Killed
        count += 1
        return transact(**arguments)

    monkeypatch.setattr(ledger.dynamodb.meta.client, "transact_write_items", counted)


def test_other_request_after_a_death_is_not_mixed_with_what_the_dead_one_staged(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.deploy(OLD, "v1")
    with pytest.MonkeyPatch.context() as patch:
        die_before(2, ledger, patch)
        with pytest.raises(Killed):
            ledger.deploy(NEW, "v2")
    assert [item for item in ledger.items("table_config") if "staged" in item]
    other = Configuration.of([batch_config()], [table_config()])
    ledger.deploy(other, "v3")
    assert ledger.seen() == other


def test_attempt_that_another_followed_can_write_nothing_more(ledger: Ledger) -> None:
    ledger.deploy(OLD, "v1")
    request = ConfigRequest("v2", "2026-01-01T00:00:00Z", b"{}")
    ledger.tracker.receive(request, "", "")
    slow = ledger.store.begin()
    changes = compare(ledger.store.running(slow), NEW)
    ledger.store.begin()
    with pytest.raises(DeploymentOvertakenError):
        ledger.store.activate(slow, ConfigDeployment(request, "", "", RequestStatus.APPLIED, changes))
    with pytest.raises(DeploymentOvertakenError):
        ledger.store.running(slow)
    assert ledger.seen() == active(OLD)
    assert ledger.tracker.status(request) is RequestStatus.RECEIVED


def counting_transactions(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of actions in each transaction from now on."""
    sizes: list[int] = []
    write = ledger.dynamodb.meta.client.transact_write_items

    def counted(*, TransactItems: Sequence[Any], **request: Any) -> Any:  # noqa: N803 - boto3's name
        sizes.append(len(TransactItems))
        return write(TransactItems=TransactItems, **request)

    monkeypatch.setattr(ledger.dynamodb.meta.client, "transact_write_items", counted)
    return sizes


@pytest.mark.parametrize("request_changes_something", [True, False])
def test_attempt_that_another_followed_after_it_staged_moves_no_pointer(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, *, request_changes_something: bool
) -> None:
    ledger.deploy(OLD, "v1")
    request = ConfigRequest("v2", "2026-01-01T00:00:00Z", b"{}")
    ledger.tracker.receive(request, "", "")
    slow = ledger.store.begin()
    changes = compare(ledger.store.running(slow), NEW) if request_changes_something else ()
    move = ledger.store._move_pointer

    def overtaken_first(attempt: int, deployment: ConfigDeployment) -> None:
        ledger.store.begin()
        move(attempt, deployment)

    monkeypatch.setattr(ledger.store, "_move_pointer", overtaken_first)
    with pytest.raises(DeploymentOvertakenError):
        ledger.store.activate(slow, ConfigDeployment(request, "", "", RequestStatus.APPLIED, changes))
    assert ledger.seen() == active(OLD)
    assert ledger.tracker.status(request) is RequestStatus.RECEIVED


def test_transactions_are_filled_up_to_what_dynamodb_takes(
    dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(dynamodb)
    sizes = counting_transactions(ledger, monkeypatch)
    ledger.deploy(Configuration.of([batch_config()], [table(f"t{number}") for number in range(120)]), "v1")
    assert max(sizes) == 100
    assert len(ledger.tables.table("10_min_refresh", "s.t119").raw_table_name) == 4


def test_what_a_dead_deployment_left_staged_is_settled_by_the_next_although_it_changes_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.deploy(OLD, "v1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger.store, "_settle", die_after_the_pointer_moved)
        with pytest.raises(Killed):
            ledger.deploy(NEW, "v2")
    assert ledger.seen() == active(NEW)
    assert [item for item in ledger.items("table_config") if "staged" in item]
    ledger.deploy(NEW, "v3")
    assert ledger.seen() == active(NEW)
    assert not [item for name in ("batch_config", "table_config") for item in ledger.items(name) if "staged" in item]
    lines = [item for item in ledger.items("deploy_tracker") if item["source_table_name"] == "s.added"]
    assert [line["change"] for line in lines] == ["added"], "its line in the ledger is not lost"


def die_after_the_pointer_moved(attempt: int, staged: Sequence[Any]) -> None:
    if staged:
        raise Killed


def test_reader_reads_again_when_the_configuration_changed_under_it(ledger: Ledger) -> None:
    ledger.deploy(OLD, "v1")
    read: list[int] = []

    def reading(version: int) -> int:
        read.append(version)
        if len(read) == 1:
            ledger.deploy(NEW, "v2")
        return version

    running = RunningVersion(ledger.dynamodb, "deploy_tracker")
    assert running.read_consistently(reading) == read[-1] > read[0]


def test_reader_gives_up_when_it_never_sees_one_configuration(ledger: Ledger) -> None:
    number = 0

    def restless(_: int) -> None:
        nonlocal number
        number += 1
        ledger.deploy(Configuration.of([batch_config(refresh_tables_batch_size=number)], []), f"v{number}")

    with pytest.raises(ConfigurationMovedError):
        RunningVersion(ledger.dynamodb, "deploy_tracker").read_consistently(restless)


def test_configuration_without_changes_still_closes_its_request(ledger: Ledger) -> None:
    ledger.deploy(OLD, "v1")
    request = ConfigRequest("v2", "2026-01-01T00:00:00Z", b"{}")
    ledger.tracker.receive(request, "", "")
    attempt = ledger.store.begin()
    assert ledger.store.running(attempt) == OLD
    ledger.store.activate(attempt, ConfigDeployment(request, "", "", RequestStatus.UNCHANGED))
    assert ledger.tracker.status(request) is RequestStatus.UNCHANGED
    assert ledger.seen() == active(OLD)


def test_change_of_nothing_is_no_change() -> None:
    assert compare(OLD, OLD) == ()
    assert all(isinstance(change, Change) for change in compare(OLD, NEW))
    assert isinstance(OLD.tables["s.t"], RawTableConfig)
