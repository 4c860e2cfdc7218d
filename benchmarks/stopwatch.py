"""Measures a piece of work: the wall-clock time, and the time of all cores in this process and its JVM."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.spark_session import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NANOSECONDS = 1e9


@dataclass(slots=True)
class Duration:
    """Seconds, complete when the work has ended."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def measured(cpu_seconds: Callable[[], float] = time.process_time) -> Iterator[Duration]:
    """Measure what happens inside."""
    duration = Duration()
    wall, cpu = time.perf_counter(), cpu_seconds()
    try:
        yield duration
    finally:
        duration.wall, duration.cpu = time.perf_counter() - wall, cpu_seconds() - cpu


def cpu_with_jvm(spark: "SparkSession") -> Callable[[], float]:
    """Add the seconds of this process and of a session's JVM."""
    machine = java_class(spark, "java.lang.management.ManagementFactory").getOperatingSystemMXBean()
    return lambda: time.process_time() + machine.getProcessCpuTime() / _NANOSECONDS
