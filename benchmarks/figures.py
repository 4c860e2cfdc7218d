"""The figures of a benchmark: one list of records, shown to people as a table and kept for machines as JSON."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.workspace import FOLDER

Record = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a benchmark found; every record has the same fields, in the order in which they are shown."""

    name: str
    title: str
    records: Sequence[Record]
    notes: Sequence[str] = ()

    def publish(self, console: Console, folder: Path = FOLDER) -> Path:
        """Print the table, and write the JSON file beside the other benchmarks' files."""
        console.print(self.table())
        for note in self.notes:
            console.print(note, highlight=False)
        path = folder / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.document(), indent=1) + "\n", encoding="utf-8")
        console.print(f"Figures: {path}", soft_wrap=True, highlight=False)
        return path

    def table(self) -> Table:
        """Show a column for each field."""
        table = Table(title=self.title, title_justify="left")
        for field, value in self.records[0].items():
            table.add_column(field, justify="left" if isinstance(value, str) else "right")
        for record in self.records:
            table.add_row(*(_shown(value) for value in record.values()))
        return table

    def document(self) -> Mapping[str, object]:
        """Return what is kept: the records, and the machine that they are of."""
        machine = {"cores": os.cpu_count(), "architecture": platform.machine(), "load_after": os.getloadavg()[0]}
        return {
            "benchmark": self.name,
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine,
            "notes": list(self.notes),
            "records": list(self.records),
        }


def _shown(value: str | float) -> str:
    if isinstance(value, float) and 0 < value < 0.01:  # noqa: PLR2004 - two digits, however small it is
        return f"{value:.2g}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}"  # noqa: PLR2004 - fractions of thousands are noise
    return f"{value:,}" if isinstance(value, int) else value
