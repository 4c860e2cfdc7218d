"""A real run: Spark and Iceberg with the Data Catalog as a table's one truth, under the job's role."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.iceberg import iceberg_arguments

SESSION = """
    import sys
    from concurrent.futures import ThreadPoolExecutor
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("iceberg").getOrCreate()
    trips, branch = "glue_catalog.lake.trips", "glue_catalog.lake.trips.branch_load"
    spark.sql(f"CREATE TABLE {trips} (id BIGINT, day TIMESTAMP) USING iceberg PARTITIONED BY (days(day))")

    def append(table, *ids):
        rows = [f"({number}L, TIMESTAMP '2021-01-0{1 + number % 2} 12:00:00')" for number in ids]
        spark.sql(f"SELECT * FROM VALUES {', '.join(rows)} AS new(id, day)").writeTo(table).append()

    def ids(table):
        return sorted(row.id for row in spark.table(table).collect())

    def loaded(table):
        return spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, table)
"""
BRANCH = """
    append(trips, 0, 1, 2)
    spark.sql(f"ALTER TABLE {trips} CREATE BRANCH load")
    spark.sql(f"DELETE FROM {branch} WHERE id = 1")
    append(branch, 9)
    assert (ids(trips), ids(branch)) == ([0, 1, 2], [0, 2, 9])
    spark.sql("CALL glue_catalog.system.fast_forward('lake.trips', 'main', 'load')")
    assert ids(trips) == [0, 2, 9], ids(trips)
"""
RACE = """
    stale = loaded(trips).operations()
    base = stale.current()
    with ThreadPoolExecutor(2) as writers:
        list(writers.map(lambda number: append(trips, number), range(100, 106)))
    assert ids(trips) == [0, 2, 9, *range(100, 106)], ids(trips)
    changed = spark._jvm.org.apache.iceberg.TableMetadata.buildFrom(base).setProperties({"a": "b"}).build()
    try:
        stale.commit(base, changed)
    except Exception as refused:
        assert "CommitFailedException" in str(refused), refused
    else:
        raise AssertionError("a commit on a stale base was taken")
"""


@pytest.fixture
def arguments(aws: Callable[[str], Any], bucket: str) -> dict[str, str]:
    aws("glue").create_database(DatabaseInput={"Name": "lake"})
    return iceberg_arguments(bucket)


@pytest.mark.slow  # taxi runs in tests/embedded/lake branch, tests/embedded/tables has two writers
def test_an_iceberg_job_creates_appends_branches_and_fast_forwards_and_loses_no_commit_of_two_writers(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], aws: Callable[[str], Any], bucket: str,
    arguments: dict[str, str], glue_log: Callable[[str], str],
) -> None:  # fmt: skip
    run = run_job(make_job(SESSION + BRANCH + RACE, kind="glueetl"), Arguments=arguments, Timeout=600)
    assert run["JobRunState"] == "SUCCEEDED", glue_log(run["Id"])
    table = aws("glue").get_table(DatabaseName="lake", Name="trips")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert table["Parameters"]["metadata_location"].startswith(f"s3://{bucket}/lake.db/trips/metadata/")
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["id", "day"]


def test_an_iceberg_job_may_do_to_the_catalog_what_its_role_may_and_no_more(
    make_job: Callable[..., str], make_role: Callable[..., str], run_job: Callable[..., dict[str, Any]],
    arguments: dict[str, str],
) -> None:  # fmt: skip
    role = make_role("reader", "glue.amazonaws.com", "s3:*", "glue:GetDatabase", "glue:GetTable", "glue:CreateTable")
    run = run_job(make_job(SESSION + BRANCH, role=role, kind="glueetl"), Arguments=arguments, Timeout=600)
    assert run["JobRunState"] == "FAILED"
    assert "glue:UpdateTable" in run["ErrorMessage"], run["ErrorMessage"]


def test_the_catalog_refuses_an_update_of_an_older_version_of_a_table(aws: Callable[[str], Any]) -> None:
    glue = aws("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(DatabaseName="lake", TableInput={"Name": "trips"})
    version = glue.get_table(DatabaseName="lake", Name="trips")["Table"]["VersionId"]
    update = {"DatabaseName": "lake", "TableInput": {"Name": "trips"}, "VersionId": version, "SkipArchive": True}
    glue.update_table(**update)
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        glue.update_table(**update)
