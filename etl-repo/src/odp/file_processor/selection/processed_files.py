"""What is known of one table beside its pending files: its history, and the objects in the staging bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from odp.file_processor.selection.readability import Readability
from odp.ports import FileTracker, ObjectContents
from odp.records import LandedFile


@dataclass(frozen=True, slots=True)
class ProcessedFiles:
    """Reads the history of one table, and its objects in the staging bucket."""

    files: FileTracker
    contents: ObjectContents
    readability: Readability
    source_table_name: str
    parts: Sequence[LandedFile]

    def loads(self) -> Sequence[LandedFile]:
        """Give the parts of loads that the history has."""
        return self.parts

    def changes(self, from_name: str, most: int) -> Sequence[LandedFile]:
        """Read the changes that the history has, from a name on."""
        return self.files.processed_changes(self.source_table_name, from_name, most)

    def has_same_content(self, version: LandedFile, earlier: LandedFile) -> bool | None:
        """Compare two versions of one object; None if one of them is gone."""
        return self.contents.has_same_content(version, earlier)

    def current_versions(self, files: Sequence[LandedFile]) -> Mapping[str, str]:
        """Give the version of each object that a reader gets."""
        return self.readability.current_versions(files)
