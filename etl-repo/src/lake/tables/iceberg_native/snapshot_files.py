"""Writes the manifests of a new snapshot: one for what changed, and those of before that still list live files."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pyiceberg.io import FileIO
from pyiceberg.manifest import (
    DataFile,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.snapshots import Operation, Snapshot, SnapshotSummaryCollector, Summary, update_snapshot_summaries

from lake.tables.iceberg_native.live_files import ListedFiles, LiveFiles
from lake.tables.iceberg_native.merge import FileChanges
from lake.tables.iceberg_native.partitions import folder_of

_VERSION: Literal[2] = 2
_COMPRESSION: Literal["deflate"] = "deflate"
_SMALL_MANIFEST = 1_000_000
_MOST_SMALL_MANIFESTS = 8
"""More small manifests are written as one, or every reader would fetch ever more of them."""


@dataclass(frozen=True, slots=True)
class SnapshotParts:
    """What a snapshot is made of besides its files."""

    snapshot_id: int
    parent: Snapshot | None
    parent_schema: Schema | None
    sequence_number: int
    schema: Schema
    specs: Mapping[int, PartitionSpec]
    spec_id: int
    properties: Mapping[str, str]
    last_ms: int
    """The time of the newest commit: Spark reads no table whose commits go back in time by a minute.

    A commit of the very time of the former would have its table dated by pyiceberg, with this machine's clock.
    """


def write_snapshot(io: FileIO, location: str, parts: SnapshotParts, live: LiveFiles, changes: FileChanges) -> Snapshot:
    """Write manifests and their list under new names, which nothing refers to before the commit."""
    write_id = uuid.uuid4()
    kept, manifests = _kept(live, changes.removed), []
    for spec_id, entries in _entries(live, kept, changes, parts).items():
        manifests.append(_write(io, f"{location}/metadata/{write_id}-m{spec_id}.avro", entries, spec_id, parts))
    path = f"{location}/metadata/snap-{parts.snapshot_id}-0-{write_id}.avro"
    parent_id = parts.parent.snapshot_id if parts.parent else None
    with write_manifest_list(
        format_version=_VERSION,
        output_file=io.new_output(path),
        snapshot_id=parts.snapshot_id,
        parent_snapshot_id=parent_id,
        sequence_number=parts.sequence_number,
        avro_compression=_COMPRESSION,
    ) as writer:
        writer.add_manifests([*manifests, *(listed.manifest for listed in kept)])
    return Snapshot(
        snapshot_id=parts.snapshot_id,
        parent_snapshot_id=parent_id,
        manifest_list=path,
        sequence_number=parts.sequence_number,
        timestamp_ms=max(time.time_ns() // 1_000_000, parts.last_ms + 1),
        summary=_summary(parts, changes),
        schema_id=parts.schema.schema_id,
    )


def _kept(live: LiveFiles, removed: Sequence[DataFile]) -> list[ListedFiles]:
    """Give the manifests that stay as they are: no file of theirs goes, and they are not too many small ones."""
    gone = {file.file_path for file in removed}
    kept = [each for each in live.manifests if not any(e.data_file.file_path in gone for e in each.entries)]
    small = [each for each in kept if each.manifest.manifest_length < _SMALL_MANIFEST]
    if len(small) <= _MOST_SMALL_MANIFESTS:
        return kept
    return [each for each in kept if each.manifest.manifest_length >= _SMALL_MANIFEST]


def _entries(
    live: LiveFiles, kept: Sequence[ListedFiles], changes: FileChanges, parts: SnapshotParts
) -> dict[int, list[ManifestEntry]]:
    """Give the entries of new manifests by partition spec."""
    before = parts.schema if parts.parent_schema is None else parts.parent_schema
    retyped = {
        id_ for id_, spec in parts.specs.items() if spec.partition_type(parts.schema) != spec.partition_type(before)
    }
    gone = {file.file_path for file in changes.removed}
    stays = {each.manifest.manifest_path for each in kept}
    entries: defaultdict[int, list[ManifestEntry]] = defaultdict(list)
    for file in changes.added:
        entries[parts.spec_id].append(
            ManifestEntry.from_args(
                status=ManifestEntryStatus.ADDED,
                snapshot_id=parts.snapshot_id,
                sequence_number=None,
                file_sequence_number=None,
                data_file=file,
            )
        )
    for each in live.manifests:
        for entry in each.entries if each.manifest.manifest_path not in stays else ():
            is_gone = entry.data_file.file_path in gone
            if is_gone and each.manifest.partition_spec_id in retyped:
                continue  # readers would take its partition for one of the present type; the entry is history only
            entries[each.manifest.partition_spec_id].append(
                ManifestEntry.from_args(
                    status=ManifestEntryStatus.DELETED if is_gone else ManifestEntryStatus.EXISTING,
                    snapshot_id=parts.snapshot_id if is_gone else entry.snapshot_id,
                    sequence_number=entry.sequence_number,
                    file_sequence_number=entry.file_sequence_number,
                    data_file=entry.data_file,
                )
            )
    return entries


def _write(io: FileIO, path: str, entries: Sequence[ManifestEntry], spec_id: int, parts: SnapshotParts) -> ManifestFile:
    with write_manifest(
        format_version=_VERSION,
        spec=parts.specs[spec_id],
        schema=parts.schema,
        output_file=io.new_output(path),
        snapshot_id=parts.snapshot_id,
        avro_compression=_COMPRESSION,
    ) as writer:
        for entry in entries:
            writer.add_entry(entry)
    return writer.to_manifest_file()


def _summary(parts: SnapshotParts, changes: FileChanges) -> Summary:
    collector = SnapshotSummaryCollector()
    for file in changes.added:
        collector.add_file(file, parts.schema, parts.specs[parts.spec_id])
    for file in changes.removed:
        # pyiceberg names the folders of partitions in the summary; it cannot name one of a year that Spark wrote
        folder_of(file.partition, parts.specs[file.spec_id], parts.schema)
        collector.remove_file(file, parts.schema, parts.specs[file.spec_id])
    operation = Operation.OVERWRITE if changes.removed else Operation.APPEND
    return update_snapshot_summaries(
        Summary(operation, **collector.build(), **parts.properties),
        previous_summary=parts.parent.summary if parts.parent else None,
    )
