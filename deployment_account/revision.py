"""The commit that is deployed and its author, from the pipeline or from a person's git."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COMMIT_VARIABLE = "COMMIT_ID"
REQUESTER_VARIABLE = "REQUESTED_BY"


@dataclass(frozen=True)
class Revision:
    """A commit and who deploys it; empty where nobody knows."""

    commit: str = ""
    requested_by: str = ""

    @classmethod
    def told_by(cls, variables: Mapping[str, str]) -> Revision:
        """Read the revision from environment variables; synthesis itself looks up nothing."""
        return cls(variables.get(COMMIT_VARIABLE, ""), variables.get(REQUESTER_VARIABLE, ""))

    @classmethod
    def of_working_tree(cls, folder: Path) -> Revision:
        """The revision of a person's working tree, marked `-dirty` if there are changes on top of its commit."""
        describe = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        try:
            said = subprocess.run(describe, cwd=folder, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            said = ""
        return cls(said.strip(), f"{getpass.getuser()}, by hand")

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that `told_by` reads."""
        return {COMMIT_VARIABLE: self.commit, REQUESTER_VARIABLE: self.requested_by}


UNKNOWN_REVISION = Revision()
