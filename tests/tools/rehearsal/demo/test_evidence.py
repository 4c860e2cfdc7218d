"""What a person is shown of the logs of a failed run."""

from pathlib import Path

import pytest

from rehearsal.demo.failures import LINES, WIDTH, Evidence, evidence, evidence_of

FAILED_GLUE_RUN = """\
26/01/01 00:00:00 WARN HiveConf: HiveConf of name hive.stats does not exist
2026-01-01 00:00:01,000 ERROR MainThread odp.file_processor.batch_refresh: db.table_2 was not refreshed
Traceback (most recent call last):
  File "odp/table_refresh.py", line 1, in run
    work.run()
py4j.protocol.Py4JJavaError: An error occurred while calling o1.parquet.
: org.apache.spark.SparkException: Job aborted
\tat org.apache.spark.Executor.run(Executor.scala:1)
Caused by: java.lang.RuntimeException: s3://b/k is not a Parquet file
\t... 1 more
Caused by: java.lang.RuntimeException: s3://b/k is not a Parquet file
odp.errors.RefreshFailedError: 1 of 4 tables failed
"""
TOLD = (
    "2026-01-01 00:00:01,000 ERROR MainThread odp.file_processor.batch_refresh: db.table_2 was not refreshed",
    "py4j.protocol.Py4JJavaError: An error occurred while calling o1.parquet.",
    "Caused by: java.lang.RuntimeException: s3://b/k is not a Parquet file",
    "odp.errors.RefreshFailedError: 1 of 4 tables failed",
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "glue" / "job").mkdir(parents=True)
    (tmp_path / "lambda").mkdir()
    return tmp_path


def failed(error: str) -> str:
    return f"Traceback (most recent call last):\n  File 'x', line 1\n{error}\n"


def test_failed_run_tells_its_errors_without_warnings_and_places_each_once(logs: Path) -> None:
    (logs / "glue" / "job" / "jr_1.log").write_text(FAILED_GLUE_RUN)
    assert list(evidence(logs)) == [Evidence("glue/job/jr_1.log", TOLD)]


def test_log_without_a_traceback_tells_nothing_even_if_it_warns_of_errors(logs: Path) -> None:
    (logs / "glue" / "job" / "jr_1.log").write_text("26/01/01 ERROR HMSDDLExecutor: Failed to create database\n")
    assert list(evidence(logs)) == []


def test_failed_runs_are_told_before_functions_and_functions_before_the_emulator(logs: Path) -> None:
    emulator, function, run = logs / "emulator.log", logs / "lambda" / "f.log", logs / "glue" / "job" / "jr_1.log"
    for log, error in ((emulator, "A.Error: e"), (function, "KeyError: f"), (run, "ValueError: g")):
        log.write_text(failed(error))
        assert list(evidence(logs)) == [Evidence(str(log.relative_to(logs)), (error,))]


def test_long_logs_and_lines_are_cut_to_what_a_screen_holds(logs: Path) -> None:
    (logs / "emulator.log").write_text(failed("\n".join(f"ValueError: {number} " + "x" * 999 for number in range(99))))
    ((told),) = evidence(logs)
    assert len(told.lines) == LINES
    assert told.lines[-1].startswith("ValueError: 98 ")
    assert {len(line) for line in told.lines} == {WIDTH}


def test_run_that_ended_before_the_emulator_logged_anything_tells_nothing(tmp_path: Path) -> None:
    assert list(evidence(tmp_path / "nowhere")) == []


def test_of_a_failure_that_explains_itself_only_the_logs_of_its_own_runs_are_told(logs: Path) -> None:
    for name in ("jr_1", "jr_2"):
        (logs / "glue" / "job" / f"{name}.log").write_text(failed(f"ValueError: {name}"))
    assert [found.lines for found in evidence_of(["jr_2"], logs)] == [("ValueError: jr_2",)]
    assert list(evidence_of([], logs)) == []
