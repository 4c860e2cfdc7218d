"""A Region is lost at any moment, and comes back or not: in the end the active Region's lake equals the source.

Nothing is lost or applied twice in either Region, and no run commits under an epoch that it saw to be over.
"""

from collections import Counter
from collections.abc import Callable
from random import SystemRandom
from typing import Any

import pytest

from rehearsal.torture.check import Kind
from rehearsal.torture.histories import story
from rehearsal.torture.memory.two_regions import EpochLeases, SeenRegion
from rehearsal.torture.region_histories import regions_trial
from rehearsal.torture.runner import problems_of_regions, silent

SEEDS = 60
"""`make torture REGIONS=1` plays thousands."""


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_active_region_ends_equal_to_the_source_whenever_the_other_one_was_lost(first: int) -> None:
    failed = [seed for seed in range(first, first + 20) if problems_of_regions(story(seed))]
    assert not failed, f"make torture REGIONS=1 SEEDS=1 FIRST={failed[0]} shows the shortest history"


@pytest.mark.parametrize("share", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_losses_that_nobody_has_played_before_end_well_too(share: int) -> None:
    first = SystemRandom().randrange(10**9)
    failed = [seed for seed in range(first, first + 20) if problems_of_regions(story(seed))]
    assert not failed, f"make torture REGIONS=1 SEEDS=1 FIRST={failed[0]} shows the shortest history (share {share})"


def test_histories_lose_regions_in_every_way() -> None:
    seen = Counter[str]()
    with silent():
        for seed in range(25):
            played = story(seed)
            trial = regions_trial(played)
            trial.play(played.steps)
            outcomes = [outcome for lake in trial.regions.lakes for outcome in lake.outcomes.values()]
            seen["in the midst of a run"] += trial.was_lost_in_a_run
            seen["planned"] += trial.is_planned
            seen["with files on the way"] += trial.files_missing > 0
            seen["failed back"] += trial.regions.active == 0
            seen["warm"] += trial.regions.is_warm
            seen["a run stopped by a later epoch"] += any("epoch" in outcome.error for outcome in outcomes)
    assert all(seen.values()), seen
    assert all(times < 25 for times in seen.values()), seen


Plant = Callable[[pytest.MonkeyPatch], None]


def replicas_land_when_they_are_copied(patch: pytest.MonkeyPatch) -> None:
    def landings(_: SeenRegion, register: Any) -> Any:
        return register

    patch.setattr(SeenRegion, "landings", landings)


def later_epochs_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(EpochLeases, "_check", lambda _: None)


@pytest.mark.parametrize(
    ("plant", "kinds", "seeds"),
    [
        (replicas_land_when_they_are_copied, {Kind.PENDING, Kind.ROWS}, (2, 3, 6, 7)),
        (later_epochs_are_not_looked_at, {Kind.EPOCH}, (5, 6, 12, 41)),
    ],
)
def test_planted_defect_of_two_regions_is_found(
    plant: Plant, kinds: set[Kind], seeds: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    found = [problem.finding.kind for seed in seeds for problem in problems_of_regions(story(seed))]
    assert set(found) & kinds
