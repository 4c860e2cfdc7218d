"""Sizes a Glue run by its pending bytes: number of workers and execution class."""

from __future__ import annotations

from odp.config_manager.cadence import minutes_of

MEBIBYTE = 1024**2
BYTES_OF_A_CORE = 256 * MEBIBYTE
"""Pending bytes for each core: Spark reads 128 MB in a task, and two tasks in a row outlast their scheduling."""
CORES = {"G.1X": 4, "G.2X": 8, "G.4X": 16, "G.8X": 32, "G.12X": 48, "G.16X": 64}
CORES |= {"R.1X": 4, "R.2X": 8, "R.4X": 16, "R.8X": 32}
"""https://docs.aws.amazon.com/glue/latest/dg/worker-types.html"""
FEWEST_WORKERS = 2
"""The driver and one executor; Glue refuses fewer."""
FLEX, STANDARD = "FLEX", "STANDARD"
FLEX_WORKERS = ("G.1X", "G.2X")
"""Glue refuses the flexible class for other workers."""
FLEX_FROM_MINUTES = 60
"""Flex costs a third less and starts when AWS has spare machines, some minutes late: too late for shorter cadences."""
FLEX_UP_TO_MINUTES = 720
"""The longest run on Flex, because AWS may take Flex's machines back during a run."""
FLEX_TAKES = 2
"""A Flex run may take so many times longer, because it may continue with fewer machines."""


def bytes_of_a_worker(worker_type: str) -> int:
    """Give the pending bytes for one executor."""
    return CORES[worker_type] * BYTES_OF_A_CORE


def workers_for(pending_bytes: int, worker_type: str, most: int) -> int:
    """Count a driver and an executor for each share of the pending bytes, up to the limit."""
    executors = -(-pending_bytes // bytes_of_a_worker(worker_type))
    return min(max(1 + executors, FEWEST_WORKERS), most)


def execution_class(refresh_cadence: str, worker_type: str, minutes: int) -> tuple[str, int]:
    """Choose Flex where a late start does no harm, and give the timeout of a run of that class."""
    has_time = minutes_of(refresh_cadence) >= FLEX_FROM_MINUTES and minutes <= FLEX_UP_TO_MINUTES
    if has_time and worker_type in FLEX_WORKERS:
        return FLEX, minutes * FLEX_TAKES
    return STANDARD, minutes
