"""Quarantine entries for an operator, with short names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from odp.records import QuarantineKind

from odp_cli.errors import CommandError
from odp_cli.operate.names import near

_NUMBER_DIGITS = 8
_KEYS = {"quarantine_kind", "entry_id", "reason", "quarantined_at", "kept_by", "format"}
_DISMISSED = {"dismissed_at", "dismissed_by", "dismissed_reason"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, and its table if it has one."""

    kind: QuarantineKind
    entry_id: str
    reason: str
    since: str
    table: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    dismissed_at: str = ""
    dismissed_by: str = ""
    dismissed_reason: str = ""

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Entry:
        """Read a stored entry."""
        others = {name: value for name, value in item.items() if name not in _KEYS | _DISMISSED}
        return cls(
            kind=QuarantineKind(item["quarantine_kind"]),
            entry_id=str(item["entry_id"]),
            reason=str(item.get("reason", "")),
            since=str(item.get("quarantined_at", "")),
            table=str(item.get("source_table_name", "")),
            details={name: value if isinstance(value, str) else int(value) for name, value in others.items()},
            **{name: str(item.get(name, "")) for name in _DISMISSED},
        )

    @property
    def number(self) -> str:
        """A short name that is the same in every list."""
        identity = f"{self.kind.value}/{self.entry_id}"
        return hashlib.sha256(identity.encode()).hexdigest()[:_NUMBER_DIGITS]

    @property
    def spellings(self) -> tuple[str, ...]:
        """The names that a person may use for it."""
        path = str(self.details.get("file_ingestion_path", ""))
        return tuple(filter(None, (self.number, self.entry_id, path)))

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "entry": self.number,
            "kind": self.kind.value,
            "entry_id": self.entry_id,
            "source_table_name": self.table,
            "since": self.since,
            "reason": self.reason,
            "dismissed": {"at": self.dismissed_at, "by": self.dismissed_by, "reason": self.dismissed_reason}
            if self.dismissed_at
            else None,
            "details": dict(self.details),
        }


def find_entry(text: str, entries: Sequence[Entry]) -> Entry:
    """Return the entry that a person names by its number, its id or its object's key.

    Raises:
        CommandError: no entry, or more than one, has this name.
    """
    found = [entry for entry in entries if text in entry.spellings]
    if len(found) > 1:
        numbers = ", ".join(f"{entry.number} ({entry.kind.value})" for entry in found)
        raise CommandError(f"{text} is the name of several entries", mend=f"name one by its number: {numbers}")
    if not found:
        spellings = {spelling for entry in entries for spelling in entry.spellings}
        raise CommandError(
            f"the quarantine has no entry {text}", mend=near(text, spellings, "odp quarantine list shows the entries")
        )
    return found[0]
