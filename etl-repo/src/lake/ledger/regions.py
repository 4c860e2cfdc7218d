"""Which Region is active: numbered epochs in the global table that both Regions of an environment replicate.

An epoch is written once and never changed. The one with the highest number is in force. DynamoDB judges a condition by
the local copy, so both Regions can begin the same number within the seconds that replication takes. Then the last
writer wins, and both Regions have the same epoch afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from lake.errors import StaleRegionError
from lake.ledger.connection import persist, took_place
from lake.ledger.epochs import Epoch, RegionSettings, Role, StandbyMode

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

__all__ = ["DynamoDbRegions", "Epoch", "RegionSettings", "Role", "RunEpoch", "StandbyMode"]

EPOCHS = "epoch"
"""The partition of the epochs; those of the marks have other names."""
FORMAT = 1
"""The format of an epoch's item; a reader ignores fields that it does not know."""
_DIGITS = 10  # so that the texts of numbers sort as the numbers
# or written by this very call, whose answer was lost
_IS_NEW = "attribute_not_exists(region_kind) OR active = :active AND #at = :at AND #by = :by"


class DynamoDbRegions:
    """Reads and begins epochs in the replica of one's own Region, each read strongly consistent and one request."""

    def __init__(self, dynamodb: DynamoDBServiceResource, settings: RegionSettings, own_region: str) -> None:
        self._client = dynamodb.meta.client
        self.settings = settings
        self.own_region = own_region

    @classmethod
    def from_json(cls, dynamodb: DynamoDBServiceResource, text: str) -> DynamoDbRegions | None:
        """Give the Regions of a deployed entry point; None without a secondary."""
        settings = RegionSettings.from_json(text)
        return cls(dynamodb, settings, dynamodb.meta.client.meta.region_name) if settings else None

    def newest(self) -> Epoch:
        """Return the epoch in force; without any, the primary is active."""
        found = self._query(ScanIndexForward=False, Limit=1)["Items"]
        return _read(found[0]) if found else Epoch(0, self.settings.primary)

    def role(self) -> Role:
        """Return the role of one's own Region now."""
        return self.newest().role_of(self.own_region)

    def epochs(self) -> list[Epoch]:
        """Return all epochs that began, the oldest first."""
        answer = self._query()
        items = answer["Items"]
        while key := answer.get("LastEvaluatedKey"):
            answer = self._query(ExclusiveStartKey=key)
            items += answer["Items"]
        return [_read(item) for item in items]

    def begin(self, epoch: Epoch) -> bool:
        """Begin an epoch; False if another one of its number is here already. The same call may be repeated."""
        key: dict[str, Any] = {"region_kind": EPOCHS, "entry_id": f"{epoch.number:0{_DIGITS}d}"}
        return took_place(
            lambda: persist(
                lambda: self._client.put_item(
                    TableName=self.settings.table,
                    Item={**key, "format": FORMAT, **_written(epoch)},
                    ConditionExpression=_IS_NEW,
                    ExpressionAttributeNames={"#at": "at", "#by": "by"},
                    ExpressionAttributeValues={":active": epoch.active, ":at": epoch.at, ":by": epoch.by},
                )
            )
        )

    def check(self, epoch: int, role: Role | None = None) -> None:
        """Demand that no later epoch has begun, and that one's own Region has still the given role in this one.

        Raises:
            StaleRegionError: a later one has, whichever Region it makes active; or this one was also begun in the other
                Region, whose entry came later and stays.
        """
        newest = self.newest()
        has_other_role = newest.number == epoch and role not in (None, newest.role_of(self.own_region))
        if newest.number > epoch or has_other_role:
            message = (
                f"the active Region changed to {newest.active} by epoch {newest.number}, and this run began under "
                f"epoch {epoch}; it commits nothing more, and its files wait"
            )
            raise StaleRegionError(message)

    def _query(self, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's own arguments
        answer = self._client.query(
            TableName=self.settings.table,
            KeyConditionExpression="region_kind = :epochs",
            ExpressionAttributeValues={":epochs": EPOCHS},
            ConsistentRead=True,
            **options,
        )
        return dict(answer)


@dataclass(frozen=True, slots=True)
class RunEpoch:
    """The epoch under which a run works, which it may not outlive, and the role of its Region in it."""

    regions: DynamoDbRegions
    number: int
    role: Role | None = None

    def check(self) -> None:
        """Demand that it is still in force; raises StaleRegionError."""
        self.regions.check(self.number, self.role)


def _written(epoch: Epoch) -> dict[str, Any]:
    values = asdict(epoch)
    return {"epoch": values.pop("number"), **values}


def _read(item: Mapping[str, Any]) -> Epoch:
    """Read an item of this or a later release."""
    known = {field.name: item[field.name] for field in fields(Epoch) if field.name in item}
    return Epoch(**{**known, "number": int(item["epoch"])})
