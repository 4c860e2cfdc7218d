"""Rules 1 to 9 together: whatever happens to source, files, events and runs, the lake ends equal to the source."""

import pytest
from odp.file_processor import table_refresh

from rehearsal.torture.memory_trial import memory_trial
from rehearsal.torture.runner import Failure, problems_of, shortened, tell
from rehearsal.torture.stories import Act, Story, story
from rehearsal.torture.verdict import Kind

SEEDS = 120
"""`make torture` plays thousands."""


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_lake_equals_the_source_and_the_books_agree_with_the_files_after_any_story(first: int) -> None:
    failed = {seed: problems for seed in range(first, first + 20) if (problems := problems_of(story(seed)))}
    assert not failed, f"make torture SEEDS=1 FIRST={min(failed)} shows the shortest story"


def test_stories_have_every_act_and_every_kind_of_table() -> None:
    stories = [story(seed) for seed in range(SEEDS)]
    assert {step.act for told in stories for step in told.steps} == set(Act)
    replicas = [replica for told in stories for replica in memory_trial(told).replicas]
    assert {replica.is_historical() for replica in replicas} == {True, False}
    assert {replica.config.hudi_partition_key for replica in replicas} == {"REGION", None}
    assert {len(replica.config.hudi_primary_key) for replica in replicas} == {1, 2}


def test_same_seed_tells_the_same_story() -> None:
    assert list(tell(story(5))) == list(tell(story(5)))
    assert story(5) != story(6)


def test_failing_story_is_told_in_the_fewest_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that takes no change file needs a change, and a file of it, to be wrong."""
    monkeypatch.setattr(table_refresh, "select_files", _changes_are_never_applied)
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
