"""What a person who approves has to know about a release."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Why somebody should look, the worst first."""

    DATA = "DATA WILL BE LOST"
    PERMISSIONS = "PERMISSIONS ARE BROADENED"
    REPLACED = "REPLACED OR REMOVED"
    UNJUDGED = "CANNOT BE JUDGED"


@dataclass(frozen=True)
class Finding:
    """One thing about one resource."""

    kind: Kind
    resource: str
    what: str

    def __str__(self) -> str:
        return f"{self.resource} {self.what}"
