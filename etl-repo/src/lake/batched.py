"""What itertools.batched does in Python 3.12 and later; Glue 5.1 and the functions run 3.11."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Return the items in their order, so many at a time; the last batch may be shorter."""
    remaining = iter(items)
    while batch := tuple(islice(remaining, size)):
        yield batch
