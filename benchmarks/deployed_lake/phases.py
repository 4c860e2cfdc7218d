"""Sums a profile of the native function up to the phases of a refresh.

A function of the product belongs to the phase of its module. A library's time belongs to the phases that call it, in
proportion to what the profiler saw of each caller.
"""

import pstats
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workspace import FOLDER

Function = tuple[str, int, str]
Edge = tuple[int, int, float, float]
Times = tuple[int, int, float, float, Mapping[Function, Edge]]
"""Calls, calls without recursion, seconds of its own, seconds with all that it calls, and the same by caller."""

KEPT = FOLDER / "lake.prof"
"""For whoever wants to see more of it: `python -m pstats`."""
REST = "the rest: plan, configuration, log, start of threads"
OUTSIDE = "outside of Python: threads of Arrow"
MODULES = {
    "ledger in DynamoDB: lease, pending files, run log": ("odp/dynamodb/", "lake/ledger/"),
    "S3: list, check and open landed files": ("odp/file_manager/", "odp/s3.py", "lake/landing/"),
    "read change files, keep the last row of each key": ("odp/native/",),
    "commit: manifests, metadata, Data Catalog": tuple(
        f"lake/tables/iceberg_native/{name}.py"
        for name in ("commit", "table", "table_schema", "data_catalog", "snapshot_files", "proof_entries")
    ),
    "remove old snapshots and their files": tuple(
        f"lake/tables/iceberg_native/{name}.py" for name in ("retention", "orphans")
    ),
    "find touched rows, rewrite data files": tuple(
        f"lake/tables/iceberg_native/{name}.py"
        for name in (
            *("merge", "key_set", "data_file_reader", "data_file_writer", "live_files"),
            *("partitions", "row_change", "file_statistics", "arrow_types"),
        )
    ),
}
_ROUNDS = 60
"""So many calls lie between a library's innermost function and the product, at most."""


@dataclass(frozen=True, slots=True)
class Phase:
    """CPU seconds of one kind of work."""

    name: str
    cpu: float


def phases(folder: Path, cpu_of_process: float) -> tuple[Phase, ...]:
    """Sum all profiles of a folder up, the longest phase first; what the process needed beyond them is Arrow's."""
    profiles = pstats.Stats(*map(str, sorted(folder.glob("*.prof"))))
    profiles.dump_stats(KEPT)
    found = cpu_by_phase(profiles.stats)  # type: ignore[attr-defined]
    found[OUTSIDE] = max(0.0, cpu_of_process - sum(found.values()))
    return tuple(Phase(name, cpu) for name, cpu in sorted(found.items(), key=lambda item: -item[1]))


def cpu_by_phase(stats: Mapping[Function, Times]) -> dict[str, float]:
    """Give each function's own seconds to its phase, or to those of its callers."""
    of_product = {function: name for function in stats if (name := _phase_of(function))}
    shares: dict[Function, Mapping[str, float]] = defaultdict(lambda: {REST: 1.0})
    shares |= {function: {name: 1.0} for function, name in of_product.items()}
    others = {function: times[4] for function, times in stats.items() if function not in of_product and times[4]}
    for _ in range(_ROUNDS):
        for function, callers in others.items():
            shares[function] = _mixed(callers, shares)
    cpu: Counter[str] = Counter()
    for function, times in stats.items():
        for name, share in shares[function].items():
            cpu[name] += times[2] * share  # type: ignore[assignment]
    return dict(cpu)


def _mixed(callers: Mapping[Function, Edge], shares: Mapping[Function, Mapping[str, float]]) -> Mapping[str, float]:
    total = sum(edge[3] for edge in callers.values())
    mixed: dict[str, float] = defaultdict(float)
    for caller, edge in callers.items():
        for name, share in shares[caller].items():
            mixed[name] += share * (edge[3] / total if total else 1 / len(callers))
    return mixed


def _phase_of(function: Function) -> str | None:
    file = function[0]
    return next((name for name, modules in MODULES.items() if any(f"/{module}" in file for module in modules)), None)
