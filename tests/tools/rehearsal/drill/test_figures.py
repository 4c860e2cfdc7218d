"""What a drill prints and keeps."""

import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from rehearsal.drill.figures import Figures, show

FIGURES = Figures(
    7, "cold", 3, (2_000,), (0.0, 20.0), (0.0, 1.0), rpo_files=4, rpo_seconds=12.5, rto_all_tables=33.0,
    landed_files=40, landed_bytes=2_500_000, stale_run="its execution SUCCEEDED: StaleRegionError",
    rebuilt=[{"table": "t1", "bytes": 1_500_000.0, "seconds": 4.25}],
)  # fmt: skip


def test_each_figure_is_shown_beside_what_it_depends_on() -> None:
    console = Console(file=StringIO(), width=200)
    show(FIGURES, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "4 files, 12.5 s" in text
    assert "objects 0–20 s, items 0–1 s" in text
    assert "3 tables, 2.5 MB in 40 files" in text
    assert "StaleRegionError" in text
    assert [word for word in text.splitlines()[-2].split() if word[0].isalnum()] == ["t1", "1.5", "4.2"]


def test_raw_figures_are_kept_beside_those_of_earlier_drills(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "drill.jsonl"
    FIGURES.save(file)
    FIGURES.save(file)
    first, second = map(json.loads, file.read_text().splitlines())
    assert first == second
    assert (first["rpo_files"], first["rto_all_tables"], first["objects_delay"]) == (4, 33.0, [0.0, 20.0])
