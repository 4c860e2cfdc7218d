"""The state machine's steps through their entry point, on the real adapters."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from taxi.bundles import handler
from taxi.datasets.dataset import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.s3 import S3Bundles

from lake.errors import RejectedInputError
from tests.function_call import CallContext, metrics_in
from tests.unit.taxi.samples import landed, loaded
from tests.unit.two_regions import EAST, WEST, TwoRegions, create_region_table, requests_of, settings_json

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from types_boto3_s3.client import S3Client

CLAIM = {"step": "claim", "dataset": "yellow", "execution": "run-1"}


@pytest.fixture(autouse=True)
def _deployed(
    dynamodb: "DynamoDBServiceResource", bucket: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    variables = {"AUDIT_TABLE": "audit", "BUNDLE_BUCKET": "bundles", "LEASE_SECONDS": "60", "MAX_FILES_PER_RUN": "2"}
    variables["LAKE"] = "test-lake"
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    handler._steps.cache_clear()
    yield
    handler._steps.cache_clear()


def test_rounds_of_an_execution_end_every_file_and_then_the_execution_is_idle(
    dynamodb: "DynamoDBServiceResource",
) -> None:
    audit, bundles = DynamoDbAudit(dynamodb, "audit"), S3Bundles("bundles")
    for number in range(3):
        audit.register(landed(f"f{number}"))
    sizes = []
    while (claim := handler.handle(CLAIM, CallContext()))["outcome"] == "claimed":
        sizes.append(claim["files"])
        files = bundles.read(claim["bundle_key"]).files
        bundles.write_outcome(claim["bundle_key"], [loaded(file.file_id) for file in files])
        assert handler.handle({**CLAIM, "execution": "run-2"}, CallContext()) == {"outcome": "busy"}
        closed = handler.handle({**CLAIM, "step": "close", "bundle_key": claim["bundle_key"]}, CallContext())
        assert json.loads(json.dumps(closed))["failed"] == 0
    assert sizes == [2, 1]
    assert claim == {"outcome": "idle"}


def test_error_of_a_run_that_died_reaches_its_file_which_waits_and_is_counted_when_it_landed_long_ago(
    dynamodb: "DynamoDBServiceResource", capsys: pytest.CaptureFixture[str]
) -> None:
    DynamoDbAudit(dynamodb, "audit").register(landed(landed_at="2020-01-05T12:00:00Z"))
    claim = handler.handle(CLAIM, CallContext())
    close = {**CLAIM, "step": "close", "bundle_key": claim["bundle_key"], "error": {"Error": "E", "Cause": "C"}}
    assert handler.handle(close, CallContext())["subject"] == "To be tried again: yellow, 1 of 1 file"
    item = dynamodb.Table("audit").get_item(Key={"dataset": "yellow", "file_id": "f1"})["Item"]
    assert (item["file_status"], item["execution"]) == ("landed", "run-1")
    assert item["error"] == "a run that loaded it alone died, 1 of 6 times: E: C"
    assert handler.handle(CLAIM, CallContext()) == {"outcome": "idle"}, "it is not due"
    metric = metrics_in(capsys.readouterr().out)[-1]
    assert (metric["WaitingTaxiFiles"], metric["Lake"]) == (1, "test-lake")


def test_files_that_landed_just_now_are_not_counted_as_waiting(
    dynamodb: "DynamoDBServiceResource", capsys: pytest.CaptureFixture[str]
) -> None:
    just_now = datetime.now(UTC).isoformat(timespec="seconds")
    DynamoDbAudit(dynamodb, "audit").register(landed(landed_at=just_now))
    assert handler.handle(CLAIM, CallContext())["outcome"] == "claimed"
    assert metrics_in(capsys.readouterr().out) == []


@pytest.fixture
def two_regions(dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch) -> TwoRegions:
    create_region_table(dynamodb)
    monkeypatch.setenv("REGIONS", settings_json())
    return TwoRegions(dynamodb)


def test_standby_claims_nothing_takes_no_lease_and_counts_no_file_as_waiting_too_long(
    dynamodb: "DynamoDBServiceResource", two_regions: TwoRegions, capsys: pytest.CaptureFixture[str]
) -> None:
    DynamoDbAudit(dynamodb, "audit").register(landed(landed_at="2020-01-05T12:00:00Z"))
    two_regions.begin(1, WEST)
    assert handler.handle(CLAIM, CallContext()) == {"outcome": "standby"}
    assert metrics_in(capsys.readouterr().out) == []
    assert "Item" not in dynamodb.Table("audit").get_item(Key={"dataset": "lease#yellow", "file_id": "lease"})
    two_regions.begin(2, EAST)
    assert handler.handle(CLAIM, CallContext())["outcome"] == "claimed"


def test_bundle_has_the_epoch_of_its_claim_and_is_closed_in_any_epoch(
    dynamodb: "DynamoDBServiceResource", two_regions: TwoRegions
) -> None:
    """Closing notes what became of the files in this Region, which is right whoever is active."""
    DynamoDbAudit(dynamodb, "audit").register(landed())
    two_regions.begin(3, EAST)
    claim = handler.handle(CLAIM, CallContext())
    bundles = S3Bundles("bundles")
    assert bundles.read(claim["bundle_key"]).epoch == 3
    bundles.write_outcome(claim["bundle_key"], [loaded("f1")])
    two_regions.begin(4, WEST)
    closed = handler.handle({**CLAIM, "step": "close", "bundle_key": claim["bundle_key"]}, CallContext())
    assert closed["completed"] == 1
    assert handler.handle(CLAIM, CallContext()) == {"outcome": "standby"}


def test_claim_reads_the_epoch_twice_and_a_lake_without_a_secondary_never(
    dynamodb: "DynamoDBServiceResource", two_regions: TwoRegions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> list[str]:
        handler._steps.cache_clear()
        resource = handler._steps().dynamodb
        return requests_of(resource, lambda: handler.handle(CLAIM, CallContext()), of_table="regions")

    assert asked() == ["Query"] * 2
    monkeypatch.delenv("REGIONS")
    assert asked() == []


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            {**CLAIM, "dataset": "yelow"},
            f"'yelow' is no dataset; start the execution with one of {', '.join(load_datasets())}",
        ),
        ({**CLAIM, "step": "open"}, "'open' is no step of this function; name claim or close"),
    ],
)
def test_input_that_nobody_could_mean_is_refused(event: dict[str, str], message: str) -> None:
    with pytest.raises(RejectedInputError, match=message):
        handler.handle(event, CallContext())
