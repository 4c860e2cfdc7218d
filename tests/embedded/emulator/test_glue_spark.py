"""A real run: Spark and Hudi on the emulator's S3, several threads, and what Hudi's sync leaves in the catalog."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

LIBRARY = "NAMES = ['table_1', 'table_2', 'table_3']"
SCRIPT = """
    import sys
    from concurrent.futures import ThreadPoolExecutor
    from pyspark.sql import SparkSession, functions as F
    import lake_library

    bucket = sys.argv[sys.argv.index("--bucket") + 1]
    spark = SparkSession.builder.appName("spark").getOrCreate()
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    assert spark.conf.get("spark.serializer").endswith("KryoSerializer")
    places = spark.range(4).rdd.map(lambda _: lake_library.__file__).distinct().collect()
    assert all("lake_library.zip" in place for place in places), places

    def write(name):
        path = f"s3://{bucket}/lake/{name}"
        rows = spark.range(30).withColumn("VENDORID", F.col("id") % 3).withColumn("seq", F.lit("1"))
        rows.coalesce(1).write.format("hudi").options(**{
            "hoodie.table.name": name, "hoodie.datasource.write.recordkey.field": "id",
            "hoodie.datasource.write.partitionpath.field": "VENDORID",
            "hoodie.datasource.write.hive_style_partitioning": "true",
            "hoodie.datasource.write.precombine.field": "seq", "hoodie.datasource.write.operation": "bulk_insert",
            "hoodie.metadata.enable": "false", "hoodie.embed.timeline.server": "false",
            "hoodie.write.markers.type": "DIRECT",
            "hoodie.write.table.version": "6", "hoodie.write.auto.upgrade": "false",
        }).mode("append").save(path)
        properties = spark._jvm.java.util.Properties()
        for key, value in {
            "hoodie.datasource.meta.sync.base.path": path, "hoodie.datasource.hive_sync.mode": "hms",
            "hoodie.datasource.hive_sync.database": "lake", "hoodie.datasource.hive_sync.table": name,
            "hoodie.datasource.hive_sync.partition_fields": "VENDORID",
            "hoodie.datasource.hive_sync.partition_extractor_class": "org.apache.hudi.hive.MultiPartKeysValueExtractor",
        }.items():
            properties.setProperty(key, value)
        tool = spark._jvm.org.apache.hudi.hive.HiveSyncTool(properties, spark._jsc.hadoopConfiguration())
        tool.syncHoodieTable()
        tool.close()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(write, lake_library.NAMES))
    assert [row.tableName for row in spark.sql("SHOW TABLES IN lake").collect()] == lake_library.NAMES
    spark.stop()
    raise RuntimeError("after the commits")
"""


@pytest.fixture
def library(aws: Callable[[str], Any], bucket: str) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("lake_library.py", LIBRARY)
    aws("s3").put_object(Bucket=bucket, Key="lake_library.zip", Body=archive.getvalue())
    return f"s3://{bucket}/lake_library.zip"


@pytest.mark.slow  # so does the job of a lake, of which tests/embedded/lake fails two tables of four
def test_a_hudi_job_writes_tables_and_what_it_committed_is_in_the_catalog_even_when_it_fails_later(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], aws: Callable[[str], Any], bucket: str,
    library: str, glue_log: Callable[[str], str],
) -> None:  # fmt: skip
    kryo = "spark.serializer=org.apache.spark.serializer.KryoSerializer --conf spark.sql.session.timeZone=UTC"
    arguments = {
        "--bucket": bucket, "--datalake-formats": "hudi", "--enable-glue-datacatalog": "true", "--conf": kryo,
        "--extra-py-files": library,
    }  # fmt: skip
    run = run_job(make_job(SCRIPT, kind="glueetl"), Arguments=arguments, Timeout=600)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "RuntimeError: after the commits", glue_log(run["Id"])

    glue = aws("glue")
    tables = {table["Name"]: table for table in glue.get_tables(DatabaseName="lake")["TableList"]}
    assert sorted(tables) == ["table_1", "table_2", "table_3"]
    table = tables["table_2"]
    assert table["StorageDescriptor"]["Location"] == f"s3://{bucket}/lake/table_2"
    assert table["StorageDescriptor"]["InputFormat"] == "org.apache.hudi.hadoop.HoodieParquetInputFormat"
    assert [key["Name"] for key in table["PartitionKeys"]] == ["vendorid"]
    assert table["Parameters"]["spark.sql.sources.provider"] == "hudi"
    partitions = glue.get_partitions(DatabaseName="lake", TableName="table_2")["Partitions"]
    assert sorted(partition["Values"] for partition in partitions) == [["0"], ["1"], ["2"]]
    assert partitions[0]["StorageDescriptor"]["Location"].startswith(f"s3://{bucket}/lake/table_2/VENDORID=")


def test_without_datalake_formats_there_is_no_hudi(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]]
) -> None:
    script = """
        from pyspark.sql import SparkSession
        SparkSession.builder.getOrCreate().read.format("hudi").load("s3://nowhere/nothing")
    """
    run = run_job(make_job(script, kind="glueetl"), Timeout=600)
    assert run["JobRunState"] == "FAILED"
    assert "DATA_SOURCE_NOT_FOUND" in run["ErrorMessage"] or "hudi" in run["ErrorMessage"]
