"""Rules 1 to 9 together: whatever happens to source, files, events and runs, the lake ends equal to the source."""

# ruff: noqa: S311 - draws must repeat, not be secret

from collections import Counter
from collections.abc import Iterator
from random import Random, SystemRandom

import pytest
from odp.file_processor.selection.file_selection import Selection
from odp.file_processor.selection.late_files import Limits

from rehearsal.source.dms import CHANGE_SEQUENCE
from rehearsal.torture.check import Kind
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.faults import CALL_FAULTS, FaultKind
from rehearsal.torture.histories import Act, Step, Story, story
from rehearsal.torture.memory.engines import OF_COMMITS
from rehearsal.torture.memory.iceberg_catalog import AFTER_COMMIT, BEFORE_COMMIT
from rehearsal.torture.memory.lake import MemoryLake
from rehearsal.torture.pairs import HUDI, ICEBERG, ON_HUDI, STORAGES, Engine
from rehearsal.torture.reference_model import FOLDERS
from rehearsal.torture.runner import Failure, memory_trial, problems_of, shortened, silent, tell
from rehearsal.torture.source_table import ADDED, CLOCK, DROPPED, RETYPED, WIDENED
from rehearsal.torture.trial import Trial

LIMIT = Limits()
FILE = DmsFile("s/t/LOAD00000001.parquet", {"ID": "int"}, ({"ID": 1},))
SEEDS = 120
"""`make torture` plays thousands."""


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_lake_equals_the_source_and_the_ledger_agrees_with_the_files_after_any_story(first: int) -> None:
    failed = {seed: problems for seed in range(first, first + 20) if (problems := problems_of(story(seed)))}
    assert not failed, f"make torture SEEDS=1 FIRST={min(failed)} shows the shortest history"


# a hundred at each run of `make test`; `make test-slow` plays as many again
@pytest.mark.parametrize("share", [*range(5), *(pytest.param(share, marks=pytest.mark.slow) for share in range(5, 10))])
def test_histories_that_nobody_has_played_before_end_well_too(share: int) -> None:
    first = SystemRandom().randrange(10**9)
    failed = [seed for seed in range(first, first + 20) if problems_of(story(seed))]
    assert not failed, f"make torture SEEDS=1 FIRST={failed[0]} shows the shortest history (share {share})"


def test_histories_have_every_act_and_every_kind_of_table() -> None:
    stories = [story(seed) for seed in range(SEEDS)]
    assert {step.act for told in stories for step in told.steps} == set(Act)
    replicas = [replica for told in stories for replica in memory_trial(told).replicas]
    kinds = [replica.kind for replica in replicas]
    assert {kind.is_historical for kind in kinds} == {True, False}
    assert {kind.partition for kind in kinds} == {"REGION", None}
    assert {kind.order for kind in kinds} == {CHANGE_SEQUENCE, CLOCK, None}
    assert {len(kind.key) for kind in kinds} == {1, 2}
    assert {kind.source for kind in kinds} == set(FOLDERS)
    tasks = [replica.dms for replica in replicas]
    assert {task.writes_changes_apart for task in tasks} == {task.before_images for task in tasks} == {True, False}
    assert {task.segments for task in tasks} == {0, 2, 3}
    assert {replica.storage for replica in replicas} == {*STORAGES}


def test_commits_are_of_every_format_and_engine_and_have_faults() -> None:
    """A run is killed before and after its commit, no answer comes, another run is in between, a request lands late."""
    commits: Counter[tuple[str, Engine]] = Counter()
    struck: Counter[tuple[str, FaultKind]] = Counter()
    by_others: Counter[str] = Counter()
    for told in map(story, range(SEEDS // 4)):
        trial = memory_trial(told, STORAGES[-1])
        with silent():
            trial.play(told.steps)
        assert isinstance(trial.lake, MemoryLake)
        commits.update(trial.lake.iceberg.played)
        struck.update(trial.lake.iceberg.struck)
        by_others.update(trial.lake.iceberg.catalog.struck)
    assert commits[ICEBERG, Engine.SPARK] > SEEDS // 2
    assert commits[ICEBERG, Engine.NATIVE] > SEEDS // 2
    assert commits[HUDI, Engine.SPARK] == 0
    assert {boundary for boundary, _ in struck} == {BEFORE_COMMIT, AFTER_COMMIT}
    assert {kind for _, kind in struck} == {*OF_COMMITS}
    assert by_others["late"]
    assert by_others["compacted"]


def test_trouble_strikes_calls_of_everybody_who_writes_outside_of_refreshes_and_loads_begin_again() -> None:
    """Those who plan and end executions, register, sweep and decide; each before the call and after it.

    Many loads begin again in their midst, with every change of columns. No more histories are played than show it.
    """
    struck: Counter[tuple[FaultKind, str]] = Counter()
    restarts: Counter[str] = Counter()
    skips, missing = 0, ["all"]
    for seed in range(2 * SEEDS):
        told = story(seed)
        trial = memory_trial(told, ON_HUDI)
        with silent():
            trial.play(told.steps)
        assert isinstance(trial.lake, MemoryLake)
        struck += trial.lake.troubles.struck
        skips += sum(replica.skips for replica in trial.replicas)
        if seed < SEEDS:
            restarts.update(how for replica in trial.replicas for how in replica.restarts)
        missing = [*_untroubled(struck), *_too_seldom(restarts), *(["a broken file"] if skips <= 2 else [])]
        if not missing:
            break
    assert missing == []


TROUBLED = ("claim", "release", "pending_work", "leases", "write", "register", "save", "approve", "dismiss")


def _untroubled(struck: Counter[tuple[FaultKind, str]]) -> Iterator[str]:
    """Name the kinds of trouble that did not strike, and the calls before or after which none did."""
    boundaries = {boundary for _, boundary in struck}
    yield from (str(kind) for kind in set(CALL_FAULTS) ^ {kind for kind, _ in struck})
    yield from {f"{when} {call}" for call in TROUBLED for when in ("before", "after")} - boundaries
    if boundaries.isdisjoint({"before keep", "after keep"}):
        yield "keep"


def _too_seldom(restarts: Counter[str]) -> Iterator[str]:
    """Name the changes of columns with which too few loads began again."""
    changes = {ADDED, WIDENED, DROPPED, RETYPED}
    yield from changes ^ set(restarts)
    yield from (change for change in changes if restarts[change] < SEEDS // 20)
    if restarts.total() < SEEDS // 4:
        yield "restarts"


def test_some_histories_have_tables_of_equal_names_in_two_sources() -> None:
    names = [[replica.kind.table for replica in memory_trial(story(seed)).replicas] for seed in range(SEEDS)]
    assert any(len(set(tables)) < len(tables) for tables in names)


def test_histories_differ_in_how_much_a_commit_reads_and_in_how_the_bucket_is_encrypted() -> None:
    lakes = [MemoryLake(Random(seed)) for seed in range(SEEDS)]
    assert {lake.limits.files for lake in lakes} == {1, 2, 5, 1000}
    capped = [lake.limits for lake in lakes if lake.limits.bytes < LIMIT.bytes]
    assert len({limits.bytes for limits in capped}) == 3
    assert any(limits.files == LIMIT.files for limits in capped), "then bytes alone cut a commit"
    pairs = [(lake.staging.put(FILE), lake.staging.put(FILE)) for lake in lakes]
    assert {first.etag == again.etag for first, again in pairs} == {True, False}


def test_drop_leaves_objects_of_the_load_that_follows_only_and_excuses_no_row_of_a_snapshot_table() -> None:
    told = next(told for told in map(story, range(SEEDS)) if not memory_trial(told).replicas[0].kind.is_historical)
    trial = memory_trial(told)
    (replica, *_) = trial.replicas
    for seed, act in enumerate((Act.CHANGE, Act.LOAD, Act.CHANGE, Act.FLUSH, Act.DROP)):
        trial.take(Step(act, 0, seed))
    left = trial.lake.objects(replica.dms.folder)
    assert {file.key for file in left} == replica.newest_load.keys() - {part.key for part in replica.unwritten}
    assert not replica.lost
    assert not trial.play(())


@pytest.mark.parametrize("is_historical", [True, False])
@pytest.mark.parametrize("is_applied", [True, False])
def test_emptied_source_needs_a_person_and_no_load(is_historical: bool, is_applied: bool) -> None:
    """Whether or not the changes since were applied before the person came."""
    trials = (memory_trial(story(seed)) for seed in range(SEEDS))
    trial = next(trial for trial in trials if trial.replicas[0].kind.is_historical is is_historical)
    (replica, *_) = trial.replicas
    lake = trial.lake
    for seed, act in enumerate((Act.CHANGE, Act.LOAD, Act.FLUSH)):
        trial.take(Step(act, 0, seed))
    lake.sweep_through()
    lake.run({}, lambda: None)
    for seed, act in enumerate((Act.EMPTY, Act.CHANGE, Act.FLUSH)):
        trial.take(Step(act, 0, seed))
    assert replica.diverged
    if is_applied:
        lake.sweep_through()
        lake.run({}, lambda: None)
    assert not trial.play(())
    assert not replica.diverged
    assert not any(file.is_load for file in lake.objects(replica.dms.folder))


@pytest.mark.parametrize("is_historical", [True, False])
def test_table_that_was_created_again_has_other_columns_and_the_rows_of_its_own_load_only(is_historical: bool) -> None:
    """A historical table keeps its columns, as nothing replaces its rows."""
    trials = (memory_trial(story(seed)) for seed in range(SEEDS))
    trial = next(trial for trial in trials if trial.replicas[0].kind.is_historical is is_historical)
    (replica, *_) = trial.replicas
    for seed, act in enumerate((Act.CHANGE, Act.CHANGE, Act.LOAD, *[Act.PART] * 9, Act.CHANGE, Act.FLUSH)):
        trial.take(Step(act, 0, seed))
    trial.lake.sweep_through()
    trial.lake.run({}, lambda: None)
    before, rows = replica.source.columns, trial.lake.evidence(replica).rows
    trial.take(Step(Act.CREATE_AGAIN, 0, 1))
    after = replica.source.columns
    assert (before.items() <= after.items()) is is_historical
    assert after.keys() - before.keys()
    assert rows
    assert {*replica.kind.key, *filter(None, (replica.kind.partition, replica.kind.order))} <= {CHANGE_SEQUENCE, *after}
    assert not trial.play([Step(act, 0, seed) for seed, act in enumerate((Act.CHANGE, Act.FLUSH))])
    dropped = before.keys() - after.keys()
    lake = trial.lake.evidence(replica).rows
    assert not {name for row in lake for name in row if name in dropped}


@pytest.mark.parametrize("is_historical", [True, False])
@pytest.mark.parametrize("apart", [True, False])
def test_load_that_begins_again_has_other_columns_and_its_former_parts_are_in_no_commit_with_the_new_ones(
    is_historical: bool, apart: bool
) -> None:
    trial = next(_trials_that_restart(is_historical=is_historical, apart=apart))
    (replica, *_) = trial.replicas
    trial.lake.sweep_through()
    trial.lake.run({}, lambda: None)
    assert isinstance(trial.lake, MemoryLake)
    parts = [stored.file for stored in trial.lake.staging.stored if stored.file.is_load]
    assert len({tuple(part.columns.items()) for part in parts}) == 2
    assert not trial.play(())
    assert {name for row in trial.lake.evidence(replica).rows for name in row} >= replica.source.columns.keys()


def _trials_that_restart(*, is_historical: bool, apart: bool) -> Iterator[Trial]:
    """Tables with a load of many parts that began again with other columns when some of it had landed."""
    for seed in range(10 * SEEDS):
        trial = memory_trial(story(seed))
        replica = trial.replicas[0]
        if (replica.kind.is_historical, replica.dms.writes_changes_apart) == (is_historical, apart):
            acts = (*[Act.CHANGE] * 4, Act.FLUSH, *[Act.CHANGE] * 2, Act.RESTART)
            for number, act in enumerate(acts):
                trial.take(Step(act, 0, number))
            if replica.restarts and len(replica.newest_load) > 1:
                yield trial


def test_same_seed_tells_the_same_story() -> None:
    assert list(tell(story(5))) == list(tell(story(5)))
    assert story(5) != story(6)


def test_failing_story_is_told_in_the_fewest_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that takes no change file needs a change, and a file of it, to be wrong."""
    monkeypatch.setattr(Selection, "select", _changes_are_never_applied)
    whole = next(told for told in map(story, range(SEEDS)) if problems_of(told))
    short = shortened(Failure(whole, problems_of(whole)))
    assert 0 < len(short.story.steps) < len(whole.steps)
    assert problems_of(short.story) == short.problems
    for number in range(len(short.story.steps)):
        steps = short.story.steps[:number] + short.story.steps[number + 1 :]
        assert not problems_of(Story(short.story.seed, short.story.tables, steps))
    assert Kind.PENDING in {problem.finding.kind for problem in short.problems}


def _changes_are_never_applied(*_: object) -> None:
    raise ValueError("no")
