"""Registers a replica with the facts of its first landing, because its event tells of the copy.

S3 replicates in no order, and what a refresh decides depends on when files landed. A replica keeps its version id and
the time of its landing (https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from odp.ports import FileRegister, LandingMarks, ReplicatedObjects
from odp.records import LandedFile


@dataclass(frozen=True, slots=True)
class FirstLandings:
    """Registers files for one Region; what landed in the other one first is registered as it landed there."""

    register_here: FileRegister
    marks: LandingMarks
    objects: ReplicatedObjects

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history; False when it was known."""
        return self.register_here.register(self._as_it_landed(file))

    def _as_it_landed(self, file: LandedFile) -> LandedFile:
        """Ask the mark first: it has more than the object, which has the time alone, as a listing has."""
        mark = self.marks.mark_of(file)
        if mark is not None:
            return replace(
                file,
                landed_at=mark.landed_at,
                sequencer=mark.sequencer,
                event_reason=mark.event_reason,
                is_replica=True,
            )
        landed_at = self.objects.landing_of_replica(file)
        if landed_at is None:
            return file
        return replace(file, landed_at=landed_at, sequencer=None, event_reason="", is_replica=True)
