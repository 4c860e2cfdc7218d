"""The table of the epochs with a replica in each of two Regions: what one Region writes reaches the other one later."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lake.ledger.regions import DynamoDbRegions, Epoch, RegionSettings, StandbyMode

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

EAST, WEST = "us-east-1", "us-west-2"
TABLES = {EAST: "regions", WEST: "regions_west"}


def settings_json(table: str = TABLES[EAST], mode: str = "warm") -> str:
    """The settings as a template writes them."""
    regions = {"table": table, "primary": EAST, "secondary": WEST}
    return json.dumps({**regions, "mode": mode, "lag_minutes": 15, "refresh_minutes": 30})


@dataclass
class TwoRegions:
    """Replicates whole items; of two that were written before either was replicated, the later one stays."""

    dynamodb: DynamoDBServiceResource
    mode: StandbyMode = StandbyMode.WARM
    _writes: list[tuple[int, str, str, dict[str, Any]]] = field(default_factory=list)
    _latest: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(self, region: str) -> DynamoDbRegions:
        """The epochs as code of one Region sees them."""
        return DynamoDbRegions(
            self.dynamodb, RegionSettings(TABLES[region], EAST, WEST, self.mode, 15, 30), own_region=region
        )

    def begin(self, number: int, active: str, *, here: str = EAST, by: str = "anna") -> bool:
        """Begin an epoch by a call in one Region."""
        moment = len(self._writes) + 1
        epoch = Epoch(number, active, f"2026-12-01T00:{moment:02d}:00+00:00", by, "drill", planned=False)
        if not self.of(here).begin(epoch):
            return False
        key = {"region_kind": "epoch", "entry_id": f"{number:010d}"}
        item: dict[str, Any] = self.dynamodb.Table(TABLES[here]).get_item(Key=key)["Item"]
        self._writes.append((moment, here, key["entry_id"], item))
        self._latest[here, key["entry_id"]] = moment
        return True

    def replicate(self, *, backwards: bool = False) -> None:
        """Bring every write to the other Region, in any order."""
        for moment, here, entry_id, item in sorted(self._writes, key=lambda each: each[0], reverse=backwards):
            there = WEST if here == EAST else EAST
            if self._latest.get((there, entry_id), 0) < moment:
                self.dynamodb.Table(TABLES[there]).put_item(Item=item)
                self._latest[there, entry_id] = moment

    def both_see(self) -> tuple[Epoch, Epoch]:
        """The epoch in force in each Region."""
        return self.of(EAST).newest(), self.of(WEST).newest()


def create_region_table(dynamodb: DynamoDBServiceResource, table: str = TABLES[EAST]) -> None:
    """Create the table of the epochs where a test's tables do not have it."""
    keys: Any = ("region_kind", "HASH"), ("entry_id", "RANGE")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )


def requests_of(dynamodb: DynamoDBServiceResource, work: Callable[[], object], *, of_table: str = "") -> list[str]:
    """Name the requests of some work, or those that name one table."""
    asked: list[str] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if not of_table or json.loads(params["body"]).get("TableName") == of_table:
            asked.append(model.name)

    events = dynamodb.meta.client.meta.events
    events.register("before-call.dynamodb", note)
    try:
        work()
    finally:
        events.unregister("before-call.dynamodb", note)
    return asked
