"""The figures of a benchmark, for people and for machines."""

import json
from pathlib import Path

from rich.console import Console

from benchmarks.figures import Figures

FIGURES = Figures(
    "race", "Who is faster", [{"who": "hare", "s": 1.234}, {"who": "tortoise", "s": 1234.5}], ["by 1000 ×"]
)


def test_people_see_every_record_and_every_note(tmp_path: Path) -> None:
    console = Console(record=True, width=120)
    FIGURES.publish(console, tmp_path)
    shown = console.export_text()
    assert all(text in shown for text in ("Who is faster", "hare", "1.23", "tortoise", "1,234", "by 1000 ×"))


def test_machines_read_the_records_unrounded(tmp_path: Path) -> None:
    path = FIGURES.publish(Console(quiet=True), tmp_path)
    document = json.loads(path.read_text())
    assert path.name == "race.json"
    assert document["records"] == list(FIGURES.records)
    assert document["machine"]["cores"] > 0
