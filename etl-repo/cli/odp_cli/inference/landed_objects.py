"""The port to landed files: S3, or a folder in a test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class LandedObject:
    """One object as a listing shows it."""

    key: str
    size: int
    last_modified: datetime

    @property
    def name(self) -> str:
        """The file name; DMS orders the files of a table by name."""
        return self.key.rsplit("/", 1)[-1]


class ObjectSource(Protocol):
    """Lists objects and opens them; several threads may open objects at a time."""

    def objects(self) -> Iterable[LandedObject]:
        """Return every object of the source."""

    def open(self, landed: LandedObject) -> BinaryIO:
        """Open one object as a seekable file that reads only the requested ranges."""
