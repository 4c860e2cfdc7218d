"""Quarantine entries as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from odp.records import QuarantineKind
from rich.text import Text

from odp_cli.operate.ages import minute
from odp_cli.operate.entries import Entry
from odp_cli.rendering import Column, Listing

_COLUMNS = (
    *map(Column, ("entry", "since (UTC)", "kind", "table")),
    *(Column(title, is_text=True) for title in ("reason", "decided")),
)


def table_of(entries: Sequence[Entry]) -> Listing:
    """A row for each entry."""
    return Listing(_COLUMNS, [tuple(map(Text, _cells(entry))) for entry in entries])


def _cells(entry: Entry) -> tuple[str, ...]:
    return entry.number, minute(entry.since), entry.kind.value, entry.table or "–", entry.reason, _decided(entry)


def _decided(entry: Entry) -> str:
    if entry.kind is QuarantineKind.DECISION:
        details = entry.details
        changed = f"{details.get('changed', '?')} of {details['subject_count']}"
        return f"{details['command']}: {details['before']} → {details['after']}, {changed}, by {details['decided_by']}"
    return (
        f"{minute(entry.dismissed_at)} by {entry.dismissed_by}: {entry.dismissed_reason}" if entry.dismissed_at else ""
    )


def shown_fields(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an entry has, by name."""
    flat = {**{name: value for name, value in document.items() if name != "details"}, **document["details"]}
    return ((name, _shown(value)) for name, value in flat.items() if value)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "".join(f"\n  {each}" for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return str(value)
