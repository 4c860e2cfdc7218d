"""Whichever call of whichever adapter is troubled, the method succeeds or leaves things whole for the next attempt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.dynamodb.leases import DynamoDbDatasetLeases
from taxi.records import WaitingFile

from lake.errors import LeaseLostError
from lake.landing.object_created import RejectedFile
from tests.cheap_updates import items_as_now
from tests.unit.odp.dynamodb.interruptions import assert_mended, public_methods
from tests.unit.taxi.samples import landed, loaded

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

pytestmark = pytest.mark.simulation

IDS = ("f0", "f1", "f2")
FILES = tuple(landed(file_id) for file_id in IDS)
REJECTED = RejectedFile("r1", "raw", "nyc-taxi/yellow/readme.txt", "e1", 3, "2026-01-05T12:00:00Z", "is no CSV")
VOLATILE = {"started_at", "ended_at", "fencing_token"}


class World:
    """Both adapters over the audit table, with a lease and pending files."""

    def __init__(self, dynamodb: DynamoDBServiceResource) -> None:
        self.audit = DynamoDbAudit(dynamodb, "audit")
        self.leases = DynamoDbDatasetLeases(dynamodb, "audit", seconds=60, clock=lambda: 1000.0)
        for file in FILES:
            self.audit.register(file)
        self.audit.record_rejected(REJECTED)
        lease = self.leases.acquire("yellow", "run-1", "arn:1")
        holder = self.leases.holder("yellow")
        assert lease is not None
        assert holder is not None
        self.lease, self.holder = lease, holder
        self._beginning = items_as_now(_moto_table().items)

    def begin_again(self) -> None:
        """Return to the state in which every scenario begins."""
        _moto_table().items = items_as_now(self._beginning)

    def state(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Every item, but for times and numbers of claims."""
        return {
            key: {field: value for field, value in item.items() if field not in VOLATILE}
            for key, item in _items().items()
        }

    def check(self) -> None:
        """What holds at every moment: whatever has not ended is marked as pending, and nothing else is."""
        items = _items()
        not_ended = {
            file_id
            for (dataset, file_id), item in items.items()
            if dataset == "yellow" and item["file_status"]["S"] in ("landed", "running")
        }
        assert {file_id for dataset, file_id in items if dataset == "pending#yellow"} == not_ended
        assert {file_id for dataset, file_id in items if dataset == "yellow"} - {"new"} == {*IDS}

    def end(self) -> None:
        """End what is pending, as closing a bundle does."""
        pending = {file.file_id for file in self.audit.pending("yellow")}
        self.audit.end(self.lease, [loaded(file_id) for file_id in IDS if file_id in pending])

    def release(self) -> None:
        """Return the lease; one that was returned by a request whose answer was lost is no longer held."""
        with suppress(LeaseLostError):
            self.leases.release(self.lease)


def _moto_table() -> Any:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables["audit"]


def _items() -> dict[tuple[str, str], dict[str, Any]]:
    found = [item.to_json()["Attributes"] for item in _moto_table().all_items()]
    return {(item["dataset"]["S"], item["file_id"]["S"]): item for item in found}


TRIED = [WaitingFile(landed(file_id, tries=2, not_before=60), 60, "tried twice", "S3 is slow") for file_id in IDS]
SCENARIOS: dict[str, Callable[[World], Any]] = {
    "DynamoDbAudit.register": lambda world: world.audit.register(landed("new")),
    "DynamoDbAudit.register again": lambda world: world.audit.register(FILES[0]),
    "DynamoDbAudit.record_rejected": lambda world: world.audit.record_rejected(REJECTED),
    "DynamoDbAudit.unknown": lambda world: world.audit.unknown([*FILES, REJECTED, landed("new")], ["yellow"]),
    "DynamoDbAudit.pending": lambda world: world.audit.pending("yellow"),
    "DynamoDbAudit.begin": lambda world: world.audit.begin(world.lease, FILES),
    "DynamoDbAudit.end": lambda world: world.end(),
    "DynamoDbAudit.keep_pending": lambda world: world.audit.keep_pending(world.lease, TRIED),
    "DynamoDbAudit.hasten": lambda world: world.audit.hasten(world.lease, IDS),
    "DynamoDbDatasetLeases.acquire": lambda world: world.leases.acquire("green", "run-1", "arn:1") is not None,
    "DynamoDbDatasetLeases.acquire again": lambda world: world.leases.acquire("yellow", "run-1", "arn:2") is not None,
    "DynamoDbDatasetLeases.acquire a held one": lambda world: world.leases.acquire("yellow", "run-2", "arn:2"),
    "DynamoDbDatasetLeases.holder": lambda world: world.leases.holder("yellow"),
    "DynamoDbDatasetLeases.take_over": lambda world: world.leases.take_over(world.holder, "run-2", "arn:2") is not None,
    "DynamoDbDatasetLeases.renew": lambda world: world.leases.renew(world.lease),
    "DynamoDbDatasetLeases.release": lambda world: world.release(),
}


def test_every_method_of_both_adapters_is_troubled() -> None:
    methods = public_methods((DynamoDbAudit, DynamoDbDatasetLeases))
    assert len(methods) > 10
    assert methods <= SCENARIOS.keys()


@pytest.fixture
def world(dynamodb: DynamoDBServiceResource, monkeypatch: pytest.MonkeyPatch) -> World:
    """With transactions so small that everything takes several."""
    monkeypatch.setattr("taxi.dynamodb.audit._ACTIONS", 2)
    return World(dynamodb)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_troubled_method_succeeds_or_leaves_things_whole_for_the_next_attempt(world: World, scenario: str) -> None:
    assert_mended(world, SCENARIOS[scenario])
