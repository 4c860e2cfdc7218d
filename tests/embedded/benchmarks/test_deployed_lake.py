"""The benchmark on a deployed lake, with tables of a moment: contents are compared, and everything is counted."""

from pathlib import Path

import pytest

from benchmarks.change_phase.comparison import UnequalRowsError
from benchmarks.change_phase.workload import Workload
from benchmarks.deployed_lake import phases
from benchmarks.deployed_lake.course import Course
from benchmarks.deployed_lake.lake import NATIVE, MeasuredLake, measured_lake

pytestmark = pytest.mark.slow

WORKLOAD = Workload("small", tables=2, rows=400, changes=100)


def test_tables_end_as_the_files_say_and_a_row_too_few_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phases, "KEPT", tmp_path / "lake.prof")
    with measured_lake(tmp_path) as lake:
        run = Course(lake, tmp_path / "s3", tmp_path, say=lambda _: None)
        compute, requests, money, warm, profile = (list(each.records) for each in run.run(WORKLOAD, 1).figures())
        assert all(float(each["CPU s"]) > 0 for each in compute)
        made = {(row["service"], row["operation"]) for row in requests if row["function"] == NATIVE}
        assert {("s3", "GET"), ("s3", "PUT"), ("glue", "UpdateTable"), ("dynamodb", "TransactWriteItems")} <= made
        assert float(money[-1]["USD for a million changes"]) > 0
        assert 0 < float(warm[0]["registered"]) < float(warm[0]["committed"]) < float(warm[0]["readable"])
        assert sum(float(phase["%"]) for phase in profile) == pytest.approx(100)

        read, (table, _) = MeasuredLake.read, WORKLOAD.source_tables
        monkeypatch.setattr(MeasuredLake, "read", lambda lake, table: read(lake, table).slice(1))
        (tmp_path / "found" / table.name / "rows.parquet").unlink()
        (tmp_path / "found" / table.name).rmdir()
        with pytest.raises(UnequalRowsError, match="1 rows of small_1 differ"):
            run.compare(table)
