"""A history is a list of steps drawn from a seed; leaving a step out does not change the others."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from rehearsal.torture.faults import Fault, any_call_fault


class Act(StrEnum):
    """What a step does; to which table, matters to most of them."""

    CHANGE = "the source changes some rows"
    ADD_COLUMN = "the source adds a column"
    WIDEN = "the source widens a column"
    FLUSH = "DMS writes the changes since"
    LOAD = "DMS begins a full load"
    PART = "DMS writes the next part of the load"
    REWIND = "DMS starts again from an older checkpoint"
    CHANGE_KEY = "the source changes the key of a row"
    TRUNCATE = "the source is emptied at once"
    AGAIN = "an operator uploads an object again"
    COPY = "an operator copies an object onto itself"
    COPY_FOLDER = "an operator copies the whole folder onto itself"
    RESTORE = "an operator restores the folder as it once was"
    DELETE = "an operator deletes an object"
    DECIDE = "a person decides what is held"
    BREAK = "a change file is broken for good"
    STRAY = "something lands that is no file of DMS"
    DELIVER = "some events arrive, in any order, some twice"
    LOSE = "an event is lost"
    REPEAT = "old events come again"
    SWEEP = "the File Manager sweeps the bucket"
    WAIT = "time passes"
    RUN = "an execution refreshes the tables"
    DROP = "DMS deletes all objects and begins a full load"
    EMPTY = "the source is emptied at once, and DMS deletes all objects"
    RESTART = "columns change in the midst of a load, and DMS begins it again"
    CREATE_AGAIN = "the source drops the table, creates it with other columns, and DMS begins a full load"


WEIGHTS = {
    Act.CHANGE: 30,
    Act.FLUSH: 20,
    Act.LOAD: 4,
    Act.PART: 8,
    Act.REWIND: 2,
    Act.CHANGE_KEY: 3,
    Act.TRUNCATE: 0.3,
    Act.AGAIN: 4,
    Act.COPY: 2,
    Act.COPY_FOLDER: 0.5,
    Act.RESTORE: 0.5,
    Act.DELETE: 0.5,
    Act.DECIDE: 2,
    Act.ADD_COLUMN: 1,
    Act.WIDEN: 1,
    Act.STRAY: 1,
    Act.DELIVER: 20,
    Act.LOSE: 3,
    Act.REPEAT: 3,
    Act.SWEEP: 1,
    Act.WAIT: 3,
    Act.RUN: 24,
    Act.DROP: 0.5,
    Act.EMPTY: 0.7,
    Act.CREATE_AGAIN: 0.7,
}
LOADS = (Act.LOAD, Act.DROP)
_IN_MEMORY_ONLY = (Act.RUN, Act.WAIT, Act.EMPTY, Act.CREATE_AGAIN)
_RESTARTED_LOADS = 0.5
TROUBLED = {Act.RUN: 0.3, Act.DELIVER: 0.3, Act.REPEAT: 0.3, Act.SWEEP: 0.7, Act.DECIDE: 0.7}
"""How often steps with calls outside of refreshes meet trouble: a plan, the File Manager, a person."""
MAX_TABLES = 3
STEPS = (16, 72)
BROKEN_TABLES = 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `seed` is all that its own draws depend on."""

    act: Act
    table: int
    seed: int

    @property
    def draw(self) -> Random:
        """The step's own draws."""
        return Random(self.seed)


@dataclass(frozen=True, slots=True)
class Story:
    """The seeds of some tables, and what happens to them."""

    seed: int
    tables: int
    steps: tuple[Step, ...]


def trouble_of(step: Step) -> Fault | None:
    """The fault of a step's calls outside of refreshes; drawn apart from all else."""
    draw = Random(f"{step.seed}/trouble")
    return any_call_fault(draw) if draw.random() < TROUBLED.get(step.act, 0) else None


def story(seed: int) -> Story:
    """Draw a history."""
    draw = Random(seed)
    tables = draw.randint(1, MAX_TABLES)
    opening = [step for table in range(tables) for step in opening_steps(draw, table)]
    return Story(seed, tables, (*opening, *_steps(draw, tables)))


def round_of_steps(draw: Random, table: int, *, is_first: bool) -> Iterator[Step]:
    """What happens to a table that shares its executions with others: at most one full load between two of them."""
    if is_first:
        yield from (step for step in opening_steps(draw, table) if step.act is not Act.BREAK)
    acts = [act for act in WEIGHTS if act not in _IN_MEMORY_ONLY]
    for act in draw.choices(acts, [WEIGHTS[act] for act in acts], k=draw.randint(2, 8)):
        if act not in LOADS or not is_first:
            yield Step(act, table, draw.getrandbits(32))
        is_first = is_first or act in LOADS


def opening_steps(draw: Random, table: int) -> Iterator[Step]:
    """Most tables begin with rows and a full load; some with changes alone."""
    for _ in range(draw.randint(1, 3)):
        yield Step(Act.CHANGE, table, draw.getrandbits(32))
    if draw.random() < 0.9:  # noqa: PLR2004 - a share
        yield Step(Act.LOAD, table, draw.getrandbits(32))
    if draw.random() < BROKEN_TABLES:
        yield Step(Act.BREAK, table, draw.getrandbits(32))


def _steps(draw: Random, tables: int) -> Iterator[Step]:
    count = draw.randint(*STEPS)
    for act in draw.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count):
        step = Step(act, draw.randrange(tables), draw.getrandbits(32))
        is_restarted = act is Act.LOAD and Random(f"{step.seed}/restart").random() < _RESTARTED_LOADS
        yield replace(step, act=Act.RESTART) if is_restarted else step


# Shortens a failing history: its shortest failing prefix, without the steps that the failure does not need.

Fails = Callable[[Story], bool]


def shortest(story: Story, fails: Fails) -> Story:
    """Return the shortest failing history that can be reached by leaving steps out."""
    return without_idle_steps(shortest_prefix(story, fails), fails)


def shortest_prefix(story: Story, fails: Fails) -> Story:
    """Cut steps from the end for as long as the rest fails."""
    for length in range(len(story.steps)):
        prefix = replace(story, steps=story.steps[:length])
        if fails(prefix):
            return prefix
    return story


def without_idle_steps(story: Story, fails: Fails) -> Story:
    """Leave out each step that the failure does not need, the last one first, until none is left."""
    while True:
        for number in reversed(range(len(story.steps))):
            shorter = replace(story, steps=story.steps[:number] + story.steps[number + 1 :])
            if fails(shorter):
                story = shorter
                break
        else:
            return story
