"""Divides tables with pending files into batches by bytes and by number, each with one engine."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lake.tables.capabilities import Engine
from odp.file_processor.engines import NATIVE_BYTES, NATIVE_TABLES, PlannedTable
from odp.records import PendingWork

MOST_BATCHES = 500
"""Step Functions keeps 25,000 events of an execution; a batch writes up to 45 when Glue is busy."""


def packed_batches(
    work: Iterable[PendingWork], most_tables: int, bytes_of_a_batch: int, most_batches: int = MOST_BATCHES
) -> list[list[str]]:
    """Fill few batches of about equal bytes; tables share a batch only if all of them fit.

    A batch has at most `most_tables`. If bytes alone would make more than `most_batches`, batches take more bytes: an
    execution's history is limited, and no table waits for the next execution.
    """
    largest_first = _largest_first(work)
    by_count = -(-len(largest_first) // most_tables)
    batches = _packed(largest_first, most_tables, bytes_of_a_batch)
    while len(batches) > max(by_count, most_batches):
        bytes_of_a_batch *= 2
        batches = _packed(largest_first, most_tables, bytes_of_a_batch)
    return batches


def _largest_first(work: Iterable[PendingWork]) -> list[PendingWork]:
    return sorted(work, key=lambda table: (-table.bytes, table.source_table_name))


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


@dataclass(frozen=True, slots=True)
class EngineBatches:
    """The batches of each engine, by source tables."""

    spark: list[list[str]]
    native: list[list[str]]

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The engine of each batch of a plan, in which Spark's come first."""
        return (Engine.SPARK,) * len(self.spark) + (Engine.NATIVE,) * len(self.native)


def batches_of_engines(tables: Sequence[PlannedTable], most_tables: int, bytes_of_a_batch: int) -> EngineBatches:
    """Divide tables into batches of one engine each; the arguments are the limits of Spark's batches.

    A function cannot take more bytes than it can. So if both engines would make more than MOST_BATCHES, Spark
    refreshes all tables.
    """
    of_native = [replace(table.work, bytes=table.native_bytes) for table in tables if table.engine is Engine.NATIVE]
    of_spark = [table.work for table in tables if table.engine is Engine.SPARK]
    native = _packed(_largest_first(of_native), NATIVE_TABLES, NATIVE_BYTES)
    spark = packed_batches(of_spark, most_tables, bytes_of_a_batch, MOST_BATCHES - len(native))
    if len(spark) + len(native) <= MOST_BATCHES or not native:
        return EngineBatches(spark, native)
    return EngineBatches(packed_batches([table.work for table in tables], most_tables, bytes_of_a_batch), [])
