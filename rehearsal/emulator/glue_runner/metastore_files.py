"""An empty Hive metastore, made once per machine and copied for every run.

Hive makes its schema on first use, in seconds, and not safely when several threads are the first.
"""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from rehearsal import jars, toolchain
from rehearsal.emulator.settings import LOOPBACK

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


def settings(database: Path) -> dict[str, str]:
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


def is_open(database: Path) -> bool:
    """Tell whether a JVM has used the metastore in this folder and is still there."""
    return (database / "db.lck").exists()


def prepare() -> Path:
    """Return the empty metastore's folder, making it if this machine has none yet."""
    empty = jars.cache_folder() / f"{_EMPTY}-{_SCHEMA_VERSION}"
    if not empty.exists():
        empty.parent.mkdir(parents=True, exist_ok=True)
        with jars.alone_in(empty.parent):
            if not empty.exists():
                _make(empty)
    return empty


def copy_to(database: Path) -> None:
    """Give a run its own empty metastore."""
    shutil.copytree(prepare(), database)


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
    command = [sys.executable, "-m", "rehearsal.emulator.glue_runner.metastore_files", str(unfinished)]
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
    for name, value in settings(database).items():
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
