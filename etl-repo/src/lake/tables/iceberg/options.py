"""The properties of Iceberg tables: version 2, no delete files, bounded time travel; and how SQL asks for days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from lake.tables.change import Proof

TIME_TRAVEL_COMMITS = 10
"""So many commits of a merged table can be read as they were, even if a day passes without one."""
TIME_TRAVEL_MS = 24 * 60 * 60 * 1000
"""So long any of them can be read, up to MOST_SNAPSHOTS."""

MOST_SNAPSHOTS = 50
"""A merged table keeps no more than so many, whatever their age, but for those that a query may still read.

Each commit writes the list of all snapshots again: 1 kB each.
"""
MIN_SNAPSHOTS, MAX_AGE = "history.expire.min-snapshots-to-keep", "history.expire.max-snapshot-age-ms"
KEPT_SNAPSHOTS = 2 * TIME_TRAVEL_COMMITS
"""A commit of Spark has two snapshots: its rows, and its proof."""
ORPHAN_DAYS = 3
"""So old is a file that no snapshot names before it is deleted: longer than any run, so none is of one under way.

Iceberg's own procedure waits as long.
"""
QUERY_MS = 15 * 60 * 1000
"""So long a query may read a snapshot, however many commits follow it."""

TABLE_PROPERTIES = {
    "format-version": "2",
    "write.delete.mode": "copy-on-write",  # a reader of any kind meets no delete files
    "write.distribution-mode": "hash",  # a day is written by one task: one file, not one for each task
    # every commit writes the table's metadata anew; only so many of the old ones are kept
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}

TARGET_PROPERTY = "write.target-file-size-bytes"
TARGET_FILE_BYTES = 64 << 20
"""A change rewrites whole files; in files of 64 MB a change of recent rows rewrites few others."""

MERGED_TABLE_PROPERTIES = TABLE_PROPERTIES | {
    "write.update.mode": "copy-on-write",
    "write.merge.mode": "copy-on-write",
    "write.parquet.compression-codec": "zstd",
    TARGET_PROPERTY: str(TARGET_FILE_BYTES),
    MIN_SNAPSHOTS: str(KEPT_SNAPSHOTS),
    MAX_AGE: str(TIME_TRAVEL_MS),
}
"""Properties of replicated tables, whichever engine makes them.

Each commit writes the list of all snapshots again.
"""


def summary_options(summary: Proof) -> dict[str, str]:
    """Give the options of a write by which the summary of its snapshot has these entries."""
    return {f"snapshot-property.{name}": value for name, value in summary.items()}


# SQL conditions for the rows of some days.


def days_condition(column: str, days: Collection[date]) -> str:
    """Write the SQL condition that a timestamp or date is on one of the days, in few ranges."""
    return " OR ".join(f"({column} >= DATE '{first}'{_before_end_of(column, last)})" for first, last in _ranges(days))


def _before_end_of(column: str, last: date) -> str:
    return "" if last == date.max else f" AND {column} < DATE '{last + timedelta(days=1)}'"


def _ranges(days: Collection[date]) -> Sequence[tuple[date, date]]:
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges
