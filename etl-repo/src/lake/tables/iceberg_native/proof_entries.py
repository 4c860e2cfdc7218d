"""Reads and writes the proof of a commit by pyiceberg, in the text form of every engine (lake.tables.iceberg.proof)."""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update import RemovePropertiesUpdate, SetPropertiesUpdate, TableUpdate

from lake.tables.change import Commit
from lake.tables.iceberg.proof import ProofEntries, commit_time_of, has_proof, read_fence, read_proof


def property_updates(metadata: TableMetadata, entries: ProofEntries) -> list[TableUpdate]:
    """Return the updates of properties that keep a long proof, and forget that of an earlier commit."""
    updates: list[TableUpdate] = []
    if entries.properties:
        updates.append(SetPropertiesUpdate(updates=dict(entries.properties)))
    if entries.summary and (removed := entries.removed(metadata.properties)):
        updates.append(RemovePropertiesUpdate(removals=removed))
    return updates


def newest_commit(metadata: TableMetadata) -> Commit | None:
    """Read the newest commit that carries a proof; other writers' commits, such as compactions, carry none.

    Raises:
        RejectedInputError: the table was rolled back to a commit whose long proof is gone.
    """
    found = _newest(metadata)
    read = read_proof(found[1], metadata.properties) if found else None
    return Commit(commit_time(found[0]), *read) if found and read else None


def newest_fence(metadata: TableMetadata) -> int:
    """Return the fencing token of the newest commit that carries a proof; 0 if it has none."""
    found = _newest(metadata)
    return read_fence(found[1]) if found else 0


def commit_time(snapshot: Snapshot) -> str:
    """Return the time of a commit, by which the commits of a table sort."""
    return commit_time_of(snapshot.sequence_number or 0)


def _newest(metadata: TableMetadata) -> tuple[Snapshot, Mapping[str, str]] | None:
    for snapshot in ancestors_of(metadata.current_snapshot(), metadata):
        summary = dict(snapshot.summary.additional_properties) if snapshot.summary else {}
        if has_proof(summary):
            return snapshot, summary
    return None
