"""The commands of operators that messages name; the command line itself is not deployed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass


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
