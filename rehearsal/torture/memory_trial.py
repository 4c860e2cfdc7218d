"""A story on a lake in memory."""
# ruff: noqa: S311 - draws must repeat, not be secret

from random import Random

from rehearsal.torture.memory.lake import MemoryLake
from rehearsal.torture.replica import Replica
from rehearsal.torture.stories import Story
from rehearsal.torture.trial import Trial


def memory_trial(story: Story) -> Trial:
    """Set the tables of a story up on a new lake; how they are made depends on its seed alone."""
    lake = MemoryLake()
    draws = [Random(f"{story.seed}/{number}") for number in range(story.tables)]
    replicas = [Replica(f"t{number}", draw, lake.clock.datetime) for number, draw in enumerate(draws)]
    lake.configs = {replica.config.source_table_name: replica.config for replica in replicas}
    return Trial(lake, replicas)
