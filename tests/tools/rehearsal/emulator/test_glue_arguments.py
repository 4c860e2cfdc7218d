"""Job arguments as Glue treats them."""

import pytest

from rehearsal.emulator.glue_runner import job_run
from rehearsal.emulator.glue_runner.job_run import UnsupportedArgumentError


def test_a_runs_argument_goes_before_the_jobs_and_one_that_may_not_change_before_both() -> None:
    job = {"DefaultArguments": {"--a": "job", "--b": "job", "--c": "job"}, "NonOverridableArguments": {"--c": "fixed"}}
    assert job_run.merged(job, {"--b": "run", "--c": "run"}) == {"--a": "job", "--b": "run", "--c": "fixed"}


def test_a_script_finds_all_arguments_and_its_own_identity() -> None:
    line = job_run.command_line({"--batch": "0", "--JOB_NAME": "pretended"}, job="refresh", run="jr_1")
    assert line == ["--batch", "0", "--JOB_NAME", "refresh", "--JOB_ID", "j_1", "--JOB_RUN_ID", "jr_1"]


@pytest.mark.parametrize(
    ("value", "settings"),
    [
        ("a=1", {"a": "1"}),
        ("a=1 --conf b=2 --conf  c=x=y", {"a": "1", "b": "2", "c": "x=y"}),
        ("--conf a=1", {"a": "1"}),
        ("spark.x=-Da=1 -Db=2 --conf y=3", {"spark.x": "-Da=1 -Db=2", "y": "3"}),
        ("", {}),
    ],
)
def test_several_settings_are_chained_in_one_value(value: str, settings: dict[str, str]) -> None:
    assert job_run.spark_settings({"--conf": value}) == settings


def test_without_conf_there_are_no_settings() -> None:
    assert job_run.spark_settings({}) == {}


def test_extra_python_files_are_separated_by_commas() -> None:
    given = {"--extra-py-files": "s3://a/b.zip, s3://a/c.zip,"}
    assert job_run.extra_python_files(given) == ["s3://a/b.zip", "s3://a/c.zip"]


@pytest.mark.parametrize(
    ("given", "used"),
    [({"--enable-glue-datacatalog": "true"}, True), ({"--enable-glue-datacatalog": ""}, True),
     ({"--enable-glue-datacatalog": "false"}, False), ({}, False)],
)  # fmt: skip
def test_the_data_catalog_is_used_when_the_argument_is_there(given: dict[str, str], used: bool) -> None:
    assert job_run.uses_data_catalog(given) is used


def test_formats_that_are_not_there_are_named() -> None:
    with pytest.raises(UnsupportedArgumentError, match="delta: hudi and iceberg are available"):
        job_run.table_formats({"--datalake-formats": "hudi, iceberg,delta"})


def test_no_format_is_no_format() -> None:
    assert job_run.table_formats({}) == set()
