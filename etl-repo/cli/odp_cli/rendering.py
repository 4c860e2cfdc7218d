"""How answers look in a terminal: a table where there is room for one, otherwise a list. Names are never broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odp.configuration import Change, ChangeKind
from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

_STYLES = {
    ChangeKind.ADDED: "green",
    ChangeKind.CHANGED: "yellow",
    ChangeKind.DEACTIVATED: "yellow",
    ChangeKind.REACTIVATED: "green",
    ChangeKind.REMOVED: "red",
}
_NARROWEST_TEXT = 30
_INDENT = 2
_GAP = 2
"""Blanks between two columns."""
_BETWEEN = " · "
_UNTOLD = {ChangeKind.ADDED, ChangeKind.REMOVED}
"""Changes whose fields are not shown, because every field differs."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer; only a text may be broken, between words."""

    title: str
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows under titles; the first cell of a row is its name."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Text]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Show a table if it fits; a pipe or file gets a table as wide as its rows, a narrow terminal a list."""
        widths = [self._width(index) for index in range(len(self.columns))]
        if not console.is_terminal:
            yield self._table(sum(widths) + _GAP * len(widths))
        elif self._least(widths) <= options.max_width:
            yield self._table(None)
        else:
            yield from self._list(console, options.max_width - _INDENT)

    def _width(self, index: int) -> int:
        cells = [Text(self.columns[index].title), *(row[index] for row in self.rows)]
        return max(line.cell_len for cell in cells for line in cell.split(allow_blank=True))

    def _least(self, widths: Sequence[int]) -> int:
        each = zip(self.columns, widths, strict=True)
        return sum(_GAP + (min(width, _NARROWEST_TEXT) if column.is_text else width) for column, width in each)

    def _table(self, width: int | None) -> Table:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, width=width)
        for column in self.columns:
            table.add_column(column.title, overflow="fold", no_wrap=not column.is_text)
        for row in self.rows:
            table.add_row(*row)
        return table

    def _list(self, console: Console, width: int) -> Iterator[Text]:
        for name, *cells in self.rows:
            yield name
            lines: list[Text] = []
            for column, cell in zip(self.columns[1:], cells, strict=True):
                if not cell.plain:
                    continue
                titled = Text(f"{column.title}: ").append_text(cell)
                if lines and lines[-1].cell_len + len(_BETWEEN) + titled.cell_len <= width and "\n" not in cell.plain:
                    lines[-1].append(_BETWEEN).append_text(titled)
                else:
                    lines += titled.wrap(console, width) if column.is_text else [titled]
            yield from (Text(" " * _INDENT).append_text(line) for line in lines)


def changes_table(changes: Sequence[Change]) -> Listing:
    """A row for each entry that changes, with its fields before and after."""
    return Listing(
        (Column("entry"), Column("change"), Column("fields", is_text=True)),
        [
            (Text(change.name), Text(change.kind.value, style=_STYLES[change.kind]), Text(_fields(change)))
            for change in changes
        ],
    )


def problem_lines(problems: Sequence[str]) -> Text:
    """A line for each problem."""
    return Text("\n").join(Text(f"✗ {problem}", style="red") for problem in problems)


def _fields(change: Change) -> str:
    if change.kind in _UNTOLD:
        return ""
    return "\n".join(f"{name}: {before} → {after}" for name, (before, after) in change.differences.items())
