"""`make demo FORMAT=iceberg SOURCE=file`: without a server, the native engine refreshes every table."""

from pathlib import Path

from tests.end_to_end.programs import processes_of, running

ROWS = 50
TRIPS = ROWS * 18


def test_demo_of_iceberg_tables_refreshes_every_table_natively_and_the_lake_equals_the_source(tmp_path: Path) -> None:
    options = ("--folder", str(tmp_path), "--rows", str(ROWS), "--format", "iceberg", "--direct", "--source", "file")
    with running(tmp_path / "output", "demo", *options) as program:
        assert program.exit_code(seconds=900) == 0, program.output
    said = program.output
    assert "✓ File Processor applies the full load 22 tables refreshed natively" in said
    assert "✓ File Processor applies the changes 10 tables refreshed natively" in said
    assert "✓ The lake equals the source: 22 tables, " in said
    assert f"✓ The taxi flow is right: {TRIPS} trips, 3 rows in quarantine, 6 purpose-built tables" in said
    assert processes_of(tmp_path) == {}
