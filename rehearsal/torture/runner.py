"""Plays many histories in memory, on all cores, and shows the failures, some of them shortened."""
# ruff: noqa: S311 - draws must repeat, not be secret

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from rehearsal.torture.histories import Act, Story, shortest, story, trouble_of
from rehearsal.torture.memory.lake import MemoryLake
from rehearsal.torture.pairs import Pair, Storage, any_storage
from rehearsal.torture.reference_model import ReferenceModel, any_kind
from rehearsal.torture.region_histories import regions_trial
from rehearsal.torture.trial import Problem, Trial


def memory_trial(story: Story, storage: Storage | None = None) -> Trial:
    """Set the tables of a history up on a new lake; how they are made depends on its seed alone.

    Sometimes two sources have tables of one name. Each table draws how it is stored, unless `storage` says it for all.
    """
    lake = MemoryLake(Random(f"{story.seed}/lake"))
    draws = [Random(f"{story.seed}/{number}") for number in range(story.tables)]
    replicas: list[ReferenceModel] = []
    for number, draw in enumerate(draws):
        taken = {replica.kind.source_table_name for replica in replicas}
        name = "same" if draw.random() < 0.5 else f"t{number}"  # noqa: PLR2004 - a share
        kind = any_kind(name, draw, taken)
        replicas.append(ReferenceModel(f"t{number}", kind, draw, lake.clock.datetime))
        replicas[-1].storage = storage or any_storage(Random(f"{story.seed}/{number}/storage"))
    lake.set_up(replicas)
    return Trial(lake, replicas)


_SEEDS_AT_ONCE = 20
_LOUD = ("odp", "lake")


@dataclass(frozen=True, slots=True)
class Failure:
    """A history that ends wrong, and how."""

    story: Story
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Played:
    """A history that was played: what is wrong in its end, and which formats and engines its commits were of."""

    failure: Failure | None
    commits: Mapping[Pair, int]


def plays(seeds: Iterable[int], *, regions: bool = False) -> Iterator[Played]:
    """Play the history of each seed, in one Region or in two."""
    with ProcessPoolExecutor(initializer=_silence) as processes:
        yield from processes.map(_examine_regions if regions else _examine, seeds, chunksize=_SEEDS_AT_ONCE)


def shortened(failure: Failure, problems: Callable[[Story], tuple[Problem, ...]] | None = None) -> Failure:
    """The shortest history that ends wrong."""
    problems = problems or problems_of
    short = shortest(failure.story, lambda shorter: bool(problems(shorter)))
    return Failure(short, problems(short))


def problems_of(played: Story, storage: Storage | None = None) -> tuple[Problem, ...]:
    """What is wrong in the end of a history."""
    with silent():
        return tuple(memory_trial(played, storage).play(played.steps))


def problems_of_regions(played: Story) -> tuple[Problem, ...]:
    """What is wrong in the end of a history of two Regions."""
    with silent():
        return tuple(regions_trial(played).play(played.steps))


def _examine_regions(seed: int) -> Played:
    played = story(seed)
    trial = regions_trial(played)
    problems = tuple(trial.play(played.steps))
    commits = sum((lake.iceberg.played for lake in trial.regions.lakes), Counter[Pair]())
    return Played(Failure(played, problems) if problems else None, commits)


def _examine(seed: int) -> Played:
    played = story(seed)
    trial = memory_trial(played)
    problems = tuple(trial.play(played.steps))
    assert isinstance(trial.lake, MemoryLake)  # noqa: S101 - as every trial in memory has
    return Played(Failure(played, problems) if problems else None, trial.lake.iceberg.played)


def tell(played: Story) -> Iterator[str]:
    """The steps of a history in words."""
    trial = memory_trial(played)
    for step in played.steps:
        trouble = trouble_of(step)
        around = [f"outside of refreshes: {trouble}"] if trouble else []
        if step.act is Act.RUN:
            faults = trial.faults(step.draw).items()
            of_tables = [f"{table.partition('.')[2]}: {fault}" for table, fault in faults]
            yield "; ".join([f"{step.act}", *of_tables, *around])
        else:
            yield "; ".join([f"t{step.table}: {step.act}", *around])


@contextmanager
def silent() -> Iterator[None]:
    """Failures of refreshes are what histories are made of; nobody wants to read their stack traces."""
    levels = {logger: logger.level for logger in map(logging.getLogger, _LOUD)}
    _silence()
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _silence() -> None:
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


# The command `torture`: plays histories, counts the failures by kind, and shows some of them in few steps.

_SHOWN = 5


def torture(
    seeds: Annotated[int, typer.Option(envvar="SEEDS", min=1, help="How many histories.")] = 2000,
    first: Annotated[int, typer.Option(envvar="FIRST", min=0, help="The first history's seed.")] = 0,
    regions: Annotated[
        bool, typer.Option("--regions", envvar="REGIONS", help="In two Regions, of which one is lost.")
    ] = False,
) -> None:
    """Play random histories against the framework's own decisions and compare what comes out with the source."""
    console = Console()
    played = range(first, first + seeds)
    found: list[Failure] = []
    histories: Counter[Pair] = Counter()
    commits: Counter[Pair] = Counter()
    for each in track(plays(played, regions=regions), "Histories", seeds, console=console):
        histories.update(each.commits.keys())
        commits.update(each.commits)
        if each.failure:
            console.print(f"seed {each.failure.story.seed}: {each.failure.problems[0]}")
            found.append(each.failure)
    console.print(pairs_table(histories, commits))
    if not found:
        console.print(f"{seeds:,} histories passed")
        return
    console.print(kinds_table(found))
    problems = problems_of_regions if regions else problems_of
    console.print(stories_table(shortened(failure, problems) for failure in found[:_SHOWN]))
    console.print(f"{len(found):,} of {seeds:,} histories failed")
    raise typer.Exit(1)


def pairs_table(histories: Mapping[Pair, int], commits: Mapping[Pair, int]) -> Table:
    """Count histories and commits of each format and engine; a history may have several."""
    table = Table("format", "engine", "histories", "commits")
    for pair in sorted(histories):
        table.add_row(*pair, f"{histories[pair]:,}", f"{commits[pair]:,}")
    return table


def kinds_table(found: Sequence[Failure]) -> Table:
    """Count the failed histories of each kind."""
    kinds = Counter(kind for failure in found for kind in {problem.finding.kind for problem in failure.problems})
    seeds = {kind: [failure.story.seed for failure in found if _has(failure, kind)] for kind in kinds}
    table = Table("what is wrong", "histories", "seeds")
    for kind, count in kinds.most_common():
        table.add_row(kind, str(count), ", ".join(map(str, seeds[kind][:_SHOWN])))
    return table


def stories_table(found: Iterable[Failure]) -> Table:
    """Seed, problems and steps of some failures."""
    table = Table("seed", "what is wrong", "the shortest history", show_lines=True)
    for failure in found:
        steps = [f"{number}. {step}" for number, step in enumerate(tell(failure.story), start=1)]
        table.add_row(str(failure.story.seed), "\n".join(map(str, failure.problems)), "\n".join(steps))
    return table


def _has(failure: Failure, kind: str) -> bool:
    return any(problem.finding.kind == kind for problem in failure.problems)
