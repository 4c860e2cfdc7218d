"""The settings with which a job's own session is made."""

from pathlib import Path

import pytest

from rehearsal.emulator.glue_runner.spark_settings import SparkRun, as_properties, launch_settings, spark_conf
from rehearsal.emulator.settings import EmulatorSettings

FOLDER = Path("/run/jr_1")


@pytest.fixture
def settings(tmp_path: Path) -> EmulatorSettings:
    return EmulatorSettings(run_directory=tmp_path, port=4711, glue_cores=3, glue_memory="1g")


def _run(*, has_metastore: bool = False, own: dict[str, str] | None = None) -> SparkRun:
    return SparkRun(
        folder=FOLDER, jars=(Path("/jars/a.jar"), Path("/jars/b.jar")), java_options=("-Dtrust=1",),
        region="eu-west-1", has_metastore=has_metastore, own_settings=own or {},
    )  # fmt: skip


def test_s3_is_the_emulator_under_unchanged_addresses(settings: EmulatorSettings) -> None:
    conf = spark_conf(_run(), settings)
    assert conf["spark.hadoop.fs.s3.impl"] == "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert conf["spark.hadoop.fs.s3a.endpoint"] == "http://127.0.0.1:4711"
    assert conf["spark.hadoop.fs.s3a.endpoint.region"] == "eu-west-1"


def test_no_credential_is_written_into_a_file(settings: EmulatorSettings) -> None:
    assert not any("secret" in name or "token" in name for name in spark_conf(_run(), settings))


def test_the_session_is_local_and_bound_to_loopback(settings: EmulatorSettings) -> None:
    conf = spark_conf(_run(), settings)
    assert conf["spark.master"] == "local[3]"
    assert conf["spark.driver.memory"] == "1g"
    assert conf["spark.driver.bindAddress"] == conf["spark.driver.host"] == "127.0.0.1"
    assert conf["spark.ui.enabled"] == "false"


def test_the_jvm_is_small(settings: EmulatorSettings) -> None:
    options = spark_conf(_run(), settings)["spark.driver.extraJavaOptions"].split()
    assert {"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dtrust=1"} <= set(options)


def test_runs_that_differ_in_what_can_be_set_later_may_have_the_same_jvm(settings: EmulatorSettings) -> None:
    one, other = (
        spark_conf(_run(has_metastore=is_so, own={"spark.own": str(is_so)}), settings) for is_so in (False, True)
    )
    assert launch_settings(one) == launch_settings(other)


def test_a_run_that_asks_for_another_heap_gets_another_jvm(settings: EmulatorSettings) -> None:
    larger = spark_conf(_run(own={"spark.driver.memory": "3g"}), settings)
    assert launch_settings(larger) != launch_settings(spark_conf(_run(), settings))


def test_no_thread_of_derby_disturbs_the_metastores_queries(settings: EmulatorSettings) -> None:
    options = spark_conf(_run(has_metastore=True), settings)["spark.driver.extraJavaOptions"].split()
    assert "-Dderby.storage.indexStats.auto=false" in options


def test_the_jars_are_on_the_class_path(settings: EmulatorSettings) -> None:
    assert spark_conf(_run(), settings)["spark.driver.extraClassPath"] == "/jars/a.jar:/jars/b.jar"


def test_a_metastore_is_there_only_when_it_is_asked_for(settings: EmulatorSettings) -> None:
    url = "javax.jdo.option.ConnectionURL"
    assert "spark.sql.catalogImplementation" not in spark_conf(_run(), settings)
    conf = spark_conf(_run(has_metastore=True), settings)
    assert conf["spark.sql.catalogImplementation"] == "hive"
    assert conf[url] == f"jdbc:derby:{FOLDER}/metastore;create=true"


def test_spark_has_no_names_of_the_metastores_settings_that_hudi_has_not(settings: EmulatorSettings) -> None:
    """Hive reopens the metastore for each client with other settings than the last."""
    given = [name for name in spark_conf(_run(has_metastore=True), settings) if name.startswith("spark.")]
    assert not [name for name in given if "javax.jdo" in name or "datanucleus" in name]


def test_the_jobs_own_settings_win(settings: EmulatorSettings) -> None:
    conf = spark_conf(_run(own={"spark.sql.shuffle.partitions": "9", "spark.mine": "1"}), settings)
    assert (conf["spark.sql.shuffle.partitions"], conf["spark.mine"]) == ("9", "1")


def test_settings_are_written_one_to_a_line() -> None:
    assert as_properties({"a": "1", "b": "x y"}) == "a 1\nb x y\n"
