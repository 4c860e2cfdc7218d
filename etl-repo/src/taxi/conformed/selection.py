"""Selects the objects of a bundle: the current content of each key, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxi.records import FileOutcome, LandedFile, LoadStatus

GONE = "the object is not in the bucket any more; if it was removed by mistake, send it again"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The current content of one key, for one entry of the bundle; `version` is the object's etag.

    `landed_version` and `size` belong to the entry. They differ from the loaded object if newer content replaced it,
    which has an entry of its own later.
    """

    file_id: str
    bucket: str
    key: str
    version: str
    landed_version: str
    size: int = 0

    @property
    def uri(self) -> str:
        """The URI for Spark."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def is_superseded(self) -> bool:
        """Whether the loaded object is newer than the entry's."""
        return self.version != self.landed_version


@dataclass(frozen=True, slots=True)
class Selection:
    """The files to load, and the outcomes of entries that need no loading."""

    to_load: tuple[SourceFile, ...]
    settled: tuple[FileOutcome, ...]


def select_current(files: Sequence[LandedFile], versions: Mapping[str, str | None]) -> Selection:
    """Choose an entry for each key: the newest that has its current content, else the newest; others are superseded.

    `versions` gives the etag that each key's object has now, None where there is none.
    """
    entries: dict[str, list[LandedFile]] = defaultdict(list)
    for file in sorted(files, key=lambda file: (file.landed_at, file.file_id)):
        entries[file.key].append(file)
    to_load: list[SourceFile] = []
    settled: list[FileOutcome] = []
    for key, of_key in entries.items():
        version = versions[key]
        if version is None:
            settled += [FileOutcome(file.file_id, LoadStatus.FAILED, error=GONE) for file in of_key]
            continue
        chosen = next((file for file in reversed(of_key) if file.etag == version), of_key[-1])
        to_load.append(SourceFile(chosen.file_id, chosen.bucket, chosen.key, version, chosen.etag, chosen.size))
        settled += [FileOutcome(file.file_id, LoadStatus.SUPERSEDED) for file in of_key if file is not chosen]
    return Selection(tuple(to_load), tuple(settled))
