"""The drill in its short form: two deployed Regions, of which one is lost and comes back."""

from pathlib import Path

from rehearsal.drill.cli import run
from rehearsal.drill.figures import Figures


def test_the_lake_equals_its_source_after_failover_and_failback_and_the_stale_run_commits_nothing(
    tmp_path: Path,
) -> None:
    figures = Figures(1, "cold", 2, (300,), (0.0, 6.0), (0.0, 0.5))
    run(tmp_path, figures, hudi=0, say=print)  # any difference from the source is an error
    assert figures.stale_commits == 0
    assert "StaleRegionError" in figures.stale_run
    assert figures.rpo_files_after_catching_up == 0
    assert 0 < figures.rto_command < figures.rto_all_tables
