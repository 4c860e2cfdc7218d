"""Who plans: the active Region always, a warm standby every so many minutes, a cold one never (decision 29)."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from odp.file_processor.region_turn import RegionTurn, Turn

from lake.ledger.epochs import Epoch, RegionSettings, StandbyMode
from tests.unit.two_regions import EAST, WEST

SETTINGS = RegionSettings("regions", EAST, WEST, StandbyMode.WARM, lag_minutes=15, refresh_minutes=30)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp()


@dataclass
class World:
    """Both Regions' settings and epoch, and the last plans of a standby."""

    own_region: str = WEST
    settings: RegionSettings = SETTINGS
    epoch: Epoch = field(default_factory=lambda: Epoch(3, EAST))
    now: float = NOON
    last: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def newest(self) -> Epoch:
        return self.epoch

    def last_as_standby(self, refresh_cadence: str) -> str:
        self.asked += 1
        return self.last.get(refresh_cadence, "")

    def planned_as_standby(self, refresh_cadence: str) -> None:
        self.last[refresh_cadence] = datetime.fromtimestamp(self.now, UTC).isoformat()

    @property
    def turn(self) -> RegionTurn:
        return RegionTurn(self, self, lambda: self.now)


def test_active_region_plans_under_its_epoch_and_notes_nothing() -> None:
    world = World(own_region=EAST)
    turn = world.turn.of("c")
    assert turn == Turn(3)
    world.turn.planned("c", turn)
    assert (world.last, world.asked) == ({}, 0)


def test_cold_standby_never_plans_and_says_who_does() -> None:
    world = World(settings=replace(SETTINGS, mode=StandbyMode.COLD))
    turn = world.turn.of("c")
    assert (turn.epoch, turn.is_standby) == (3, True)
    assert "us-east-1 is the active Region" in turn.reason
    assert world.asked == 0


@pytest.mark.parametrize(("minutes", "plans"), [(0, False), (10, False), (28.9, False), (29.1, True), (30, True)])
def test_warm_standby_plans_a_cadence_every_so_many_minutes(minutes: float, plans: bool) -> None:
    """A schedule starts within a minute, so half an hour after a late start is a minute less."""
    world = World()
    first = world.turn.of("c")
    assert first == Turn(3, is_standby=True)
    world.turn.planned("c", first)
    world.now += minutes * 60
    assert bool(not world.turn.of("c").reason) is plans


def test_each_cadence_has_its_own_time() -> None:
    world = World()
    world.turn.planned("c", world.turn.of("c"))
    assert world.turn.of("c").reason
    assert not world.turn.of("d").reason


def test_region_that_became_active_plans_at_once_whatever_it_planned_as_a_standby() -> None:
    world = World()
    world.turn.planned("c", world.turn.of("c"))
    world.epoch = Epoch(4, WEST)
    assert world.turn.of("c") == Turn(4)


def test_region_that_no_epoch_knows_is_a_standby() -> None:
    """Two Regions that were others once: a person begins an epoch for one of these."""
    world = World(own_region=EAST, epoch=Epoch(3, "eu-west-1"))
    assert world.turn.of("c").is_standby
