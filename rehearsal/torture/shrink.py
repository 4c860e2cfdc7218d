"""Shortens a failing history: its shortest failing prefix, without the steps that the failure does not need."""

from collections.abc import Callable
from dataclasses import replace

from rehearsal.torture.histories import Story

Fails = Callable[[Story], bool]


def shortest(story: Story, fails: Fails) -> Story:
    """Give the shortest failing history that can be reached by leaving steps out."""
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
