"""How far the sweep has come survives its run, and what a later release keeps beside it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from lake.landing.listings import SweepState
from lake.ledger.sweep_state import SWEEP, DynamoDbSweepState

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


def test_state_is_what_the_last_run_kept(dynamodb: "DynamoDBServiceResource") -> None:
    states = DynamoDbSweepState(dynamodb, "files", "staging")
    assert states.load() == SweepState()
    state = SweepState("2026-01-01T00:00:00+00:00", "", "s/t/key", "v1", "2026-01-01T00:00:00+00:00", "s/t/")
    state = replace(state, loads_began="2026-01-02T00:00:00+00:00", loads_after="s.t", recent_key="s/u/key")
    states.save(state)
    assert states.load() == state
    assert DynamoDbSweepState(dynamodb, "files", "other").load() == SweepState()


def test_unknown_fields_are_ignored(dynamodb: "DynamoDBServiceResource") -> None:
    key = {"source_table_name": SWEEP, "file_id": "staging"}
    dynamodb.Table("files").put_item(Item={**key, "format": 9, "key_marker": "k", "shards": 3})
    assert DynamoDbSweepState(dynamodb, "files", "staging").load() == SweepState(key_marker="k")
