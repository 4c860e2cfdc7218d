"""A history on a lake in memory."""
# ruff: noqa: S311 - draws must repeat, not be secret

from random import Random

from rehearsal.torture.histories import Story
from rehearsal.torture.memory.lake import MemoryLake, config_of
from rehearsal.torture.reference_model import ReferenceModel, any_kind
from rehearsal.torture.trial import Trial


def memory_trial(story: Story) -> Trial:
    """Set the tables of a history up on a new lake; how they are made depends on its seed alone.

    Sometimes two sources have tables of one name.
    """
    lake = MemoryLake(Random(f"{story.seed}/lake"))
    draws = [Random(f"{story.seed}/{number}") for number in range(story.tables)]
    replicas: list[ReferenceModel] = []
    for number, draw in enumerate(draws):
        taken = {replica.kind.source_table_name for replica in replicas}
        name = "same" if draw.random() < 0.5 else f"t{number}"  # noqa: PLR2004 - a share
        kind = any_kind(name, draw, taken)
        replicas.append(ReferenceModel(f"t{number}", kind, draw, lake.clock.datetime))
    lake.configs = {replica.kind.source_table_name: config_of(replica) for replica in replicas}
    return Trial(lake, replicas)
