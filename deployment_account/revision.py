"""Which commit is being deployed, and by whom: told to synthesis by the pipeline, or by the person's own tools."""

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
        """The revision that the environment of a synthesis tells; synthesis itself asks nobody."""
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
        """What `told_by` reads."""
        return {COMMIT_VARIABLE: self.commit, REQUESTER_VARIABLE: self.requested_by}


UNKNOWN_REVISION = Revision()
