"""The Spark session of a benchmark: two cores and the JVM's own compilers, as a Glue worker has them."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from pyspark.sql import SparkSession

from rehearsal.local_spark import local_session

CORES = 2

_JAVA_OPTIONS = ("-Dderby.system.durability=test", "-Dderby.storage.indexStats.auto=false")
"""The local metastore is no part of what is measured."""


@contextmanager
def benchmark_session(
    work: Path,
    buckets: Sequence[str],
    settings: Mapping[str, str] = MappingProxyType({}),
    properties: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[SparkSession]:
    """Return a session whose buckets are folders below `work`, which other sessions may have filled before.

    `properties` are Java's, which every client of the metastore reads.
    """
    java_options = [*_JAVA_OPTIONS, *(f"-D{name}={value}" for name, value in properties.items())]
    folder, temporary = work / "s3", work / f"spark-{os.getpid()}"
    for path in (temporary, *(folder / bucket for bucket in buckets)):
        path.mkdir(parents=True, exist_ok=True)
    session = local_session(folder, buckets, work=temporary, java_options=java_options, further=settings)
    try:
        yield session
    finally:
        session.stop()
        shutil.rmtree(temporary, ignore_errors=True)
