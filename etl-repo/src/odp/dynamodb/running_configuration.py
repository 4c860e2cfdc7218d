"""odpf_batch_config and odpf_raw_table_config as readers see them: always one whole deployment.

A deployment writes its changes beside the present entries, as `staged`. Then it moves one pointer, in
odpf_config_deploy_tracker, to its version. A reader takes the staged entry of the version that the pointer names,
otherwise the present entry. It reads one entry and the pointer as of one moment. To read several entries, it looks at
the pointer before and after, and reads again if the pointer moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from lake.ledger.connection import persist
from odp.configuration import Configuration, batch_config_of, raw_table_config_of
from odp.errors import ConfigurationMovedError, MissingConfigurationError
from odp.records import BatchConfig, RawTableConfig

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

POINTER = {"source_table_name": "configuration", "deployed_at": "running"}
"""The key of the item in odpf_config_deploy_tracker that names the running version; no source table lacks a dot."""

_READS = 5
Item = Mapping[str, Any]
T = TypeVar("T")


class RunningVersion:
    """The pointer to the version of the configuration that is running."""

    def __init__(self, dynamodb: DynamoDBServiceResource, tracker_table: str) -> None:
        self._client = dynamodb.meta.client
        self._tracker = tracker_table

    def number(self) -> int:
        """Return the running version; 0 before the first deployment."""
        item = self._client.get_item(TableName=self._tracker, Key=POINTER, ConsistentRead=True).get("Item", {})
        return _number_in(item)

    def read_with(self, table: str, key: Mapping[str, str]) -> Item | None:
        """Return one entry for the running version, both as of one moment; None if there is none."""
        gets: Any = [{"Get": {"TableName": self._tracker, "Key": POINTER}}, {"Get": {"TableName": table, "Key": key}}]
        answer = persist(lambda: self._client.transact_get_items(TransactItems=gets))
        pointer, item = (found.get("Item", {}) for found in answer["Responses"])
        return entry_in(item, _number_in(pointer))

    def read_consistently(self, read: Callable[[int], T]) -> T:
        """Read under one running version, and read again if the pointer moved meanwhile.

        Raises:
            ConfigurationMovedError: the pointer moved during every attempt.
        """
        version = self.number()
        for _ in range(_READS):
            found = read(version)
            now = self.number()
            if now == version:
                return found
            version = now
        message = f"the configuration changed {_READS} times while it was read"
        raise ConfigurationMovedError(message)


def _number_in(pointer: Item) -> int:
    return int(str(pointer.get("running", 0)))


class DynamoDbCadences:
    """The cadences with their tables."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, batch_table: str, raw_table_table: str, running: RunningVersion
    ) -> None:
        self._client = dynamodb.meta.client
        self._batches = batch_table
        self._tables = raw_table_table
        self._running = running

    def cadence(self, refresh_cadence: str) -> tuple[BatchConfig, Sequence[RawTableConfig]]:
        """Return a cadence and its active tables as of one deployment.

        Raises:
            MissingConfigurationError: the cadence has no batch configuration.
        """
        batch, tables = self._running.read_consistently(lambda version: self._read(refresh_cadence, version))
        if batch is None:
            message = f"cadence {refresh_cadence!r} has no item in {self._batches}; add it to batch_configs"
            raise MissingConfigurationError(message)
        configs = [raw_table_config_of(table) for table in tables]
        return batch_config_of(batch), [config for config in configs if config.is_active]

    def _read(self, refresh_cadence: str, version: int) -> tuple[Item | None, list[Item]]:
        key = {"refresh_cadence": refresh_cadence}
        found = self._client.get_item(TableName=self._batches, Key=key, ConsistentRead=True).get("Item", {})
        pages = self._client.get_paginator("query").paginate(
            TableName=self._tables,
            KeyConditionExpression="refresh_cadence = :cadence",
            ExpressionAttributeValues={":cadence": refresh_cadence},
            ConsistentRead=True,
        )
        items = (entry_in(item, version) for page in pages for item in page["Items"])
        return entry_in(found, version), [item for item in items if item is not None]


class DynamoDbTableConfigs:
    """The tables, one by one."""

    def __init__(self, dynamodb: DynamoDBServiceResource, raw_table_table: str, running: RunningVersion) -> None:
        self._client = dynamodb.meta.client
        self._tables = raw_table_table
        self._running = running

    def table(self, refresh_cadence: str, source_table_name: str) -> RawTableConfig:
        """Return one table's configuration.

        Raises:
            MissingConfigurationError: the table is not configured in that cadence.
        """
        key = {"refresh_cadence": refresh_cadence, "source_table_name": source_table_name}
        entry = self._running.read_with(self._tables, key)
        if entry is None:
            message = f"{source_table_name} is not configured for {refresh_cadence} in {self._tables}"
            raise MissingConfigurationError(message)
        return raw_table_config_of(entry)


class DynamoDbRunningConfiguration:
    """All cadences and all tables, active or not."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, batch_table: str, raw_table_table: str, running: RunningVersion
    ) -> None:
        self._client = dynamodb.meta.client
        self._batches = batch_table
        self._tables = raw_table_table
        self._running = running

    def everything(self) -> Configuration:
        """Return the whole configuration as of one deployment."""
        return self._running.read_consistently(
            lambda version: configuration_in(
                scan(self._client, self._batches), scan(self._client, self._tables), version
            )
        )


def configuration_in(batches: Iterable[Item], tables: Iterable[Item], version: int) -> Configuration:
    """Return the configuration of items for a running version."""
    batch_entries, table_entries = (
        [entry for item in items if (entry := entry_in(item, version)) is not None] for items in (batches, tables)
    )
    return Configuration.of(map(batch_config_of, batch_entries), map(raw_table_config_of, table_entries))


def entry_in(item: Item, version: int) -> Item | None:
    """Return the entry of an item for a running version; None if there is none."""
    staged = staged_by(item, version)
    if staged is not None:
        return staged["entry"]  # type: ignore[no-any-return]
    entry = {name: value for name, value in item.items() if name != "staged"}
    is_staged_only = entry.keys() <= {"refresh_cadence", "source_table_name"}
    return None if is_staged_only else entry


def staged_by(item: Item, version: int) -> Mapping[str, Any] | None:
    """Return the entry that a version has staged beside the present one; None if there is none."""
    staged = item.get("staged")
    return staged if staged and staged["version"] == version else None


def scan(client: DynamoDBClient, table: str) -> Iterator[dict[str, Any]]:
    """Read all items of a table."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]
