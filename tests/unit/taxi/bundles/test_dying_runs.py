"""Runs that die: what becomes of the files, simulated over days with the schedule, pauses and a table of rows.

The simulation knows the state machine's order of steps and nothing of the rules by which files wait.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from taxi.bundles.bundling import Bundling, ClaimResult
from taxi.bundles.closing import Closing
from taxi.records import Bundle, FileOutcome, LoadStatus

from tests.unit.taxi.memory import MemoryAudit, MemoryBundles
from tests.unit.taxi.samples import landed, loaded

pytestmark = pytest.mark.simulation

MINUTE, HOUR = 60, 3_600
LOOK_AGAIN = 15 * MINUTE
RUN_TAKES = 5 * MINUTE
OUT_OF_MEMORY = "taxi_raw_to_conformed: States.TaskFailed: out of memory"
BUILD_BROKE = "taxi_conformed_to_purpose_built: States.TaskFailed: broke"
START = int(datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp())

Trouble = Callable[["Simulation", Bundle], str]
"""What ends a run before it said anything; an empty text if nothing does."""


def nothing(_: Simulation, __: Bundle) -> str:
    return ""


class Simulation:
    """One dataset, its schedule, and a conformed table whose rows a load replaces file by file."""

    def __init__(
        self, file_ids: list[str], *, conform: Trouble = nothing, build: Trouble = nothing, max_files: int = 500
    ) -> None:
        self.audit = MemoryAudit(lease_seconds=1_000 * HOUR)
        self.bundles = MemoryBundles()
        self.audit.now = START
        self.rows: dict[str, int] = {}
        self.loads: list[str] = []
        self.died: list[tuple[int, list[str]]] = []
        self.completed_at: dict[str, int] = {}
        self.builds = 0
        self._conform_trouble, self._build_trouble = conform, build
        self.outcome_of: Callable[[str], FileOutcome] = loaded
        clock = lambda: float(self.audit.now)  # noqa: E731 - read at each call
        self._bundling = Bundling(self.audit, self.audit, self.bundles, self, max_files_per_run=max_files, clock=clock)
        self._closing = Closing(self.audit, self.audit, self.bundles, clock=clock)
        for file_id in file_ids:
            self.audit.register(landed(file_id))

    @property
    def hours(self) -> float:
        return (self.audit.now - START) / HOUR

    def has_ended(self, _: str) -> bool:
        return True

    def live(self, hours: float) -> Simulation:
        """Let the schedule start executions until nothing is pending or the time is over."""
        number = 0
        end = START + int(hours * HOUR)
        while self.audit.now < end and self.audit.marked:
            number += 1
            self._execute(f"run-{number}", end)
            self.audit.now = (self.audit.now // LOOK_AGAIN + 1) * LOOK_AGAIN
        return self

    def _execute(self, name: str, end: int) -> None:
        while self.audit.now < end:
            claim = self._bundling.claim("yellow", name, name)
            if claim.result is not ClaimResult.CLAIMED:
                return
            assert claim.bundle is not None
            error = self._run(claim.bundle, claim.state_input)
            self.audit.now += RUN_TAKES
            state = self._closing.close(claim.bundle.key, error).state_input
            for file_id, ends in self.audit.ended.items():
                if ends[-1].status is LoadStatus.LOADED:
                    self.completed_at.setdefault(file_id, self.audit.now)
            self.audit.now += state["pause_seconds"]

    def _run(self, bundle: Bundle, state: dict[str, object]) -> str:
        file_ids = [file.file_id for file in bundle.files]
        if not state.get("is_loaded"):
            if error := self._conform_trouble(self, bundle):
                self.died.append((self.audit.now, file_ids))
                return error
            outcomes = [self.outcome_of(file_id) for file_id in file_ids]
            for outcome in outcomes:
                if outcome.status is LoadStatus.LOADED:
                    self.loads.append(outcome.file_id)
                    self.rows[outcome.file_id] = outcome.rows_loaded
            self.bundles.write_outcome(bundle.key, outcomes)
        self.builds += 1
        return self._build_trouble(self, bundle)

    def statuses(self) -> dict[str, str]:
        return {file_id: ends[-1].status.value for file_id, ends in self.audit.ended.items()}


def killer(*file_ids: str) -> Trouble:
    def strike(_: Simulation, bundle: Bundle) -> str:
        return OUT_OF_MEMORY if any(file.file_id in file_ids for file in bundle.files) else ""

    return strike


def outage(until_hours: float, error: str = OUT_OF_MEMORY) -> Trouble:
    return lambda simulation, _: error if simulation.hours < until_hours else ""


def files(count: int) -> list[str]:
    return [f"f{number:03}" for number in range(count)]


@pytest.mark.parametrize("killing", range(8))
def test_file_that_kills_runs_fails_alone_and_the_seven_beside_it_are_loaded(killing: int) -> None:
    names = files(8)
    simulation = Simulation(names, conform=killer(names[killing])).live(hours=60)
    others = {name: "loaded" for name in names if name != names[killing]}
    assert simulation.statuses() == {**others, names[killing]: "failed"}
    assert sorted(simulation.loads) == sorted(others), "each is loaded once"
    assert {len(ends) for ends in simulation.audit.ended.values()} == {1}
    lone = [moment for moment, dead in simulation.died if dead == [names[killing]]]
    assert len(lone) >= 3
    assert lone[-1] - lone[0] >= 24 * HOUR
    assert max(simulation.completed_at[name] for name in others) - START < 2 * HOUR
    (end,) = simulation.audit.ended[names[killing]]
    assert "out of memory" in end.error
    assert "alone" in end.error


@pytest.mark.parametrize("killing", [[0], [499], [7, 250], [1, 2, 300, 499]])
def test_killers_among_five_hundred_hold_up_the_files_beside_them_for_hours_at_most(killing: list[int]) -> None:
    names = files(500)
    bad = {names[number] for number in killing}
    simulation = Simulation(names, conform=killer(*bad)).live(hours=80)
    assert {name for name, status in simulation.statuses().items() if status == "failed"} == bad
    assert len(simulation.loads) == len(set(simulation.loads)) == 500 - len(bad)
    assert max(simulation.completed_at.values()) - START < 12 * HOUR
    assert len(simulation.died) < 20 * len(bad)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 500])
@pytest.mark.parametrize(
    "error",
    [
        OUT_OF_MEMORY,
        "taxi_raw_to_conformed: States.Timeout: ",
        "taxi_raw_to_conformed: Glue.InternalServiceException: try later",
    ],
)
def test_outage_of_three_hours_that_kills_every_run_fails_no_file(count: int, error: str) -> None:
    simulation = Simulation(files(count), conform=outage(3, error)).live(hours=48)
    assert simulation.statuses() == dict.fromkeys(files(count), "loaded")
    assert sorted(simulation.loads) == files(count)
    assert simulation.hours < 12
    assert len(simulation.died) < 20 + 3 * min(count, 8), "eight files come to be tried alone, as those of 500 do not"


def test_runs_that_die_for_two_days_are_few() -> None:
    """Back-off: a fault of the account starts no flood of Glue runs, and fails no file that never ran alone."""
    simulation = Simulation(files(500), conform=outage(48)).live(hours=96)
    assert len([moment for moment, _ in simulation.died]) < 40
    assert set(simulation.statuses().values()) == {"loaded"}


def test_refused_runs_accuse_no_file_however_long_they_are_refused() -> None:
    refused = "taxi_raw_to_conformed: Glue.ResourceNumberLimitExceededException: no more"
    simulation = Simulation(files(1), conform=outage(100, refused)).live(hours=200)
    assert simulation.statuses() == {"f000": "loaded"}
    assert len(simulation.died) < 60


@pytest.mark.parametrize("until", [0.01, 3, 30, 100])
def test_broken_build_fails_no_loaded_file_and_loads_none_again(until: float) -> None:
    simulation = Simulation(files(8), build=outage(until, BUILD_BROKE)).live(hours=until + 24)
    assert simulation.statuses() == dict.fromkeys(files(8), "loaded")
    assert sorted(simulation.loads) == files(8)
    assert {ends[-1].rows_loaded for ends in simulation.audit.ended.values()} == {5}
    assert simulation.builds < 10 + until


def test_a_later_build_that_works_finishes_the_files_that_wait_for_one() -> None:
    simulation = Simulation(files(2), build=outage(20, BUILD_BROKE)).live(hours=20)
    simulation.audit.register(landed("late"))
    simulation.live(hours=20.8)
    assert simulation.statuses() == {"f000": "loaded", "f001": "loaded", "late": "loaded"}


def test_fault_that_the_job_names_as_passing_may_last_a_day() -> None:
    simulation = Simulation(files(3))
    slow = FileOutcome("", LoadStatus.PENDING, error="KMS does not answer")
    simulation.outcome_of = lambda file_id: (
        loaded(file_id)
        if simulation.hours >= 24 or file_id == "f001"
        else FileOutcome(file_id, slow.status, error=slow.error)
    )
    simulation.live(hours=72)
    assert simulation.statuses() == dict.fromkeys(files(3), "loaded")
    assert sorted(simulation.loads) == files(3)


def test_fault_that_never_passes_ends_the_file_after_a_day_of_few_tries() -> None:
    simulation = Simulation(files(1))
    tries: list[float] = []

    def never(file_id: str) -> FileOutcome:
        tries.append(simulation.hours)
        return FileOutcome(file_id, LoadStatus.PENDING, error="KMS does not answer")

    simulation.outcome_of = never
    simulation.live(hours=72)
    assert simulation.statuses() == {"f000": "failed"}
    assert tries[-1] >= 24
    assert len(tries) < 15
    assert "KMS does not answer" in simulation.audit.ended["f000"][0].error


def test_new_files_do_not_wait_for_those_that_kill_runs() -> None:
    simulation = Simulation(files(1), conform=killer("f000")).live(hours=1)
    simulation.audit.register(landed("fresh"))
    simulation.live(hours=1.5)
    assert simulation.statuses()["fresh"] == "loaded"


def test_files_under_suspicion_are_never_put_beside_those_that_are_not() -> None:
    simulation = Simulation(files(8), conform=outage(0.01)).live(hours=0.01)
    for number in range(5):
        simulation.audit.register(landed(f"new{number}"))
    claim = simulation._bundling.claim("yellow", "next", "next")
    assert claim.bundle is not None
    assert {file.file_id[:3] for file in claim.bundle.files} in ({"new"}, {"f00"})


@settings(max_examples=150)
@given(
    count=st.integers(1, 12),
    killing=st.sets(st.integers(0, 11), max_size=4),
    throttled=st.sets(st.integers(0, 11), max_size=4),
    outages=st.lists(st.tuples(st.floats(0, 20), st.floats(0, 3)), max_size=3),
    broken_build=st.floats(0, 30),
    max_files=st.integers(1, 5),
)
def test_whatever_happens_together_every_file_is_loaded_once_but_those_that_kill_runs(
    count: int,
    killing: set[int],
    throttled: set[int],
    outages: list[tuple[float, float]],
    broken_build: float,
    max_files: int,
) -> None:
    names = files(count)
    bad = {names[number] for number in killing if number < count}
    slow = {names[number] for number in throttled if number < count} - bad

    def conform(simulation: Simulation, bundle: Bundle) -> str:
        is_out = any(begin <= simulation.hours < begin + length for begin, length in outages)
        return OUT_OF_MEMORY if is_out else killer(*bad)(simulation, bundle)

    simulation = Simulation(names, conform=conform, build=outage(broken_build, BUILD_BROKE), max_files=max_files)
    simulation.outcome_of = lambda file_id: (
        FileOutcome(file_id, LoadStatus.PENDING, error="slow")
        if file_id in slow and simulation.hours < 5
        else loaded(file_id)
    )
    simulation.live(hours=200)
    assert simulation.statuses() == {name: "failed" if name in bad else "loaded" for name in names}
    assert sorted(simulation.loads) == [name for name in names if name not in bad]
    assert {len(ends) for ends in simulation.audit.ended.values()} == {1}
    assert len(simulation.died) < 20 * count
