"""The Spark settings of one run: S3 on the emulator, a metastore of its own, a small JVM bound to loopback."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import jars, toolchain
from rehearsal.emulator.settings import LOOPBACK, EmulatorSettings

_S3A = "spark.hadoop.fs.s3a"
METASTORE = "metastore"
MEMORY, JAVA_OPTIONS, CLASS_PATH = "spark.driver.memory", "spark.driver.extraJavaOptions", "spark.driver.extraClassPath"


@dataclass(frozen=True, kw_only=True)
class SparkRun:
    """What distinguishes one run's Spark from another's."""

    folder: Path
    jars: tuple[Path, ...]
    java_options: tuple[str, ...]
    region: str
    has_metastore: bool
    own_settings: Mapping[str, str]
    mark: str = ""
    """By which the emulator knows requests out of a VPC."""


def spark_conf(run: SparkRun, settings: EmulatorSettings) -> dict[str, str]:
    """Return all settings; the job's own win."""
    metastore = _metastore(run) if run.has_metastore else {}
    return {**_machine(run, settings), **_storage(run, settings), **metastore, **run.own_settings}


def launch_settings(conf: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with which a JVM must be started; all others can be set in one that runs."""
    return {name: conf[name] for name in (MEMORY, JAVA_OPTIONS, CLASS_PATH)}


def as_properties(conf: Mapping[str, str]) -> str:
    """Write settings as a properties file."""
    return "".join(f"{name} {value}\n" for name, value in conf.items())


def _machine(run: SparkRun, settings: EmulatorSettings) -> dict[str, str]:
    # A short run is over before the optimising compiler and the parallel collector have paid for themselves.
    return {
        "spark.app.name": "pyspark-shell",  # as Spark itself names a session that its script gives no name
        "spark.master": f"local[{settings.glue_cores}]",
        MEMORY: settings.glue_memory,
        JAVA_OPTIONS: " ".join([*JVM_OPTIONS, *run.java_options, *_in_network(run)]),
        # On the class path the jars are read where they are; `spark.jars` would copy 110 MB for every run.
        CLASS_PATH: ":".join(str(jar) for jar in run.jars),
        "spark.driver.host": LOOPBACK,
        "spark.driver.bindAddress": LOOPBACK,
        "spark.ui.enabled": "false",
        "spark.local.dir": str(run.folder),
        "spark.sql.warehouse.dir": str(run.folder / "warehouse"),
        "spark.sql.shuffle.partitions": str(settings.glue_cores),
    }


def _in_network(run: SparkRun) -> list[str]:
    """A JVM in a VPC serves no run outside of it: these options are among those with which it is started."""
    return [f"-Dsdk.ua.appId={run.mark}"] if run.mark else []


def _storage(run: SparkRun, settings: EmulatorSettings) -> dict[str, str]:
    return {
        **({f"{_S3A}.user.agent.prefix": run.mark} if run.mark else {}),
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
        f"{_S3A}.endpoint": settings.endpoint,
        f"{_S3A}.endpoint.region": run.region,
        f"{_S3A}.path.style.access": "true",
        f"{_S3A}.connection.ssl.enabled": "false",
        # Hadoop's own provider of temporary credentials finds none now and then when several threads ask first.
        f"{_S3A}.aws.credentials.provider": "com.amazonaws.auth.SystemPropertiesCredentialsProvider",
        f"{_S3A}.buffer.dir": str(run.folder),
        f"{_S3A}.connection.maximum": "64",
        f"{_S3A}.attempts.maximum": "3",
        f"{_S3A}.retry.limit": "3",
        f"{_S3A}.bucket.probe": "0",
    }


def _metastore(run: SparkRun) -> dict[str, str]:
    return {
        "spark.sql.catalogImplementation": "hive",
        # Spark's own Hive client and Hudi's must meet in one Derby engine.
        "spark.sql.hive.metastore.sharedPrefixes": "org.apache.derby",
        # As Java's properties every client of Hive finds them. As `spark.hadoop.…` Spark's client has them under two
        # names, and Hive opens the metastore again for whoever has other settings than the last: a CPU second.
        **metastore_settings(run.folder / METASTORE),
    }


# An empty Hive metastore, made once per machine and copied for every run.
#
# Hive makes its schema on first use, in seconds, and not safely when several threads are the first.

JVM_OPTIONS = (
    *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dderby.system.durability=test"),
    # with one compiler the JVM keeps 48 MB for compiled code; Spark and Hudi need more, and it would drop some for ever
    "-XX:ReservedCodeCacheSize=240m",
    # Derby's statistics thread dies in Spark's class loaders (a sealed package) and takes other threads' queries along.
    "-Dderby.storage.indexStats.auto=false",
)
_EMPTY = "empty-metastore"
_SCHEMA_VERSION = "2.3"


class MetastoreError(Exception):
    """The empty metastore could not be made."""


def metastore_settings(database: Path) -> dict[str, str]:
    """Return the Hadoop settings that lead to a metastore in this folder."""
    return {
        "javax.jdo.option.ConnectionURL": f"jdbc:derby:{database};create=true",
        "datanucleus.schema.autoCreateAll": "true",
        "hive.metastore.schema.verification": "false",
        "hive.metastore.warehouse.dir": str(database.parent / "warehouse"),
    }


def shutdown_url(database: Path) -> str:
    """Return the address by which Derby lets go of a metastore."""
    return f"jdbc:derby:{database};shutdown=true"


def is_metastore_open(database: Path) -> bool:
    """Whether a JVM has used the metastore in this folder and is still there."""
    return (database / "db.lck").exists()


def prepare_metastore() -> Path:
    """Return the empty metastore's folder, making it if this machine has none yet."""
    empty = jars.cache_folder() / f"{_EMPTY}-{_SCHEMA_VERSION}"
    if not empty.exists():
        empty.parent.mkdir(parents=True, exist_ok=True)
        with jars.alone_in(empty.parent):
            if not empty.exists():
                _make(empty)
    return empty


def copy_metastore_to(database: Path) -> None:
    """Give a run its own empty metastore."""
    shutil.copytree(prepare_metastore(), database)


def _make(empty: Path) -> None:
    unfinished = empty.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    java = toolchain.java()
    options = " ".join((*JVM_OPTIONS, *java.options, f"-Dderby.stream.error.file={os.devnull}"))
    environment = os.environ | {
        "JAVA_HOME": str(java.home),
        "SPARK_LOCAL_IP": LOOPBACK,
        "PYSPARK_SUBMIT_ARGS": f"--conf 'spark.driver.extraJavaOptions={options}' pyspark-shell",
    }
    command = [sys.executable, "-m", "rehearsal.emulator.glue_runner.spark_settings", str(unfinished)]
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if made.returncode:
        raise MetastoreError("the empty metastore could not be made:\n" + "\n".join(made.stderr.splitlines()[-20:]))
    unfinished.rename(empty)


def _make_in_this_process(database: Path) -> None:
    """Let Hive make its schema: its tables are created when their first entries are read."""
    from py4j.protocol import Py4JJavaError
    from pyspark.java_gateway import launch_gateway

    jvm = launch_gateway().jvm  # type: ignore[no-untyped-call]
    conf = jvm.org.apache.hadoop.hive.conf.HiveConf()
    for name, value in metastore_settings(database).items():
        conf.set(name, value)
    _touch_every_kind_of_entry(jvm, jvm.org.apache.hadoop.hive.metastore.HiveMetaStoreClient(conf), database)
    with suppress(Py4JJavaError):  # Derby reports its orderly shutdown as an exception
        jvm.java.sql.DriverManager.getConnection("jdbc:derby:;shutdown=true")
    shutil.rmtree(database.parent / "warehouse", ignore_errors=True)


def _touch_every_kind_of_entry(jvm: Any, client: Any, database: Path) -> None:  # noqa: ANN401 - py4j has no types
    api, place = jvm.org.apache.hadoop.hive.metastore.api, f"file:{database.parent}/warehouse/warm"
    client.createDatabase(api.Database("warm", "", place, None))
    storage = api.StorageDescriptor()
    storage.setCols([])
    storage.setLocation(place)
    storage.setSerdeInfo(api.SerDeInfo())
    storage.getSerdeInfo().setParameters({})
    table = api.Table()
    table.setDbName("warm")
    table.setTableName("warm")
    table.setTableType("EXTERNAL_TABLE")
    table.setParameters({"EXTERNAL": "TRUE"})
    table.setSd(storage)
    table.setPartitionKeys([api.FieldSchema("day", "string", None)])
    client.createTable(table)
    partition = api.Partition(["1"], "warm", "warm", 0, 0, storage, {})
    client.add_partition(partition)
    client.listPartitions("warm", "warm", -1)
    client.dropTable("warm", "warm")
    client.dropDatabase("warm")


if __name__ == "__main__":
    _make_in_this_process(Path(sys.argv[1]))
