"""Plays many histories in memory, on all cores, and yields the failures, which can be shortened afterwards."""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from rehearsal.torture.histories import Act, Story, story, trouble_of
from rehearsal.torture.memory_trial import memory_trial
from rehearsal.torture.shrink import shortest
from rehearsal.torture.trial import Problem

_SEEDS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """A history that ends wrong, and how."""

    story: Story
    problems: tuple[Problem, ...]


def failures(seeds: Iterable[int]) -> Iterator[Failure | None]:
    """Play the history of each seed; None where all is right."""
    with ProcessPoolExecutor(initializer=_silence) as processes:
        yield from processes.map(_examine, seeds, chunksize=_SEEDS_AT_ONCE)


def shortened(failure: Failure) -> Failure:
    """The shortest history that ends wrong."""
    short = shortest(failure.story, lambda shorter: bool(problems_of(shorter)))
    return Failure(short, problems_of(short))


def problems_of(played: Story) -> tuple[Problem, ...]:
    """What is wrong in the end of a history."""
    with silent():
        return tuple(memory_trial(played).play(played.steps))


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
    logger = logging.getLogger("odp")
    level = logger.level
    _silence()
    try:
        yield
    finally:
        logger.setLevel(level)


def _examine(seed: int) -> Failure | None:
    played = story(seed)
    problems = problems_of(played)
    return Failure(played, problems) if problems else None


def _silence() -> None:
    logging.getLogger("odp").setLevel(logging.CRITICAL + 1)
