"""Epochs begin in either Region, replicate late, and runs overtake each other, all at random moments of refreshes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

import pytest
from odp.refresh import RefreshStatus

from lake.errors import TableMovedError
from tests.unit.odp.file_processor.epochs_world import Lake
from tests.unit.two_regions import EAST, WEST

if TYPE_CHECKING:
    from odp.records import RawTableConfig
    from odp.refresh import LastCommit, RefreshPlan
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

    from lake.ledger.regions import Epoch

SEEDS, RUNS, FILES = 12, 7, 3


class Killed(BaseException):
    """The process ends here."""


class ChanceLake(Lake):
    """A lake that somebody meddles with at each step; `looks` are the epochs that commits were allowed under."""

    def meddled(self, seed: int) -> ChanceLake:
        """Begin to meddle by a seed."""
        self.draw = Random(seed)  # noqa: S311 - draws must repeat, not be secret
        self.depth = self.landed = self.begun = 0
        self.looks: list[tuple[int, Epoch]] = []
        self.outcomes: list[RefreshStatus] = []
        self.files_of_a_commit = 2
        self.is_quiet = False
        return self

    def step(self) -> None:
        """Let nothing or something happen."""
        choice = None if self.is_quiet else self.draw.randrange(10)
        if choice == 0:
            self.begin()
        elif choice == 1:
            self.regions.replicate(backwards=bool(self.draw.randrange(2)))
        elif choice == 2 and self.depth < 2:
            self.now += 61
            self.run()
        elif choice == 3:
            raise Killed

    def begin(self) -> None:
        """Begin the next epoch, as the Region knows it in which somebody asks for it."""
        here, active = self.draw.choice([EAST, WEST]), self.draw.choice([EAST, WEST])
        self.regions.begin(self.regions.of(here).newest().number + 1, active, here=here, by=str(self.draw.random()))

    def run(self) -> None:
        """Plan and refresh, as the Batch Manager and a run do; a paused run may begin much later."""
        epoch = self.regions.of(EAST).newest()
        self.depth += 1
        self.begun += 1
        with suppress(Killed):
            self.step()
            outcome = self.refresh(f"jr_{self.begun}", epoch.number, epoch.role_of(EAST))
            if outcome is not None:
                self.outcomes.append(outcome.status)
        self.depth -= 1

    def _reach(self, step: str) -> None:
        self.step()

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Refuse what a table refuses that has moved, also between the look and the commit."""
        self._reach("applying")
        self._refuse_moved(refresh)
        check_lease()
        seen = self.regions.of(EAST).newest()
        self._reach("committing")
        self._refuse_moved(refresh)
        self.looks.append((refresh.epoch, seen))
        self.commits.append(refresh)
        committed = self.last_refresh(config)
        assert committed is not None
        return committed

    def _refuse_moved(self, refresh: RefreshPlan) -> None:
        last = self.commits[-1].file_ids if self.commits else frozenset()
        if refresh.follows != last:
            raise TableMovedError


def played(dynamodb: DynamoDBServiceResource, seed: int) -> ChanceLake:
    """Let files land and runs come, and nobody meddle with the last two."""
    lake = ChanceLake(dynamodb).meddled(seed)
    for _ in range(RUNS):
        for _ in range(lake.draw.randrange(FILES)):
            lake.landed += 1
            lake.land(lake.landed)
        lake.run()
        lake.now += 61
    lake.regions.replicate()
    lake.is_quiet = True
    lake.run()
    lake.run()
    return lake


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_file_is_applied_once_and_no_commit_is_made_under_an_epoch_that_was_seen_to_be_over(
    dynamodb: DynamoDBServiceResource, seed: int
) -> None:
    lake = played(dynamodb, seed)
    east, west = lake.regions.both_see()
    assert east == west
    assert (lake.applied, lake.pending) == (list(range(1, lake.landed + 1)), [])
    assert all(epoch == seen.number for epoch, seen in lake.looks)


def test_chance_stops_runs_and_commits_under_several_epochs(dynamodb: DynamoDBServiceResource) -> None:
    """Or the test above would show nothing."""
    lake = played(dynamodb, 0)
    assert {RefreshStatus.STOPPED, RefreshStatus.COMPLETED} <= {*lake.outcomes}
    assert len({epoch for epoch, _ in lake.looks}) > 1
