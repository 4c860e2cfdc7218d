"""Deletes what killed runs left: files in a table's folder that are old and that no snapshot names.

A run whose files are so old cannot commit them any more: it began before a commit that moved the table.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pyarrow.fs
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table.metadata import TableMetadata

from lake.tables.iceberg.options import ORPHAN_DAYS
from lake.tables.iceberg_native.lake_io import delete_files

KEPT_MS = ORPHAN_DAYS * 24 * 60 * 60 * 1000
_KINDS = {"data": (".parquet",), "metadata": (".avro", ".metadata.json")}
"""Only what this lake writes."""


def delete_orphans(io: FileIO, after: TableMetadata) -> None:
    """Delete orphans that were old when the newest commit was made; files of later commits are younger."""
    newest = after.current_snapshot()
    if newest is None or not isinstance(io, PyArrowFileIO):
        return
    # another writer's clock may be ahead, and the table's present metadata is named by the catalog alone
    until = min(newest.timestamp_ms, time.time_ns() // 1_000_000) - KEPT_MS
    old = [location for location, written in _files(io, after.location) if written < until]
    if old:
        named = _named(io, after)
        delete_files(io, [location for location in old if location not in named])


def _files(io: PyArrowFileIO, location: str) -> Iterator[tuple[str, int]]:
    """Give each file below a table's location, and when it was written."""
    scheme, netloc, path = io.parse_location(location, io.properties)
    files = io.fs_by_scheme(scheme, netloc)
    for folder, endings in _KINDS.items():
        chosen = pyarrow.fs.FileSelector(f"{path}/{folder}", allow_not_found=True, recursive=True)
        for found in files.get_file_info(chosen):
            if found.is_file and found.path.endswith(endings):
                yield location + found.path.removeprefix(path), found.mtime_ns // 1_000_000


def _named(io: FileIO, metadata: TableMetadata) -> set[str]:
    names = {entry.metadata_file for entry in metadata.metadata_log}
    for snapshot in metadata.snapshots:
        names.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(io):
            if manifest.manifest_path not in names:
                names.add(manifest.manifest_path)
                names |= {
                    entry.data_file.file_path for entry in manifest.fetch_manifest_entry(io, discard_deleted=False)
                }
    return names
