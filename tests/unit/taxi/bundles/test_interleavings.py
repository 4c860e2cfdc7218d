"""No file is lost or processed twice at a time, in any order of events and failures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import LeaseLostError
from tests.unit.taxi.bundles.interleaving import Killed, Party
from tests.unit.taxi.bundles.world import LEASE_SECONDS, World

pytestmark = pytest.mark.simulation

Interrupts = dict[int, int]
"""At which steps something else happens than that the newest party runs on, and what."""

SCHEDULE_SECONDS = 900

KEYS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=5)
INTERRUPTS = st.dictionaries(st.integers(0, 60), st.integers(0, 999), min_size=2, max_size=8)


@contextmanager
def world_of(keys: list[str]) -> Iterator[World]:
    world = World(keys)
    try:
        yield world
    finally:
        world.parties.end()


def play(world: World, interrupts: Interrupts, *, crashes: bool, overlong_rounds: bool = False) -> None:
    """Run everything to its end, and look at the world after each step."""
    current: Party | None = None
    for step in itertools.count():
        others = [party for party in world.parties.alive if party is not current]
        if step in interrupts:
            happenings = interruptions(world, current, crashes=crashes, overlong_rounds=overlong_rounds)
            current = happenings[interrupts[step] % len(happenings)]()
        elif current and not current.is_done:
            current.advance()
        elif others:
            current = others[-1]
        elif world.queue:
            current = world.deliver(2)
        else:
            return
        look_at(world, overlong_rounds=overlong_rounds)


def interruptions(
    world: World, current: Party | None, *, crashes: bool, overlong_rounds: bool
) -> list[Callable[[], Party | None]]:
    """What may come between two steps of a party; each tells which party runs next."""
    happenings: list[Callable[[], Party | None]] = [lambda: current]
    happenings += [lambda party=party: party for party in world.parties.alive]  # type: ignore[misc]
    if world.queue:
        happenings += [lambda: world.deliver(1), lambda: world.deliver(2)]
    if overlong_rounds or not world.holder_lives:
        happenings.append(lambda: let_lease_expire(world))
    if crashes and current and not current.is_done:
        happenings.append(lambda: world.kill(current))
        if current.name in world.names:
            happenings += [lambda: world.end_invocation(current)] * 2
    return happenings


def let_lease_expire(world: World) -> None:
    world.audit.now += LEASE_SECONDS + 1


def look_at(world: World, *, overlong_rounds: bool) -> None:
    an_execution_comes = world.executions or world.dead_executions
    waiting = set() if an_execution_comes else world.audit.marked.keys() - world.announced
    assert not waiting, "files are pending and nobody comes"
    worked_on = [file_id for files in world.working.values() for file_id in files]
    assert overlong_rounds or len(worked_on) == len(set(worked_on)), "two living executions work on one file"


def let_the_schedule_start_an_execution(world: World) -> None:
    """No lease needs to expire: whoever holds it has ended. Files that wait for their next try are due by then."""
    world.audit.now += SCHEDULE_SECONDS
    world.begin_execution("yellow", "scheduled")
    play(world, {}, crashes=False)


def assert_each_file_ended_once(world: World) -> None:
    assert not world.audit.marked
    assert set(world.audit.ended) == world.landed
    assert {len(ends) for ends in world.audit.ended.values()} == {1}


def assert_only_expected_failures(world: World) -> None:
    failures = [party.failure for party in world.parties.all if party.failure is not None]
    assert all(isinstance(failure, Killed | LeaseLostError) for failure in failures), failures


@settings(max_examples=150)
@given(keys=KEYS, interrupts=INTERRUPTS)
def test_without_crashes_every_file_ends_without_any_help(keys: list[str], interrupts: Interrupts) -> None:
    with world_of(keys) as world:
        play(world, interrupts, crashes=False)
        assert [party.failure for party in world.parties.all if party.failure] == []
        assert_each_file_ended_once(world)


@settings(max_examples=150)
@given(keys=KEYS, interrupts=INTERRUPTS)
def test_after_any_crashes_the_next_scheduled_execution_ends_what_is_left(
    keys: list[str], interrupts: Interrupts
) -> None:
    with world_of(keys) as world:
        play(world, interrupts, crashes=True)
        let_the_schedule_start_an_execution(world)
        assert_only_expected_failures(world)
        assert_each_file_ended_once(world)


@settings(max_examples=100)
@given(keys=KEYS, interrupts=INTERRUPTS)
def test_execution_whose_round_outlasts_its_lease_ends_no_file_that_another_has(
    keys: list[str], interrupts: Interrupts
) -> None:
    with world_of(keys) as world:
        play(world, interrupts, crashes=True, overlong_rounds=True)
        let_the_schedule_start_an_execution(world)
        assert_only_expected_failures(world)
        assert_each_file_ended_once(world)


def test_file_that_lands_between_the_last_look_and_the_return_of_the_lease_is_claimed() -> None:
    with world_of(["a"]) as world:
        world.begin_execution("yellow", "holder")
        (holder,) = world.parties.alive
        for _ in range(2):  # it takes the lease and looks: nothing is pending
            holder.advance()
        landing = world.deliver(1)
        while not landing.is_done:
            landing.advance()
        (turned_away,) = (party for party in world.parties.alive if party is not holder)
        while not turned_away.is_done:
            turned_away.advance()
        assert world.audit.marked
        play(world, {}, crashes=False)
        assert_each_file_ended_once(world)
