"""Forgets old snapshots in the commit of a change, and deletes afterwards the files that only they had."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from pyiceberg.io import FileIO
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from lake.tables.iceberg.options import (
    KEPT_SNAPSHOTS,
    MAX_AGE,
    MIN_SNAPSHOTS,
    MOST_SNAPSHOTS,
    QUERY_MS,
    TIME_TRAVEL_MS,
)
from lake.tables.iceberg_native.lake_io import delete_files
from lake.tables.iceberg_native.orphans import delete_orphans

logger = logging.getLogger(__name__)

DELETES_METADATA = "write.metadata.delete-after-commit.enabled"
_AT_ONCE = 10
"""Forgetting reads manifests, so it waits for several snapshots."""


def expired_snapshots(metadata: TableMetadata, now_ms: int | None = None) -> list[Snapshot]:
    """Give the snapshots to forget: those beyond the kept number that are too old, or too many.

    A snapshot ages from the next one on, because until then queries begin to read it. Branches and tags keep theirs.
    """
    now = int(time.time() * 1000) if now_ms is None else now_ms
    keep = int(metadata.properties.get(MIN_SNAPSHOTS, KEPT_SNAPSHOTS))
    max_age = int(metadata.properties.get(MAX_AGE, TIME_TRAVEL_MS))
    named = {reference.snapshot_id for reference in metadata.refs.values()}
    newest_first = sorted(metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0, reverse=True)
    replaced_ms = [now, *(snapshot.timestamp_ms for snapshot in newest_first)]
    old = [
        snapshot
        for at, snapshot in enumerate(newest_first)
        if at >= keep
        and now - replaced_ms[at] > (QUERY_MS if at >= MOST_SNAPSHOTS else max_age)
        and snapshot.snapshot_id not in named
    ]
    return old if len(old) >= _AT_ONCE else []


def delete_unreachable(io: FileIO, before: TableMetadata, after: TableMetadata) -> None:
    """Delete what no snapshot and no log of the table refers to since a commit that certainly landed.

    What fails here is tried by nobody again: the files stay, and cost their storage.
    """
    try:
        delete_files(io, _old_metadata(before, after))
        gone = [snapshot for snapshot in before.snapshots if after.snapshot_by_id(snapshot.snapshot_id) is None]
        if gone:
            delete_files(io, _only_of(io, gone, after.snapshots))
            delete_orphans(io, after)
    except Exception:
        logger.warning("files that the table needs no longer are left behind", exc_info=True)


def _old_metadata(before: TableMetadata, after: TableMetadata) -> set[str]:
    if after.properties.get(DELETES_METADATA) != "true":
        return set()
    return {entry.metadata_file for entry in before.metadata_log} - {
        entry.metadata_file for entry in after.metadata_log
    }


def _only_of(io: FileIO, gone: Iterable[Snapshot], kept: Iterable[Snapshot]) -> set[str]:
    """Give the files of forgotten snapshots that no kept one has."""
    kept_manifests = {manifest.manifest_path: manifest for snapshot in kept for manifest in snapshot.manifests(io)}
    gone_manifests = {
        manifest.manifest_path: manifest
        for snapshot in gone
        for manifest in snapshot.manifests(io)
        if manifest.manifest_path not in kept_manifests
    }
    live = {
        entry.data_file.file_path for manifest in kept_manifests.values() for entry in manifest.fetch_manifest_entry(io)
    }
    data = {
        entry.data_file.file_path for manifest in gone_manifests.values() for entry in manifest.fetch_manifest_entry(io)
    }
    return (data - live) | set(gone_manifests) | {snapshot.manifest_list for snapshot in gone}
