"""The audit trail of decisions: each is an item of odpf_quarantine, written before any change."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from odp.records import QuarantineKind
from odp.stored_format import FORMAT

from odp_cli.operate.ledger import OperatedLedger

_SUBJECTS = 200
"""The most files that an item names; it always has their number."""
BEGUN, DONE = "begun", "done"


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision about a table, its files or an entry."""

    command: str
    table: str
    reason: str
    before: str
    after: str
    subjects: Sequence[str]


@dataclass(frozen=True, slots=True)
class DecisionLog:
    """Keeps decisions in the name of one person."""

    ledger: OperatedLedger
    decided_by: str

    def begin(self, decision: Decision) -> dict[str, Any]:
        """Record the decision before it is carried out, so no change is without a record."""
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
        self.ledger.put_entry(item)
        return item

    def end(self, item: dict[str, Any], *, changed: int) -> None:
        """Add the number of changed subjects; somebody else had decided the others."""
        self.ledger.put_entry(item | {"progress": DONE, "changed": changed})

    def now(self) -> str:
        """Return the time of a decision."""
        return self.ledger.now().isoformat(timespec="milliseconds")
