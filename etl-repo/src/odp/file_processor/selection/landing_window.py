"""A span of landing times, in which a Region that was lost may have received more than it passed on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from odp.records import LandedFile


@dataclass(frozen=True, slots=True)
class LandingWindow:
    """From the last moment of which all files were certainly replicated, until another Region took over."""

    since: datetime
    until: datetime

    def has(self, file: LandedFile) -> bool:
        """Whether a file landed in it."""
        return self.since <= datetime.fromisoformat(file.landed_at) <= self.until
