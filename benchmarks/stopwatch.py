"""Measures work in this process and its JVM: wall-clock time, the time of all cores, memory."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lake.spark_session import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NANOSECONDS = 1e9
_KIBIBYTE = 1024


@dataclass(slots=True)
class Duration:
    """Seconds, complete when the work has ended, and the most memory until then."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_bytes: int = 0


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


def peak_bytes(process: int | str = "self") -> int:
    """Return the most memory that a process has had, since its program began.

    `ru_maxrss` would not do: a child has that of its parent from before its own program.
    """
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * _KIBIBYTE


def peak_of_jvm(spark: "SparkSession") -> Callable[[], int]:
    """Return how to ask for the most memory that a session's JVM has had."""
    process = int(java_class(spark, "java.lang.ProcessHandle").current().pid())
    return lambda: peak_bytes(process)
