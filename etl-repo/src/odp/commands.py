"""What operators decide by: the commands that messages name, and approvals of several files at once.

The command line itself is not deployed.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from odp.records import LandedFile


@dataclass(frozen=True, slots=True)
class Commands:
    """Commands about one environment's lake."""

    environment: str

    def status(self, source_table_name: str) -> str:
        """Show how a table is."""
        return f"odp status {shlex.quote(source_table_name)} --env {self.environment}"

    def show(self, entry_id: str) -> str:
        """Show an entry of the quarantine."""
        return f"odp quarantine show {shlex.quote(entry_id)} --env {self.environment}"

    def release(self, entry_id: str) -> str:
        """Approve the files of an entry."""
        return f"odp quarantine release {shlex.quote(entry_id)} --env {self.environment}"

    def dismiss(self, entry_id: str) -> str:
        """Give up the files of an entry."""
        return f"odp quarantine dismiss {shlex.quote(entry_id)} --reason TEXT --env {self.environment}"

    def rejected(self) -> str:
        """List the rejected files."""
        return f"odp quarantine list --kind rejected_file --env {self.environment}"

    def reload(self, source_table_name: str, verdict: str) -> str:
        """Decide about the held loads of a table, or empty it."""
        return f"odp reload {shlex.quote(source_table_name)} --{verdict} --env {self.environment}"

    def replication_status(self, source: str) -> str:
        """Show how the replication of a source is."""
        return f"odp replication status --source {source} --env {self.environment}"

    def replication_reload(self, source_table_name: str) -> str:
        """Let DMS load a table again."""
        return f"odp replication reload {shlex.quote(source_table_name)} --env {self.environment}"


# Approvals of several files: the files share one approval, and wait for each other.


def whole_approvals(held: Sequence[LandedFile], file_ids: Collection[str]) -> set[str]:
    """Return the begun approvals whose held files are all among the given ones."""
    left = {file.approval for file in held if file.file_id not in file_ids}
    return {file.approval for file in held if file.approval} - left


def approval_of(held: Sequence[LandedFile], file_ids: Collection[str], new: str) -> str:
    """Return the approval of files that are approved together: an interrupted one continues, a single file needs none.

    It does not continue if a person leaves some of its files out now: the others would wait for these.
    """
    return min(whole_approvals(held, file_ids), default=new if len(file_ids) > 1 else "")
