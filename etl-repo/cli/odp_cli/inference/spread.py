"""Picks some of many so that the first and the last are among them and the others lie evenly between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Return at most `count` items in their order; one alone is the last, which is the newest of files."""
    if count >= len(items):
        return list(items)
    if count == 1:
        return [items[-1]]
    return [items[position * (len(items) - 1) // (count - 1)] for position in range(count)]
