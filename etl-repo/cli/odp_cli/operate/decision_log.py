"""The audit trail of decisions: an item of odpf_quarantine each, kept before anything is changed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from odp.records import QuarantineKind
from odp.stored_format import FORMAT

from odp_cli.operate.books import OperatedBooks

_SUBJECTS = 200
"""So many files an item names; how many there were it says in any case."""
BEGUN, DONE = "begun", "done"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decides about a table, its files or an entry."""

    command: str
    table: str
    reason: str
    before: str
    after: str
    subjects: Sequence[str]


@dataclass(frozen=True, slots=True)
class DecisionLog:
    """Keeps decisions in the name of one person."""

    books: OperatedBooks
    decided_by: str

    def begin(self, decision: Decision) -> dict[str, Any]:
        """Keep what is going to be done, so that no change is without its entry, wherever the command dies."""
        at = self.now()
        item: dict[str, Any] = {
            "quarantine_kind": QuarantineKind.DECISION.value,
            "entry_id": f"{at}#{uuid.uuid4().hex[:8]}",
            "format": FORMAT,
            "quarantined_at": at,
            "source_table_name": decision.table,
            "command": decision.command,
            "decided_by": self.decided_by,
            "reason": decision.reason,
            "before": decision.before,
            "after": decision.after,
            "subjects": "\n".join(decision.subjects[:_SUBJECTS]),
            "subject_count": len(decision.subjects),
            "progress": BEGUN,
        }
        self.books.put_entry(item)
        return item

    def end(self, item: dict[str, Any], *, changed: int) -> None:
        """Add how many of the subjects were changed; the others had been decided by somebody else."""
        self.books.put_entry(item | {"progress": DONE, "changed": changed})

    def now(self) -> str:
        """Give the time of a decision."""
        return self.books.now().isoformat(timespec="milliseconds")
