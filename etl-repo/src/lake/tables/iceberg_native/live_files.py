"""The data files of a table as of one snapshot, with the manifests that list them."""

from __future__ import annotations

from dataclasses import dataclass

from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, DataFileContent, ManifestContent, ManifestEntry, ManifestFile
from pyiceberg.table.snapshots import Snapshot

from lake.errors import RejectedInputError


@dataclass(frozen=True, slots=True)
class ListedFiles:
    """One manifest and its entries of files that are live."""

    manifest: ManifestFile
    entries: tuple[ManifestEntry, ...]


@dataclass(frozen=True, slots=True)
class LiveFiles:
    """All manifests with live files of one snapshot."""

    manifests: tuple[ListedFiles, ...] = ()

    @property
    def files(self) -> list[DataFile]:
        """Give the live data files."""
        return [entry.data_file for listed in self.manifests for entry in listed.entries]


def live_files(io: FileIO, snapshot: Snapshot | None) -> LiveFiles:
    """Read the manifests of a snapshot; those without a live file are left out for good.

    Raises:
        RejectedInputError: the table has delete files, which another writer made; their rows would come back.
    """
    if snapshot is None:
        return LiveFiles()
    manifests = snapshot.manifests(io)
    foreign = [manifest.manifest_path for manifest in manifests if manifest.content is ManifestContent.DELETES]
    listed = [
        ListedFiles(manifest, tuple(manifest.fetch_manifest_entry(io)))
        for manifest in manifests
        if manifest.has_added_files() or manifest.has_existing_files()
    ]
    if foreign or any(e.data_file.content is not DataFileContent.DATA for each in listed for e in each.entries):
        message = (
            f"snapshot {snapshot.snapshot_id} has delete files, so another writer changed the table otherwise than by "
            "copy-on-write; compact the table, or load it again in DMS"
        )
        raise RejectedInputError(message)
    return LiveFiles(tuple(each for each in listed if each.entries))
