"""A failover that dies anywhere is run again, and two people who run one at once begin one epoch."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from odp_cli.operate.failover_plan import Failover
from odp_cli.operate.region_report import RegionsReport
from odp_cli.operate.region_state import RegionState

from lake.ledger.regions import DynamoDbRegions, Epoch, RegionSettings, StandbyMode
from tests.tools.odp_cli.regions.test_failover import BACK, LOST, TO_WEST, done, refused
from tests.tools.odp_cli.regions.world import EAST, ENV, WEST, Killed, World

FULL = (*TO_WEST, "--start-dms")
MOST_WRITES = 12
"""More than a failover has: each write counts before it and after it."""


def outcome(world: World) -> tuple[object, ...]:
    """What counts in the end: the epochs in both replicas, and what DMS was told."""
    return (
        world.epochs(EAST),
        world.epochs(WEST),
        world.dms[EAST].settled(),
        world.dms[EAST].calls,
        world.dms[WEST].settled(),
        world.dms[WEST].calls,
        sorted(world.parameters[EAST].values),
    )


ONCE = ([(1, WEST, True)], [(1, WEST, True)], "stopped", ["stop"], "running", ["start-replication"])


def prepare(world: World) -> None:
    """A pipeline has stopped the replication once, and a person has started it since."""
    world.parameters[EAST].values[f"/odp/{ENV}/replication-stopped/default"] = "{}"


def died(world: World, *command: str) -> bool:
    """Run a command that may be killed."""
    try:
        done(world.odp(*command))
    except Killed:
        return True
    return False


@pytest.mark.parametrize("write", range(MOST_WRITES))
def test_killed_before_or_after_any_write_it_goes_on_when_it_is_run_again(world: World, write: int) -> None:
    prepare(world)
    world.dies_at = write
    died(world, *FULL)
    world.dies_at = -1
    done(world.odp(*FULL))
    assert outcome(world)[:-1] == ONCE
    assert not any("stopped" in name for name in world.parameters[EAST].values)


def test_every_write_of_a_failover_is_one_at_which_it_is_killed(world: World) -> None:
    prepare(world)
    done(world.odp(*FULL))
    stop_forgotten_dms_stopped_epoch_begun_dms_started = 8
    assert stop_forgotten_dms_stopped_epoch_begun_dms_started <= world.writes <= MOST_WRITES


@pytest.mark.parametrize("moment", range(5))
def test_killed_while_it_waits_it_goes_on_when_it_is_run_again(world: World, moment: int) -> None:
    world.mark("20261201-000000001.parquet")
    world.on_sleep.append(lambda: world.copy_object("20261201-000000001.parquet") if world.seconds >= 30 else None)
    slept: list[None] = []

    def die() -> None:
        slept.append(None)
        if len(slept) == moment + 1:
            raise Killed

    world.on_sleep.append(die)
    assert died(world, *FULL)
    done(world.odp(*FULL))
    assert outcome(world)[:-1] == ONCE


@pytest.mark.parametrize("write", range(4))
def test_killed_amid_a_failover_without_the_primary_the_one_after_its_return_ends_the_same(
    world: World, write: int
) -> None:
    world.cut.add(EAST)
    world.dies_at = write
    assert died(world, *LOST, "--start-dms")
    done(world.odp(*LOST, "--start-dms"))
    world.cut.clear()
    world.replicate()
    done(world.odp(*FULL))
    epochs = [(1, WEST, False)]
    assert outcome(world)[:-1] == (epochs, epochs, "stopped", ["stop"], "running", ["start-replication"])


# Two people at once.


def meanwhile(world: World, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have somebody else act right before the epoch of the running command is written."""
    begin = DynamoDbRegions.begin
    acted: list[None] = []

    def begin_late(self: DynamoDbRegions, epoch: Epoch) -> bool:
        if not acted:
            acted.append(None)
            act()
            world.is_test = False  # the command under test goes on
        return begin(self, epoch)

    monkeypatch.setattr(DynamoDbRegions, "begin", begin_late)


def test_of_two_people_with_the_same_wish_one_begins_the_epoch_and_the_other_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(world, monkeypatch, lambda: done(world.odp("failover", "--to", WEST, "--reason", "the other", "--yes")))
    told = refused(world.odp(*TO_WEST))
    assert "somebody else was first: epoch 1 (us-west-2)" in told
    assert "the other" in told
    assert world.epochs(EAST) == world.epochs(WEST) == [(1, WEST, True)]
    assert world.items(WEST)["epoch", "0000000001"]["reason"] == "the other"
    assert world.dms[EAST].calls == ["stop"]


def test_who_is_late_by_a_whole_failover_and_failback_is_told_and_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def there_and_back() -> None:
        done(world.odp(*FULL))
        done(world.odp(*BACK, "--start-dms"))

    meanwhile(world, monkeypatch, there_and_back)
    assert "somebody else was first: epoch 2 (us-east-1)" in refused(world.odp(*TO_WEST))
    assert world.epochs(EAST) == world.epochs(WEST) == [(1, WEST, True), (2, EAST, True)]


def test_a_failback_beside_a_failover_of_somebody_else_ends_with_one_active_region(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(world.odp(*FULL))

    def to_the_east_by_hand() -> None:
        world.epoch(2, EAST, region=EAST, by="berta")

    meanwhile(world, monkeypatch, to_the_east_by_hand)
    assert "somebody else was first: epoch 2 (us-east-1) began" in refused(world.odp(*BACK))
    world.replicate()
    assert world.epochs(EAST) == world.epochs(WEST)
    assert world.epochs(EAST)[-1] == (2, EAST, True)


def test_a_later_epoch_than_ones_own_is_told_as_the_one_in_force(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = DynamoDbRegions.begin

    def begin_and_be_overtaken(self: DynamoDbRegions, epoch: Epoch) -> bool:
        is_new = begin(self, epoch)
        world.is_test = True
        world.epoch(2, EAST, region=WEST, by="berta")
        world.is_test = False
        return is_new

    monkeypatch.setattr(DynamoDbRegions, "begin", begin_and_be_overtaken)
    assert "us-west-2 has another newest epoch, not 1: epoch 2 (us-east-1)" in refused(world.odp(*TO_WEST))


# Numbers of epochs, in two replicas of which each may miss what the other one has.


@pytest.mark.parametrize("seed", range(10))
def test_no_number_is_ever_begun_in_two_regions(seed: int) -> None:
    for number in range(50):
        begin_at_random(random.Random(f"{seed}/{number}"))  # noqa: S311 - repeated by its seed


def begin_at_random(chance: random.Random) -> None:
    """Begin epochs in two replicas, of which each gets some of what the other one has."""
    replicas: dict[str, dict[int, str]] = {EAST: {}, WEST: {}}
    begun: dict[int, set[str]] = defaultdict(set)
    for _ in range(30):
        if chance.random() < 0.3:
            here, there = chance.sample([EAST, WEST], 2)
            known = {number: active for number, active in replicas[here].items() if chance.random() < 0.5}
            replicas[there] |= known
            continue
        target = chance.choice([EAST, WEST])
        sees_both = chance.random() < 0.5
        seen = [newest(replicas[region]) for region in ((EAST, WEST) if sees_both else (target,))]
        number = plan(target, max(seen, key=lambda epoch: epoch.number)).next_epoch()
        assert all(epoch.number < number <= epoch.number + 2 for epoch in seen[-1:] if not sees_both)
        if number not in replicas[target]:  # as DynamoDB judges the condition there
            replicas[target][number] = target
            begun[number].add(target)
    assert all(len(regions) == 1 for regions in begun.values())


def newest(replica: dict[int, str]) -> Epoch:
    number = max(replica, default=0)
    return Epoch(number, replica.get(number, EAST))


def plan(target: str, epoch: Epoch) -> Failover:
    settings = RegionSettings("odpf_region", EAST, WEST, StandbyMode.WARM, 15, 30)
    states = (RegionState(EAST, epoch), RegionState(WEST, epoch))
    return Failover(
        RegionsReport(settings, *states, datetime.now(UTC)), target, without_active=False, environment="test"
    )


@pytest.mark.parametrize(
    ("number", "target", "expected"), [(0, WEST, 1), (1, EAST, 2), (2, WEST, 3), (0, EAST, 2), (1, WEST, 3)]
)
def test_epochs_count_up_by_one_in_turns(number: int, target: str, expected: int) -> None:
    assert plan(target, Epoch(number, EAST)).next_epoch() == expected
