"""Changes the running configuration as one unit, for any number of entries and wherever the writer dies.

Every write is a transaction that demands that no later attempt has begun. So there is one writer at a time, and a
paused one does no harm. An attempt stages its changes beside the present entries, where no reader looks. It moves the
pointer to its own number. Then it settles: staged entries replace the present ones, each together with its line in the
deploy tracker. Before the pointer moves, the old configuration is whole; afterwards the new one is. The next attempt
finishes an interrupted settling before it stages anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lake.ledger.connection import condition_failed, persist, transact
from odp.configuration import ConfigDeployment, Configuration, Entry, Fields, item_of
from odp.dynamodb.deploy_tracker import bounded, closing, line_of
from odp.dynamodb.running_configuration import POINTER, configuration_in, scan, staged_by
from odp.errors import DeploymentOvertakenError
from odp.records import BatchConfig

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

# a transaction holds 100 actions (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)
# and one of them is the condition that no later attempt has begun
_ACTIONS = 99
_LATEST = "begun = :attempt"

Action = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Staged:
    """The planned change of an item: `entry` None removes it; `line` is its record in the deploy tracker."""

    table: str
    key: dict[str, str]
    entry: Fields | None
    line: Mapping[str, Any] | None

    def stage(self, version: int) -> Action:
        staged = {"version": version, "entry": self.entry, "line": self.line}
        return {
            "Update": {
                "TableName": self.table,
                "Key": self.key,
                "UpdateExpression": "SET staged = :staged",
                "ExpressionAttributeValues": {":staged": staged},
            }
        }

    def settle(self, tracker_table: str) -> list[Action]:
        if self.entry is None:
            settled: Action = {"Delete": {"TableName": self.table, "Key": self.key}}
        else:
            settled = {"Put": {"TableName": self.table, "Item": self.entry}}
        return [settled, {"Put": {"TableName": tracker_table, "Item": self.line}}] if self.line else [settled]


class DynamoDbConfigurationStore:
    """The writer's side of odpf_batch_config and odpf_raw_table_config."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, batch_table: str, raw_table_table: str, tracker_table: str
    ) -> None:
        self._client = dynamodb.meta.client
        self._batches = batch_table
        self._tables = raw_table_table
        self._tracker = tracker_table

    def begin(self) -> int:
        """Begin an attempt to deploy; it ends every earlier attempt."""
        answer = persist(
            lambda: self._client.update_item(
                TableName=self._tracker,
                Key=POINTER,
                UpdateExpression="ADD begun :one",
                ExpressionAttributeValues={":one": 1},
                ReturnValues="UPDATED_NEW",
            )
        )
        return int(str(answer["Attributes"]["begun"]))

    def running(self, attempt: int) -> Configuration:
        """Settle what the last deployment left unsettled, then give the running configuration.

        Raises:
            DeploymentOvertakenError: another attempt began later.
        """
        items = {table: list(scan(self._client, table)) for table in (self._batches, self._tables)}
        pointer = self._client.get_item(TableName=self._tracker, Key=POINTER, ConsistentRead=True)["Item"]
        if int(str(pointer["begun"])) != attempt:
            raise _overtaken(attempt)
        version = int(str(pointer.get("running", 0)))
        self._settle(attempt, self._unsettled(items, version))
        return configuration_in(items[self._batches], items[self._tables], version)

    def activate(self, attempt: int, deployment: ConfigDeployment) -> None:
        """Make the changes of a deployment visible at once, and close its request.

        Raises:
            DeploymentOvertakenError: another attempt began later; nothing has become visible.
        """
        staged = list(self._staged(deployment))
        for chunk in _chunks([[each.stage(attempt)] for each in staged]):
            self._write(attempt, chunk)
        self._move_pointer(attempt, deployment)
        self._settle(attempt, staged)

    def _move_pointer(self, attempt: int, deployment: ConfigDeployment) -> None:
        values = {
            ":attempt": attempt,
            ":id": deployment.request.request_id,
            ":at": deployment.request.deployed_at,
            ":commit": deployment.commit,
        }
        move = {
            "TableName": self._tracker,
            "Key": POINTER,
            "UpdateExpression": "SET running = :attempt, request_id = :id, running_since = :at, #commit = :commit",
            "ConditionExpression": _LATEST,
            "ExpressionAttributeNames": {"#commit": "commit"},
            "ExpressionAttributeValues": values,
        }
        changed: dict[str, Any] = {"changes": deployment.counts}
        if deployment.warnings:
            changed["warnings"] = bounded(deployment.warnings)
        close = closing(self._tracker, deployment.request, deployment.status, changed)
        self._transact(attempt, [{"Update": move}, {"Update": close}])

    def _settle(self, attempt: int, staged: Sequence[_Staged]) -> None:
        for chunk in _chunks([each.settle(self._tracker) for each in staged]):
            self._write(attempt, chunk)

    def _unsettled(self, items: Mapping[str, list[dict[str, Any]]], version: int) -> list[_Staged]:
        keys = {self._batches: ("refresh_cadence",), self._tables: ("refresh_cadence", "source_table_name")}
        return [
            _Staged(table, {name: item[name] for name in keys[table]}, staged["entry"], staged["line"])
            for table, found in items.items()
            for item in found
            if (staged := staged_by(item, version)) is not None
        ]

    def _staged(self, deployment: ConfigDeployment) -> Iterator[_Staged]:
        """The cadence is part of the key, so a table that moves to another cadence gets a new item."""
        for change in deployment.changes:
            line = line_of(change, deployment)
            if change.after:
                yield self._staged_entry(change.after, item_of(change.after), line)
            if change.before and (not change.after or _key(change.before) != _key(change.after)):
                yield self._staged_entry(change.before, None, None if change.after else line)

    def _staged_entry(self, entry: Entry, fields: Fields | None, line: Mapping[str, Any] | None) -> _Staged:
        table = self._batches if isinstance(entry, BatchConfig) else self._tables
        return _Staged(table, _key(entry), fields, line)

    def _write(self, attempt: int, actions: list[Action]) -> None:
        latest = {
            "TableName": self._tracker,
            "Key": POINTER,
            "ConditionExpression": _LATEST,
            "ExpressionAttributeValues": {":attempt": attempt},
        }
        self._transact(attempt, [{"ConditionCheck": latest}, *actions])

    def _transact(self, attempt: int, actions: list[Action]) -> None:
        try:
            transact(self._client, actions)
        except ClientError as error:
            if condition_failed(error):
                raise _overtaken(attempt) from error
            raise


def _key(entry: Entry) -> dict[str, str]:
    if isinstance(entry, BatchConfig):
        return {"refresh_cadence": entry.refresh_cadence}
    return {"refresh_cadence": entry.refresh_cadence, "source_table_name": entry.source_table_name}


def _chunks(groups: Iterable[list[Action]]) -> Iterator[list[Action]]:
    """Fill transactions with groups of actions, each group in one transaction."""
    chunk: list[Action] = []
    for group in groups:
        if len(chunk) + len(group) > _ACTIONS:
            yield chunk
            chunk = []
        chunk += group
    if chunk:
        yield chunk


def _overtaken(attempt: int) -> DeploymentOvertakenError:
    return DeploymentOvertakenError(f"deployment {attempt} of the configuration was overtaken by a later one")
