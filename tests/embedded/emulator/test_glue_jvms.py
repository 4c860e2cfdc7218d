"""A run may get the JVM of the runs before it, but nothing that they left in it; one that fails takes its JVM along."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.waiting import eventually

SESSION = """
    import json, sys
    from pyspark.sql import SparkSession

    bucket = sys.argv[sys.argv.index("--bucket") + 1]
    spark = SparkSession.builder.getOrCreate()
    print("JVM", spark._jvm.java.lang.ProcessHandle.current().pid(), flush=True)
"""
FIRST = """
    spark.range(3).createOrReplaceTempView("a_view")
    spark.sql(f"CREATE DATABASE of_the_first LOCATION 's3://{bucket}/of_the_first'")
    spark.range(3).write.mode("overwrite").saveAsTable("of_the_first.a_table")
    spark.range(3).write.mode("overwrite").parquet(f"s3://{bucket}/rows")
    spark._jvm.System.out.println("said by the first")
"""
SECOND = """
    def may_write():
        try:
            spark.range(3).write.parquet(f"s3://{bucket}/other")
        except Exception as error:
            assert "assumed-role/only-reads" in str(error), error
            return False
        return True

    print("FOUND", json.dumps({
        "rows": spark.read.parquet(f"s3://{bucket}/rows").count(),
        "views": [table.name for table in spark.catalog.listTables()],
        "databases": [database.name for database in spark.catalog.listDatabases()],
        "setting": spark.conf.get("spark.of.the.first", None),
        "is_kryo": "Kryo" in spark.conf.get("spark.serializer", ""),
        "may_write": may_write(),
    }))
"""
FAILING = """
    raise ValueError("a poor run")
"""
WAITING = """
    import time
    time.sleep(300)
"""
Run = dict[str, Any]


@pytest.fixture
def run(make_job: Callable[..., str], run_job: Callable[..., Run], bucket: str) -> Callable[..., Run]:
    """Run a script to its end, with a metastore, as a role with some rights."""

    def run_script(script: str, *, role: str | None = None, conf: str = "a=1") -> Run:
        arguments = {"--bucket": bucket, "--enable-glue-datacatalog": "true", "--conf": conf}
        return run_job(make_job(SESSION + script, role=role, kind="glueetl"), Arguments=arguments, Timeout=600)

    return run_script


def test_a_run_finds_nothing_of_the_run_before_it_in_the_same_jvm(
    run: Callable[..., Run], make_role: Callable[..., str], glue_log: Callable[[str], str]
) -> None:
    kryo = "spark.of.the.first=1 --conf spark.serializer=org.apache.spark.serializer.KryoSerializer"
    first = run(FIRST, conf=kryo)
    assert first["JobRunState"] == "SUCCEEDED", glue_log(first["Id"])
    reader = make_role("only-reads", "glue.amazonaws.com", "s3:GetObject", "s3:ListBucket", "glue:*")
    second = run(SECOND, role=reader)
    assert second["JobRunState"] == "SUCCEEDED", glue_log(second["Id"])
    assert _jvm(glue_log(first["Id"])) == _jvm(glue_log(second["Id"]))
    found = json.loads(_said(glue_log(second["Id"]), "FOUND"))
    assert found == {
        "rows": 3,
        "views": [],
        "databases": ["default"],
        "setting": None,
        "is_kryo": False,
        "may_write": False,
    }
    assert "said by the first" in glue_log(first["Id"])
    assert "said by the first" not in glue_log(second["Id"])


def test_the_jvm_of_a_run_that_failed_ends_with_it(run: Callable[..., Run], glue_log: Callable[[str], str]) -> None:
    failed = run(FAILING)
    assert (failed["JobRunState"], failed["ErrorMessage"]) == ("FAILED", "ValueError: a poor run")
    _assert_gone(_jvm(glue_log(failed["Id"])))


def test_the_jvm_of_a_run_that_is_stopped_ends_with_it(
    make_job: Callable[..., str], aws: Callable[[str], Any], bucket: str, glue_log: Callable[[str], str],
    state_of: Callable[..., Run],
) -> None:  # fmt: skip
    job, glue = make_job(SESSION + WAITING, kind="glueetl"), aws("glue")
    started = glue.start_job_run(JobName=job, Arguments={"--bucket": bucket})["JobRunId"]
    state_of(job, started, "RUNNING")
    jvm = _jvm(eventually(lambda: glue_log(started), lambda log: "JVM" in log, 300))
    glue.batch_stop_job_run(JobName=job, JobRunIds=[started])
    _assert_gone(jvm)


def _jvm(log: str) -> int:
    return int(_said(log, "JVM"))


def _said(log: str, word: str) -> str:
    return next(line for line in log.splitlines() if line.startswith(word)).removeprefix(word)


def _assert_gone(pid: int) -> None:
    eventually(lambda: Path(f"/proc/{pid}").exists(), lambda is_there: not is_there, 60)
