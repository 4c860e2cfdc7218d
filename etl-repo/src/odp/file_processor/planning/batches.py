"""Divides tables with pending files into batches by bytes and by number."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from odp.records import PendingWork

MOST_BATCHES = 500
"""Step Functions keeps 25,000 events of an execution; a batch writes up to 45 when Glue is busy."""


def packed_batches(work: Iterable[PendingWork], most_tables: int, bytes_of_a_batch: int) -> list[list[str]]:
    """Fill few batches of about equal bytes; tables share a batch only if all of them fit.

    A batch has at most `most_tables`. If bytes alone would make more than MOST_BATCHES, batches take more bytes: an
    execution's history is limited, and no table waits for the next execution.
    """
    largest_first = sorted(work, key=lambda table: (-table.bytes, table.source_table_name))
    by_count = -(-len(largest_first) // most_tables)
    batches = _packed(largest_first, most_tables, bytes_of_a_batch)
    while len(batches) > max(by_count, MOST_BATCHES):
        bytes_of_a_batch *= 2
        batches = _packed(largest_first, most_tables, bytes_of_a_batch)
    return batches


def _packed(largest_first: Sequence[PendingWork], most_tables: int, bytes_of_a_batch: int) -> list[list[str]]:
    """Put large tables into batches of their own, and the others, largest first, into the lightest batch with room."""
    alone = [[table.source_table_name] for table in largest_first if table.bytes >= bytes_of_a_batch]
    shared = largest_first[len(alone) :]
    fewest = max(-(-len(shared) // most_tables), -(-sum(table.bytes for table in shared) // bytes_of_a_batch))
    batches: list[list[str]] = [[] for _ in range(fewest)]
    lightest_first = [(0, number) for number in range(fewest)]
    for table in shared:
        if lightest_first[0][0] + table.bytes > bytes_of_a_batch:
            batches.append([])
            heapq.heappush(lightest_first, (0, len(batches) - 1))
        pending_bytes, number = heapq.heappop(lightest_first)
        batches[number].append(table.source_table_name)
        if len(batches[number]) < most_tables:
            heapq.heappush(lightest_first, (pending_bytes + table.bytes, number))
    return alone + batches
