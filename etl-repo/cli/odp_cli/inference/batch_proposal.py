"""Proposes the Glue runs of a cadence: tables of a run, number and type of workers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from odp.file_processor.batches import packed_batches
from odp.file_processor.planning import bytes_of_a_worker, workers_for
from odp.records import PendingWork

from odp_cli.inference.cadence_proposal import CadenceProposal
from odp_cli.inference.quantities import byte_text, counted
from odp_cli.inference.settings import GIBIBYTE

BYTES_OF_A_RUN = GIBIBYTE
"""A run takes about a minute to start and is billed for one at least; beside a gigabyte of changes that is little."""
MOST_TABLES_OF_A_RUN = 20
"""Tables of a run wait for its slowest, so a run does not get longer without end."""
LARGEST_TABLE = {"G.1X": 20 * GIBIBYTE, "G.2X": 200 * GIBIBYTE, "G.4X": math.inf}
"""By the full load: Hudi joins changes with the keys of the whole table, which spills to disk on too small a worker."""
MOST_WORKERS = 50
"""What needs more is worth a person's thought."""


@dataclass(frozen=True, slots=True)
class BatchProposal:
    """The batch configuration of one cadence with its reasons."""

    refresh_cadence: str
    tables: int
    refresh_tables_batch_size: int
    glue_job_worker_type: str
    glue_job_max_workers: int
    reasons: tuple[str, ...]


def propose_batch(refresh_cadence: str, tables: Sequence[CadenceProposal]) -> BatchProposal:
    """Size the runs of one cadence by what its tables receive between two refreshes at their busiest."""
    size, size_reason = _batch_size(tables)
    worker, worker_reason = _worker_type(tables)
    workers, workers_reason = _workers(tables, size, worker)
    reasons = (size_reason, worker_reason, workers_reason, _first_refresh(tables))
    return BatchProposal(refresh_cadence, len(tables), size, worker, workers, reasons)


def _batch_size(tables: Sequence[CadenceProposal]) -> tuple[int, str]:
    average = sum(table.refresh_bytes for table in tables) // len(tables)
    size = max(min(BYTES_OF_A_RUN // max(average, 1), MOST_TABLES_OF_A_RUN), 1)
    return size, (
        f"refresh_tables_batch_size {size}: between two refreshes a table of this cadence receives "
        f"{byte_text(average)} on average at its busiest; a run takes about {byte_text(BYTES_OF_A_RUN)} and at most "
        f"{counted(MOST_TABLES_OF_A_RUN, 'table')}"
    )


def _worker_type(tables: Sequence[CadenceProposal]) -> tuple[str, str]:
    largest = max(tables, key=lambda table: table.load_bytes)
    worker = next(name for name, limit in LARGEST_TABLE.items() if largest.load_bytes <= limit)
    return worker, (
        f"glue_job_worker_type {worker}: the largest table, {largest.source_table_name}, has "
        f"{byte_text(largest.load_bytes)} of full load, and a refresh joins changes with the keys of all of it"
    )


def _workers(tables: Sequence[CadenceProposal], batch_size: int, worker: str) -> tuple[int, str]:
    work = [PendingWork(table.source_table_name, 1, table.refresh_bytes) for table in tables]
    sizes = {table.source_table_name: table.refresh_bytes for table in tables}
    share = bytes_of_a_worker(worker)
    heaviest = max(sum(sizes[name] for name in batch) for batch in packed_batches(work, batch_size, share))
    workers = workers_for(heaviest, worker, MOST_WORKERS)
    return workers, (
        f"glue_job_max_workers {workers}: the driver, and a worker for each {byte_text(share)} of the "
        f"{byte_text(heaviest)} of the heaviest run; a run gets no more of them than its pending bytes need"
    )


def _first_refresh(tables: Sequence[CadenceProposal]) -> str:
    loaded = byte_text(sum(table.load_bytes for table in tables))
    return f"the first refresh also applies {loaded} of full loads; raise glue_job_max_workers if that takes too long"
