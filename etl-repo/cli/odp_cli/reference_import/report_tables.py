"""The report of an import for a person: what each entry became, what was decided, what is to be checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from odp_cli.reference_import.entries import ReferenceEntry
from odp_cli.reference_import.import_log import Decision, ImportLog

if TYPE_CHECKING:
    from rich.console import RenderableType

_SHOWN_PLACES = 2
_TABLE_SETTINGS = {"refresh_cadence": "{}", "table_data_versioning_type": "{}", "is_active": "active: {}"}
_BATCH_SETTINGS = {
    "glue_job_name": "{}",
    "glue_job_worker_type": "{}",
    "glue_job_max_workers": "workers: {}",
    "refresh_tables_batch_size": "tables a run: {}",
}


def report(entries: Sequence[ReferenceEntry], log: ImportLog) -> Iterator[RenderableType]:
    """Show a table for each file with every entry in a line, then every decision in a line."""
    for file in dict.fromkeys(entry.file for entry in entries):
        yield _table(file, [entry for entry in entries if entry.file == file])
    for decision in log.decisions:
        yield _line(decision)


def _table(file: str, entries: Sequence[ReferenceEntry]) -> Table:
    shown = Table(title=Text(file), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("entry", "became", "with"):
        shown.add_column(heading, overflow="fold")
    for entry in entries:
        shown.add_row(Text(entry.place.removeprefix(f"{file}: entry ")), Text(_target(entry)), Text(_settings(entry)))
    return shown


def _target(entry: ReferenceEntry) -> str:
    if not entry.is_table:
        return f"cadence {entry.name}"
    return f"{entry.name} → {entry.fields.get('raw_database_name')}.{entry.fields.get('raw_table_name')}"


def _settings(entry: ReferenceEntry) -> str:
    labels = _TABLE_SETTINGS if entry.is_table else _BATCH_SETTINGS
    return ", ".join(label.format(entry.fields[name]) for name, label in labels.items() if name in entry.fields)


def _line(decision: Decision) -> Text:
    mark, style = ("?", "yellow") if decision.needs_check else ("·", "")
    places = list(dict.fromkeys(decision.places))
    where = ", ".join(places) if len(places) <= _SHOWN_PLACES else f"{places[0]} and {len(places) - 1} more"
    return Text(f"{mark} {decision.field}: {decision.text} ({where})", style=style)
