"""The configuration that runs in a Region, and whether the other Region runs the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from odp.configuration import Configuration

_COMMIT_DIGITS = 12


@dataclass(frozen=True, slots=True)
class DeployedVersion:
    """What runs in one Region: the number is the Region's own, commit and configuration can be compared."""

    number: int = 0
    commit: str = ""
    since: str = ""
    configuration: Configuration | None = None

    @classmethod
    def of(cls, pointer: Mapping[str, Any], configuration: Configuration) -> DeployedVersion:
        """Read the pointer to the running configuration."""
        commit, since = str(pointer.get("commit", "")), str(pointer.get("running_since", ""))
        return cls(int(pointer.get("running", 0)), commit, since, configuration)

    def is_same(self, other: DeployedVersion) -> bool:
        """Whether both Regions run the same commit with the same tables and cadences."""
        return (self.commit, self.configuration) == (other.commit, other.configuration)

    @property
    def title(self) -> str:
        """The version as people read it."""
        if not self.number:
            return "no configuration"
        return f"version {self.number}" + (f", commit {self.commit[:_COMMIT_DIGITS]}" if self.commit else "")

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"number": self.number, "commit": self.commit, "since": self.since}


NO_VERSION = DeployedVersion()
