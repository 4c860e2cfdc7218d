"""The Spark session of a Glue job; what Glue itself configures stays with Glue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

SHARED_SETTINGS = {
    # Spark would replace ${env:…} in SQL before it parses it, also inside of quotes, where no escaping helps
    "spark.sql.variable.substitute": "false",
    # times without a zone are UTC instants: Hudi 1.0.2 takes no others, and tables have no others
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
}
"""What both flows need, whatever a job's arguments say."""
SETTINGS = {
    **SHARED_SETTINGS,
    # dates such as 0001-01-01 are what DMS wrote and never those of Spark 2's calendar, which Spark asks about
    **{
        f"spark.sql.parquet.{kind}RebaseModeIn{way}": "CORRECTED"
        for kind in ("datetime", "int96")
        for way in ("Read", "Write")
    },
}
"""What the correctness of ODP's tables needs besides."""

_CONFIGURATION = "org.apache.hadoop.conf.Configuration"
_GLOB = re.compile(r"[\\{}\[\]*?]")


def job_session(application_name: str) -> SparkSession:
    """Return the session of a job, as Glue has configured it."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.appName(application_name).getOrCreate()


def with_settings(session: SparkSession) -> SparkSession:
    """Set what ODP's tables need to be right, and Hudi not to begin by starting debuggers."""
    set_up(session, SETTINGS)
    # Hudi measures objects with JOL, which would first start three JVMs to attach to this one, and fail
    java_class(session, "java.lang.System").setProperty("jol.skipHotspotSAAttach", "true")
    return session


def set_up(session: SparkSession, settings: Mapping[str, str]) -> None:
    """Set what a flow needs, and cache the classes that PySpark looks up through py4j for every `F.col`."""
    for name, value in settings.items():
        session.conf.set(name, value)
    _forget_sources(session)
    jvm = session.sparkContext._jvm  # noqa: SLF001
    for name in ("functions", "PythonUtils"):
        setattr(jvm, name, getattr(jvm, name))


def _forget_sources(session: SparkSession) -> None:
    """Forget which file each of Hadoop's thousand settings is from, which only dumps of the settings tell.

    Hudi and Spark send the settings with each stage, and check before that they can. Hadoop compresses each source by
    itself, which took 5 % of a refresh of small tables. It offers no way to leave them out; where the field is not
    there, they stay.
    """
    configuration = hadoop_configuration(session)
    for field in java_class(session, "java.lang.Class").forName(_CONFIGURATION).getDeclaredFields():
        if field.getName() == "updatingResource":
            field.setAccessible(True)
            field.get(configuration).clear()


def computed_once(session: SparkSession, rows: DataFrame) -> DataFrame:
    """Return rows whose shuffles are run now and once, however many jobs read the rows; nothing is cached.

    Unlike a local checkpoint it survives the loss of a worker: Spark makes a lost shuffle file again.
    """
    from pyspark.sql import DataFrame

    plan = rows._jdf  # noqa: SLF001
    jvm_session = session._jsparkSession  # noqa: SLF001
    return DataFrame(jvm_session.internalCreateDataFrame(plan.queryExecution().toRdd(), plan.schema(), False), session)


def aggregated(rows: DataFrame, *aggregates: Column) -> Sequence[Any]:
    """Return aggregates of all rows; of rows in one partition in one job, where Spark would shuffle the one result."""
    partitions = rows._jdf.queryExecution().toRdd().getNumPartitions()  # noqa: SLF001
    (values,) = (rows.coalesce(1) if partitions == 1 else rows).agg(*aggregates).collect()
    return values


def literal_path(uri: str) -> str:
    """Escape a path for Spark's readers, which take it for a pattern, while a key may hold any character."""
    return _GLOB.sub(r"\\\g<0>", uri)


def task_slots(session: SparkSession) -> int:
    """Return how many Spark tasks can run at once; it bounds how many tables to refresh at once.

    Glue's auto-scaling begins with few executors and adds those that waiting tasks ask for. So what counts is how many
    there may be: tables that wait for an executor would never ask for it.
    """
    slots = session.sparkContext.defaultParallelism
    if session.conf.get("spark.dynamicAllocation.enabled", "false") == "true":
        executors = int(session.conf.get("spark.dynamicAllocation.maxExecutors", None) or 0)
        slots = max(slots, executors * int(session.conf.get("spark.executor.cores", None) or 1))
    return max(1, slots)


def java_class(session: SparkSession, name: str) -> Any:  # noqa: ANN401 - py4j's view of the JVM has no types
    """Return a class by its full name, for what Spark and the table formats offer in Java only.

    It is found at once. Written with dots (`jvm.org.apache.hudi.…`), py4j would take each part for a class first, and
    look for it in a dozen packages of every jar: 3 ms instead of 0.06.
    """
    return getattr(session.sparkContext._jvm, name)  # noqa: SLF001


def hadoop_path(session: SparkSession, uri: str) -> Any:  # noqa: ANN401
    """Return Hadoop's own path, a Java object."""
    return java_class(session, "org.apache.hadoop.fs.Path")(uri)


def open_parquet(session: SparkSession, uri: str) -> Any:  # noqa: ANN401
    """Open a file by Parquet's own library, without a Spark job; the caller closes the reader."""
    return java_class(session, "org.apache.parquet.hadoop.ParquetFileReader").open(parquet_file(session, uri))


def parquet_file(session: SparkSession, uri: str) -> Any:  # noqa: ANN401
    """Return a file as Parquet's own library reads it: its length, and its bytes."""
    files = java_class(session, "org.apache.parquet.hadoop.util.HadoopInputFile")
    return files.fromPath(hadoop_path(session, uri), hadoop_configuration(session))


def elements(collection: Any) -> Iterator[Any]:  # noqa: ANN401 - a Java object
    """Return what a Java collection or stream holds; Python's own loop over one is wrong and slow.

    py4j takes any exception, that of a failure too, for the end of the loop; and of the one that is the end PySpark
    asks the JVM ten times what it is, which takes 25 ms.
    """
    yield from collection.toArray()


def hadoop_configuration(session: SparkSession) -> Any:  # noqa: ANN401
    """Return the Hadoop configuration of the session, a Java object."""
    return session.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001
