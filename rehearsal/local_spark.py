"""A Spark session in this process with the table formats of Glue 5.1, and the taxi flow's buckets, without S3.

`s3://` names folders, one for each bucket.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType

from pyspark.sql import SparkSession
from taxi.records import LandedFile, MalformedRow

from rehearsal import toolchain
from rehearsal.jars import spark_jars

# A Spark session in this process with the table formats of Glue 5.1; `s3://` names folders, one for each bucket.

_VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_LOCAL = "org.apache.hadoop.fs.LocalFileSystem"
_ICEBERG = "org.apache.iceberg"
# the bean that tells how much of the processors the JVM has had is not open to py4j by itself
_OPEN = "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED"
_CATALOG = "spark.sql.catalog.glue_catalog"


def local_session(
    buckets: Path,
    names: Iterable[str],
    *,
    work: Path,
    java_options: Iterable[str],
    further: Mapping[str, str] = MappingProxyType({}),
) -> SparkSession:
    """Start a session on two cores in which each name is a bucket; a process has one, and keeps it."""
    os.environ |= {
        "JAVA_HOME": str(toolchain.java().home),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    builder = SparkSession.builder.appName("local")
    settings = _settings(work, java_options) | _storage(buckets, names) | _catalogs(work)
    for name, value in {**settings, **further}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _settings(work: Path, java_options: Iterable[str]) -> dict[str, str]:
    return {
        "spark.master": "local[2]",
        "spark.jars": ",".join(map(str, spark_jars())),
        "spark.driver.extraJavaOptions": " ".join([_OPEN, *_metastore(work), *java_options]),
        "spark.driver.memory": "3g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(work),
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.sql.shuffle.partitions": "2",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
    }


def _storage(buckets: Path, names: Iterable[str]) -> dict[str, str]:
    folders = {f"spark.hadoop.fs.viewfs.mounttable.{name}.linkFallback": f"file://{buckets / name}" for name in names}
    return {
        "spark.hadoop.fs.s3.impl": _VIEW,
        "spark.hadoop.fs.viewfs.overload.scheme.target.s3.impl": _LOCAL,
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": _LOCAL,
        **folders,
    }


def _metastore(work: Path) -> list[str]:
    """Return the metastore's settings as Java's properties, which every client of it finds by itself.

    Hive opens the metastore again whenever a client has other settings of it than the last one: a CPU second each time.
    Spark's client has those named `spark.hadoop.…` under two names, Hudi's has not all of them.
    """
    properties = {
        "javax.jdo.option.ConnectionURL": "jdbc:derby:memory:metastore;create=true",
        "datanucleus.schema.autoCreateAll": "true",
        "hive.metastore.schema.verification": "false",
        "hive.metastore.warehouse.dir": str(work / "warehouse"),
        "derby.system.home": str(work),
    }
    return [f"-D{name}={value}" for name, value in properties.items()]


def _catalogs(work: Path) -> dict[str, str]:
    """Hudi syncs to a Hive metastore; Iceberg's tables are in a catalog that knows them by name, as Glue's does."""
    return {
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.hive.metastore.sharedPrefixes": "org.apache.derby",
        "spark.sql.extensions": f"{_ICEBERG}.spark.extensions.IcebergSparkSessionExtensions",
        _CATALOG: f"{_ICEBERG}.spark.SparkCatalog",
        f"{_CATALOG}.catalog-impl": f"{_ICEBERG}.inmemory.InMemoryCatalog",
        f"{_CATALOG}.cache-enabled": "false",  # readers share the session here, and would share what it has cached
        f"{_CATALOG}.io-impl": f"{_ICEBERG}.hadoop.HadoopFileIO",
        f"{_CATALOG}.warehouse": str(work / "iceberg"),
    }


# The taxi flow's raw bucket and its quarantine without S3.

RAW_BUCKET = "raw"


class FolderFiles:
    """Buckets as folders; an etag is the hash of the content, as for an object sent in one part."""

    def __init__(self, buckets: Path) -> None:
        self._buckets = buckets
        self._landed = count(1)

    def put(self, dataset: str, key: str, content: bytes) -> LandedFile:
        """Send a file to the raw bucket, after those before it; returns the entry that a bundle has of it."""
        path = self._buckets / RAW_BUCKET / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        number = next(self._landed)
        landed_at = f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"
        return LandedFile(dataset, f"f{number}", RAW_BUCKET, key, _etag(content), len(content), landed_at)

    def version(self, bucket: str, key: str) -> str | None:
        """Return the etag of what lies under a key."""
        path = self._buckets / bucket / key
        return _etag(path.read_bytes()) if path.exists() else None

    def read_start(self, bucket: str, key: str, length: int) -> bytes:
        """Read the first bytes of an object."""
        with (self._buckets / bucket / key).open("rb") as file:
            return file.read(length)


@dataclass
class MemoryQuarantine:
    """Malformed rows by file id."""

    kept: dict[str, list[MalformedRow]] = field(default_factory=dict)

    def keep(self, dataset: str, file_id: str, rows: Iterable[MalformedRow]) -> str:
        """Keep the malformed rows of one file."""
        self.kept[file_id] = list(rows)
        return f"s3://conformed/quarantine/{dataset}/{file_id}/"


def _etag(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()  # noqa: S324 - what S3 does
