"""Divides tables with pending files into batches of about equal bytes."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from odp.records import PendingWork


def balanced_batches(work: Iterable[PendingWork], batch_size: int) -> list[list[str]]:
    """Fill the fewest batches of at most `batch_size` tables, the largest table first into the lightest batch."""
    largest_first = sorted(work, key=lambda table: (-table.bytes, table.source_table_name))
    batches: list[list[str]] = [[] for _ in range(-(-len(largest_first) // batch_size))]
    lightest_first = [(0, number) for number in range(len(batches))]
    for table in largest_first:
        pending_bytes, number = heapq.heappop(lightest_first)
        batches[number].append(table.source_table_name)
        if len(batches[number]) < batch_size:
            heapq.heappush(lightest_first, (pending_bytes + table.bytes, number))
    return batches
