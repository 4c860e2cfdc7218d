"""What the session of a Glue job is set to."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from lake.spark_session import hadoop_configuration, java_class, with_settings
from tests.spark.metastore import metastore, open_for_sync, opened_metastore


def test_timestamps_without_a_time_zone_are_read_as_instants_of_utc(spark: SparkSession, tmp_path: Path) -> None:
    session = with_settings(spark.newSession())
    moment = datetime(2021, 1, 1, 12, 0, tzinfo=UTC)
    pq.write_table(
        pa.table({"at": pa.array([moment.replace(tzinfo=None)], pa.timestamp("us"))}), tmp_path / "a.parquet"
    )
    frame = session.read.parquet(f"file://{tmp_path}")
    assert frame.schema["at"].dataType.simpleString() == "timestamp"
    assert frame.selectExpr("CAST(at AS STRING)").collect()[0][0] == "2021-01-01 12:00:00"


def test_objects_are_measured_without_attaching_a_debugger(spark: SparkSession) -> None:
    session = with_settings(spark)
    assert java_class(session, "java.lang.System").getProperty("jol.skipHotspotSAAttach") == "true"
    sizes = java_class(session, "org.apache.hudi.common.util.ObjectSizeCalculator")
    assert sizes.getObjectSize(java_class(session, "java.util.ArrayList")()) > 0


def test_settings_that_go_to_every_task_do_not_carry_where_each_is_from(spark: SparkSession) -> None:
    newest = spark._jsparkSession.sessionState().newHadoopConf
    hadoop_configuration(spark).set("odp.example", "1", "a-file.xml")
    assert list(newest().getPropertySources("odp.example")) == ["a-file.xml"]
    session = with_settings(spark)
    assert newest().get("odp.example") == "1"
    assert newest().getPropertySources("odp.example") is None
    hadoop_configuration(session).unset("odp.example")


def test_metastore_is_opened_once_for_sparks_client_and_for_hudis(spark: SparkSession) -> None:
    """Each opening takes more than a CPU second, and a tier of tests asks both in turns."""
    opened = []
    for _ in range(2):
        spark.catalog.tableExists("default.no_table")
        opened.append(opened_metastore(spark))
        metastore(spark).tableExists("default", "no_table")
        opened.append(opened_metastore(spark))
        open_for_sync(spark, "s3://raw/no_table")
        opened.append(opened_metastore(spark))
    assert len({*opened}) == 1, opened
