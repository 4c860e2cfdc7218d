"""Quarantine entries for tables that no manifest names: one for each table while its files wait."""

from __future__ import annotations

from collections.abc import Container, Mapping

from odp.ports import TableEntries
from odp.records import PendingWork, Quarantined, QuarantineKind

KIND = QuarantineKind.UNCONFIGURED_TABLE


def keep_unconfigured_tables(
    pending: Mapping[str, PendingWork], configured: Container[str], quarantine: TableEntries
) -> int:
    """Update the entries, and return the number of new tables."""
    unconfigured = {name: work for name, work in pending.items() if name not in configured}
    kept = set(quarantine.entries(KIND))
    for work in unconfigured.values():
        quarantine.replace(_entry(work))
    for name in kept - unconfigured.keys():
        quarantine.remove(KIND, name)
    return len(unconfigured.keys() - kept)


def _entry(work: PendingWork) -> Quarantined:
    name = work.source_table_name
    reason = (
        f"{name}: {work.files} files wait, but no manifest configures the table; add it to the table manifests, or "
        "leave it out of the DMS task and skip its files"
    )
    return Quarantined(KIND, name, reason, {"source_table_name": name, "files": work.files, "bytes": work.bytes})
