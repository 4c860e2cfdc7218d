"""Every object is registered once, every pending file has an execution coming, and no message disturbs another."""

import re
from typing import Any

import pytest
from taxi.datasets.dataset import load_datasets
from taxi.landing.registration import Landing, execution_name
from taxi.ports import EarlierState
from taxi.records import LandedFile

from lake.errors import RetryableError
from tests.unit.taxi.landing.batches import Registration, take_in
from tests.unit.taxi.memory import MemoryAudit
from tests.unit.taxi.samples import loaded, message, object_created


class Executions:
    """Executions that can be told to refuse a dataset."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str]] = []
        self.refused = ""

    def start(self, dataset: str, name: str) -> None:
        if dataset == self.refused:
            raise RetryableError("throttled")
        self.started.append((dataset, name))

    @property
    def datasets(self) -> list[str]:
        return [dataset for dataset, _ in self.started]


class FailingAudit(MemoryAudit):
    def register(self, file: LandedFile) -> EarlierState:
        if "failing" in file.key:
            raise RetryableError("throttled")
        return super().register(file)


@pytest.fixture
def audit() -> MemoryAudit:
    return FailingAudit()


@pytest.fixture
def executions() -> Executions:
    return Executions()


@pytest.fixture
def landing(audit: MemoryAudit, executions: Executions) -> Landing:
    return Landing(audit, executions, load_datasets())


def landing_of(key: str, message_id: str, **fields: Any) -> dict[str, Any]:
    return message(object_created(key, **fields), message_id)


def test_batch_starts_one_execution_for_each_dataset_with_pending_files(
    landing: Landing, audit: MemoryAudit, executions: Executions
) -> None:
    keys = ["nyc-taxi/yellow/a.csv", "nyc-taxi/green/b.csv", "nyc-taxi/yellow/c.parquet"]
    result = take_in(landing, (landing_of(key, key) for key in keys))
    assert result == Registration(registered=3, already_known=0, rejected=0, failed_message_ids=())
    assert sorted(executions.datasets) == ["green", "yellow"]
    assert len(audit.marked) == 3


def test_duplicated_events_register_one_file(landing: Landing, audit: MemoryAudit, executions: Executions) -> None:
    result = take_in(landing, [message(object_created(), "m1"), message(object_created(), "m2")])
    assert (result.registered, result.already_known) == (1, 1)
    assert len(audit.marked) == 1
    assert executions.datasets == ["yellow"]


def test_redelivered_message_of_a_pending_file_starts_an_execution_of_another_name(
    landing: Landing, executions: Executions
) -> None:
    for deliveries in (1, 2):
        take_in(landing, [message(object_created(), "m1", deliveries)])
    (_, first), (_, second) = executions.started
    assert first != second


def test_redelivered_message_of_an_ended_file_starts_nothing(
    landing: Landing, audit: MemoryAudit, executions: Executions
) -> None:
    take_in(landing, [message(object_created())])
    lease = audit.acquire("yellow", "run-1")
    assert lease is not None
    audit.end(lease, [loaded(file_id) for file_id in list(audit.marked)])
    result = take_in(landing, [message(object_created(), deliveries=2)])
    assert result.already_known == 1
    assert executions.datasets == ["yellow"]


def test_execution_that_could_not_be_started_brings_all_messages_of_its_dataset_again(
    landing: Landing, executions: Executions
) -> None:
    executions.refused = "yellow"
    batch = [
        landing_of("nyc-taxi/yellow/a.csv", "y1"),
        landing_of("nyc-taxi/green/b.csv", "g1"),
        landing_of("nyc-taxi/yellow/c.csv", "y2"),
    ]
    assert take_in(landing, batch).failed_message_ids == ("y1", "y2")
    assert executions.datasets == ["green"]


def test_message_that_fails_alone_is_delivered_again_alone(landing: Landing, executions: Executions) -> None:
    batch = [
        landing_of("nyc-taxi/yellow/failing.csv", "throttled"),
        landing_of("nyc-taxi/yellow/good.csv", "good"),
    ]
    result = take_in(landing, batch)
    assert result.failed_message_ids == ("throttled",)
    assert result.registered == 1
    assert executions.datasets == ["yellow"]


def test_rejected_objects_are_kept_and_counted_but_folders_are_only_kept(
    landing: Landing, audit: MemoryAudit, executions: Executions
) -> None:
    batch = [
        landing_of("nyc-taxi/yellow/", "folder", size=0),
        landing_of("nyc-taxi/yellow/", "data in a folder's name", size=1),
        landing_of("nyc-taxi/yellow/readme.txt", "text"),
        landing_of("elsewhere/a.csv", "stray"),
    ]
    assert take_in(landing, batch) == Registration(0, 0, rejected=3, failed_message_ids=())
    assert len(audit.rejected) == 4
    assert executions.started == []


def test_name_of_an_execution_is_one_that_step_functions_takes_and_does_not_depend_on_order() -> None:
    batch = [message(object_created(), f"m{number}") for number in range(10)]
    name = execution_name("yellow", batch)
    assert name == execution_name("yellow", reversed(batch))
    assert re.fullmatch("yellow-[0-9a-f]{32}", name)
    assert name != execution_name("yellow", batch[1:])
