"""The Spark settings of one run: S3 on the emulator, a metastore of its own, a small JVM bound to loopback."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.emulator.glue_runner import metastore_files
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
        JAVA_OPTIONS: " ".join([*metastore_files.JVM_OPTIONS, *run.java_options, *_in_network(run)]),
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
        **metastore_files.settings(run.folder / METASTORE),
    }
