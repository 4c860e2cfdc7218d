"""Proposes how often a table is refreshed, from the intervals at which its change files arrived."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import timedelta

from odp_cli.inference.arrivals import Arrivals, arrivals
from odp_cli.inference.landed_tables import LandedTable

CADENCES = {
    "10_min_refresh": timedelta(minutes=10),
    "1_hour_refresh": timedelta(hours=1),
    "1_day_refresh": timedelta(days=1),
}
LONGEST_INTERVAL = {
    "10_min_refresh": timedelta(minutes=30),
    "1_hour_refresh": timedelta(hours=12),
    "1_day_refresh": timedelta.max,
}
"""A cadence suits changes that arrive in every third to twelfth refresh; a refresh without files costs nothing."""
DEFAULT_CADENCE = "1_hour_refresh"
"""Where nothing was observed: a change waits an hour at most, and a table that never changes costs nothing."""


@dataclass(frozen=True, slots=True)
class CadenceProposal:
    """The cadence of one table with its evidence, and what one refresh of it has to read."""

    source_table_name: str
    refresh_cadence: str
    evidence: str
    refresh_bytes: int
    """The most that arrived between two refreshes."""
    load_bytes: int


def propose_cadence(table: LandedTable) -> CadenceProposal:
    """Choose by the median interval between arrivals, which a night or a weekend without changes does not move."""
    observed = arrivals(table.changes)
    cadence, evidence = _cadence(observed)
    return CadenceProposal(
        table.source_table_name, cadence, evidence, observed.busiest(CADENCES[cadence]), table.load_bytes
    )


def _cadence(observed: Arrivals) -> tuple[str, str]:
    intervals = observed.intervals()
    if not observed.times:
        return DEFAULT_CADENCE, "the default: no change file has landed"
    if not intervals:
        return DEFAULT_CADENCE, f"the default: all changes arrived within a minute, by {observed.clock}"
    median = timedelta(seconds=statistics.median(interval.total_seconds() for interval in intervals))
    cadence = next(name for name, longest in LONGEST_INTERVAL.items() if median <= longest)
    return cadence, (
        f"changes arrived every {_duration(median)} (median of {len(intervals):,} intervals, the longest "
        f"{_duration(max(intervals))}), by {observed.clock}"
    )


def _duration(interval: timedelta) -> str:
    minutes = interval.total_seconds() / 60
    for unit, length in (("days", 24 * 60), ("hours", 60)):
        if minutes >= 2 * length:
            return f"{minutes / length:.3g} {unit}"
    return "1 minute" if minutes == 1 else f"{minutes:.3g} minutes"
