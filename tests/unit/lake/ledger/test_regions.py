"""Epochs: which Region is active, as each Region sees it in its own replica of the table."""

import json
from typing import TYPE_CHECKING

import pytest

from lake.errors import RetryableError, StaleRegionError
from lake.ledger.regions import DynamoDbRegions, Epoch, RegionSettings, Role, RunEpoch, StandbyMode
from tests.unit.two_regions import EAST, TABLES, WEST, TwoRegions, requests_of, settings_json

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


@pytest.fixture
def regions(dynamodb: "DynamoDBServiceResource") -> TwoRegions:
    return TwoRegions(dynamodb)


def test_no_settings_mean_no_secondary(dynamodb: "DynamoDBServiceResource") -> None:
    assert RegionSettings.from_json("") is None
    assert DynamoDbRegions.from_json(dynamodb, "") is None


def test_settings_are_what_the_template_says_whatever_a_later_release_adds() -> None:
    text = json.dumps({**json.loads(settings_json()), "witness": "us-east-2"})
    assert RegionSettings.from_json(text) == RegionSettings("regions", EAST, WEST, StandbyMode.WARM, 15, 30)


def test_own_region_is_that_of_the_client(dynamodb: "DynamoDBServiceResource") -> None:
    regions = DynamoDbRegions.from_json(dynamodb, settings_json())
    assert regions is not None
    assert (regions.own_region, regions.role()) == (EAST, Role.ACTIVE)


def test_primary_is_active_before_any_epoch(regions: TwoRegions) -> None:
    assert regions.of(EAST).newest() == Epoch(0, EAST, planned=True)
    assert (regions.of(EAST).role(), regions.of(WEST).role()) == (Role.ACTIVE, Role.STANDBY)
    assert regions.of(EAST).epochs() == []


def test_epoch_is_stored_as_the_contract_says(dynamodb: "DynamoDBServiceResource", regions: TwoRegions) -> None:
    epoch = Epoch(12, WEST, "2026-12-01T10:00:00+00:00", "anna", "fire", planned=False, last_seen="2026-12-01T09:00Z")
    assert regions.of(EAST).begin(epoch)
    (item,) = dynamodb.Table(TABLES[EAST]).scan()["Items"]
    assert item == {
        "region_kind": "epoch",
        "entry_id": "0000000012",
        "epoch": 12,
        "active": WEST,
        "at": "2026-12-01T10:00:00+00:00",
        "by": "anna",
        "reason": "fire",
        "planned": False,
        "last_seen": "2026-12-01T09:00Z",
        "format": 1,
    }
    assert regions.of(EAST).newest() == epoch


def test_highest_number_is_in_force_and_marks_are_no_epochs(
    dynamodb: "DynamoDBServiceResource", regions: TwoRegions
) -> None:
    for number, active in ((9, WEST), (10, EAST), (2, WEST)):
        assert regions.begin(number, active)
    dynamodb.Table(TABLES[EAST]).put_item(Item={"region_kind": "landed#s.t", "entry_id": "9999999999", "size": 1})
    assert regions.of(EAST).newest().number == 10
    assert [epoch.number for epoch in regions.of(EAST).epochs()] == [2, 9, 10]
    assert (regions.of(EAST).role(), regions.of(WEST).role()) == (Role.ACTIVE, Role.STANDBY)


def test_epoch_is_never_changed(regions: TwoRegions) -> None:
    assert regions.begin(1, WEST)
    assert not regions.begin(1, EAST, by="ben")
    assert regions.of(EAST).newest().active == WEST


def test_call_whose_answer_was_lost_may_be_repeated(regions: TwoRegions) -> None:
    epoch = Epoch(1, WEST, "2026-12-01T10:00:00+00:00", "anna")
    assert regions.of(EAST).begin(epoch)
    assert regions.of(EAST).begin(epoch)


def test_epochs_of_many_pages_are_all_read(dynamodb: "DynamoDBServiceResource", regions: TwoRegions) -> None:
    for number in range(1, 5):
        regions.of(EAST).begin(Epoch(number, WEST, reason="x" * 390_000))
    asked = requests_of(dynamodb, lambda: regions.of(EAST).epochs())
    assert len(asked) > 1
    assert [epoch.number for epoch in regions.of(EAST).epochs()] == [1, 2, 3, 4]


def test_run_under_the_newest_epoch_goes_on(regions: TwoRegions) -> None:
    regions.begin(3, EAST)
    RunEpoch(regions.of(EAST), 3).check()
    RunEpoch(regions.of(EAST), 4).check()  # begun in the other Region, and on its way to this replica


def test_run_under_an_earlier_epoch_is_told_which_one_took_over(regions: TwoRegions) -> None:
    regions.begin(3, WEST)
    with pytest.raises(StaleRegionError, match="the active Region changed to us-west-2 by epoch 3") as stale:
        RunEpoch(regions.of(EAST), 2).check()
    assert not isinstance(stale.value, RetryableError)


def test_later_epoch_of_the_same_region_ends_a_run_as_well(regions: TwoRegions) -> None:
    regions.begin(5, WEST)
    regions.begin(6, EAST)
    with pytest.raises(StaleRegionError, match="changed to us-east-1 by epoch 6"):
        regions.of(EAST).check(4)


def test_each_look_is_one_request(dynamodb: "DynamoDBServiceResource", regions: TwoRegions) -> None:
    regions.begin(1, EAST)
    here = regions.of(EAST)
    assert requests_of(dynamodb, here.newest) == ["Query"]
    assert requests_of(dynamodb, here.role) == ["Query"]
    assert requests_of(dynamodb, lambda: here.check(1)) == ["Query"]


@pytest.mark.parametrize("backwards", [False, True])
def test_one_number_begun_in_both_regions_ends_as_one_active_region(regions: TwoRegions, backwards: bool) -> None:
    assert regions.begin(1, EAST, here=EAST, by="anna")
    assert regions.begin(1, WEST, here=WEST, by="ben")
    assert [epoch.active for epoch in regions.both_see()] == [EAST, WEST]
    regions.replicate(backwards=backwards)
    east, west = regions.both_see()
    assert east == west
    assert [east.role_of(region) for region in (EAST, WEST)] == [Role.STANDBY, Role.ACTIVE]


def test_region_that_was_cut_off_is_active_to_itself_until_the_epoch_arrives(regions: TwoRegions) -> None:
    regions.begin(1, WEST, here=WEST)
    assert (regions.of(EAST).role(), regions.of(WEST).role()) == (Role.ACTIVE, Role.ACTIVE)
    regions.replicate()
    assert (regions.of(EAST).role(), regions.of(WEST).role()) == (Role.STANDBY, Role.ACTIVE)


def test_same_number_with_another_region_ends_only_runs_that_are_for_a_role(regions: TwoRegions) -> None:
    regions.begin(1, WEST)
    RunEpoch(regions.of(EAST), 1).check()
    RunEpoch(regions.of(EAST), 1, Role.STANDBY).check()
    with pytest.raises(StaleRegionError, match="us-west-2 by epoch 1"):
        RunEpoch(regions.of(EAST), 1, Role.ACTIVE).check()
