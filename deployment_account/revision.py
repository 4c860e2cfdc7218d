"""Which commit is being deployed, and by whom: told to synthesis by the pipeline, or by the person's own tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COMMIT_VARIABLE = "COMMIT_ID"
REQUESTER_VARIABLE = "REQUESTED_BY"


@dataclass(frozen=True)
class Revision:
    """A commit and who deploys it; empty where synthesis was not told."""

    commit: str = ""
    requested_by: str = ""

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Revision:
        """Read the revision from the environment of a synthesis."""
        return cls(variables.get(COMMIT_VARIABLE, ""), variables.get(REQUESTER_VARIABLE, ""))


UNKNOWN_REVISION = Revision()
