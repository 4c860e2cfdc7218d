"""The job reads its own arguments among Glue's."""

from typing import Any

import pytest
from odp.file_processor.job import JobArguments

from lake.job_arguments import parse_arguments

OWN: dict[str, Any] = {
    "JOB_NAME": "odpf_file_processor",
    "JOB_RUN_ID": "jr_1",
    "plan_bucket": "config",
    "plan_key": "odp/plans/c/e.json",
    "batch": 3,
    "file_tracker_table": "a",
    "file_tracker_history_table": "b",
    "file_processing_tracker_table": "c",
    "file_processing_tracker_history_table": "d",
    "raw_table_config_table": "e",
    "config_deploy_tracker_table": "f",
    "quarantine_table": "g",
    "sources": '{"default":{"folder":""}}',
    "buckets": '{"staging":"s","raw":"r"}',
    "max_files_per_refresh": 1000,
    "max_bytes_per_refresh": 8_000_000_000,
    "max_replayed_files": 1000,
    "history_days": 400,
}


def argv(**arguments: object) -> list[str]:
    return [word for name, value in arguments.items() for word in (f"--{name}", str(value))]


def test_arguments_are_read_among_those_of_glue() -> None:
    """Defect 19 of the reference: it evaluated its arguments as code."""
    glue = {"JOB_ID": "j_1", "conf": "spark.a=b --conf spark.c=d", "datalake-formats": "hudi"}
    assert parse_arguments(JobArguments, argv(**glue, **OWN)) == JobArguments(**OWN)


def test_regions_may_be_missing_since_most_lakes_have_no_secondary() -> None:
    assert parse_arguments(JobArguments, argv(**OWN)).regions == ""
    assert parse_arguments(JobArguments, argv(**OWN, regions='{"table":"t"}')).regions == '{"table":"t"}'


def test_missing_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(JobArguments, argv(**{name: value for name, value in OWN.items() if name != "plan_key"}))
    assert "--plan_key" in capsys.readouterr().err


def test_argument_of_another_type_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(JobArguments, argv(**{**OWN, "history_days": "a year"}))
    assert "--history_days: invalid int value: 'a year'" in capsys.readouterr().err


def test_arguments_are_never_abbreviated() -> None:
    with pytest.raises(SystemExit):
        parse_arguments(
            JobArguments, argv(**{("plan_k" if name == "plan_key" else name): value for name, value in OWN.items()})
        )
