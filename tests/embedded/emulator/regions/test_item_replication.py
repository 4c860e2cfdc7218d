"""Items of a global table: each arrives for itself, and of two writes the later one wins everywhere."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.regions.control import RegionControl
from tests.embedded.emulator.regions.places import EAST, WEST
from tests.embedded.waiting import eventually

TABLE = "region"
Client = Callable[[str, str], Any]


@pytest.fixture
def client(client: Client) -> Client:
    """A table with a replica in the other Region."""
    client("dynamodb", EAST).create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("kind", "id")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )  # fmt: skip
    client("dynamodb", EAST).update_table(TableName=TABLE, ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    return client


def put(client: Client, region: str, id_: str, value: str, **more: Any) -> None:
    item = {"kind": {"S": "epoch"}, "id": {"S": id_}, "value": {"S": value}}
    client("dynamodb", region).put_item(TableName=TABLE, Item=item, **more)


def values(client: Client, region: str) -> dict[str, str]:
    items = client("dynamodb", region).scan(TableName=TABLE)["Items"]
    return {item["id"]["S"]: item["value"]["S"] for item in items}


def test_without_a_delay_an_item_is_in_both_regions_at_once(client: Client) -> None:
    put(client, EAST, "1", "a")
    put(client, WEST, "2", "b")
    client("dynamodb", WEST).delete_item(TableName=TABLE, Key={"kind": {"S": "epoch"}, "id": {"S": "1"}})
    assert values(client, EAST) == values(client, WEST) == {"2": "b"}


def test_the_last_write_wins_in_both_regions_whichever_arrives_first(client: Client, control: RegionControl) -> None:
    control.delay(3, items=(0.3, 0.3))
    put(client, EAST, "1", "first")
    control.delay(3, items=(0.0, 0.0))
    put(client, WEST, "1", "second")
    assert values(client, EAST) == {"1": "second"}
    put(client, EAST, "2", "told when the first has come")
    control.delay(3, items=(0.5, 0.5))
    put(client, EAST, "3", "mark")
    eventually(lambda: values(client, WEST), lambda found: "3" in found)
    assert values(client, EAST)["1"] == values(client, WEST)["1"] == "second"


def test_a_condition_judges_the_copy_of_its_own_region(client: Client, control: RegionControl) -> None:
    control.cut(WEST)
    once = {"ConditionExpression": "attribute_not_exists(id)"}
    put(client, EAST, "1", "east", **once)
    put(client, WEST, "1", "west", **once)
    assert (values(client, EAST), values(client, WEST)) == ({"1": "east"}, {"1": "west"})
    control.heal(WEST)
    eventually(lambda: values(client, EAST), lambda found: found == {"1": "west"})
    assert values(client, WEST) == {"1": "west"}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        put(client, EAST, "1", "again", **once)


def test_a_deletion_is_a_write_like_others(client: Client, control: RegionControl) -> None:
    put(client, EAST, "1", "a")
    control.cut(WEST)
    put(client, EAST, "1", "changed before it was deleted")
    client("dynamodb", WEST).delete_item(TableName=TABLE, Key={"kind": {"S": "epoch"}, "id": {"S": "1"}})
    control.heal(WEST)
    eventually(lambda: values(client, EAST), lambda found: found == {})
    assert values(client, WEST) == {}


def test_a_transaction_arrives_item_by_item(client: Client, control: RegionControl) -> None:
    control.delay(5, items=(0, 0.6))
    writes = [
        {"Put": {"TableName": TABLE, "Item": {"kind": {"S": "epoch"}, "id": {"S": str(n)}, "value": {"S": "v"}}}}
        for n in range(8)
    ]
    client("dynamodb", EAST).transact_write_items(TransactItems=writes)
    seen: list[int] = []

    def arrived() -> int:
        seen.append(len(values(client, WEST)))
        return seen[-1]

    eventually(arrived, lambda count: count == 8, rarest=0.02)
    assert any(0 < count < 8 for count in seen)


def test_what_is_lost_for_good_stays_in_its_region(client: Client, control: RegionControl) -> None:
    control.cut(EAST)
    put(client, EAST, "1", "kept")
    put(client, EAST, "2", "lost")
    (lost,) = control.drop(EAST, kind="item", newest=1)
    assert lost["what"] == f"{TABLE}/epoch/2"
    control.heal(EAST)
    eventually(lambda: values(client, WEST), lambda found: found == {"1": "kept"})
    assert set(values(client, EAST)) == {"1", "2"}


def test_replicas_write_their_own_streams(client: Client) -> None:
    put(client, EAST, "1", "a")
    streams = client("dynamodbstreams", WEST)
    (stream,) = streams.list_streams(TableName=TABLE)["Streams"]
    described = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]
    shard = described["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    (record,) = streams.get_records(ShardIterator=iterator)["Records"]
    assert (record["eventName"], record["dynamodb"]["NewImage"]["value"]) == ("INSERT", {"S": "a"})
