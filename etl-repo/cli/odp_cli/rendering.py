"""How answers look in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from odp.configuration import Change, ChangeKind
from rich import box
from rich.table import Table
from rich.text import Text

_STYLES = {
    ChangeKind.ADDED: "green",
    ChangeKind.CHANGED: "yellow",
    ChangeKind.DEACTIVATED: "yellow",
    ChangeKind.REACTIVATED: "green",
    ChangeKind.REMOVED: "red",
}
_UNTOLD = {ChangeKind.ADDED, ChangeKind.REMOVED}
"""Every field of such an entry differs, which says no more than its name."""


def changes_table(changes: Sequence[Change]) -> Table:
    """A row for each entry that changes, with its fields before and after."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("entry", "change", "fields"):
        table.add_column(name, overflow="fold")
    for change in changes:
        table.add_row(Text(change.name), Text(change.kind.value, style=_STYLES[change.kind]), Text(_fields(change)))
    return table


def problem_lines(problems: Sequence[str]) -> Text:
    """A line for each problem."""
    return Text("\n").join(Text(f"✗ {problem}", style="red") for problem in problems)


def _fields(change: Change) -> str:
    if change.kind in _UNTOLD:
        return ""
    return "\n".join(f"{name}: {before} → {after}" for name, (before, after) in change.differences.items())
