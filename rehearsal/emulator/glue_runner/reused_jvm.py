"""A run in the JVM that it was lent: it brings its own settings and credentials, and leaves nothing behind."""

import gc
import json
import os
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rehearsal.emulator.glue_runner.metastore_files import shutdown_url

LENT_FILE, LEFT_FILE = "lent", "left"
_START_SECONDS = 120
_POLL_SECONDS = 0.02
_OF_RUNS = ("spark.", "aws.", "hive.", "javax.jdo.", "datanucleus.")
"""How the names of the system properties begin that belong to a run; Spark, Hive and the AWS SDKs read them there."""


def write_lent(folder: Path, *, connection: Path, settings: Mapping[str, str]) -> None:
    """Tell the run in this folder which JVM it has and its Spark settings."""
    (folder / LENT_FILE).write_text(json.dumps({"connection": str(connection), "settings": settings}))


def was_left_in_order(folder: Path) -> bool:
    """Tell whether the run has left nothing in its JVM."""
    return (folder / LEFT_FILE).exists()


def enter_jvm(folder: Path) -> None:
    """Connect the run in this folder with its JVM, if it has one, and bring its settings and credentials."""
    if not (folder / LENT_FILE).exists():
        return
    lent = json.loads((folder / LENT_FILE).read_text())
    jvm = _connected(Path(lent["connection"]))
    _set_properties(jvm, {**lent["settings"], **_credentials(), **_of_python_workers()})


def leave_jvm(folder: Path, metastore: Path) -> None:
    """Make the JVM fit for another run; a run that failed does not come to this, and its JVM is used no more."""
    if (folder / LENT_FILE).exists():
        _leave(metastore)
        (folder / LEFT_FILE).touch()


def _connected(connection: Path) -> Any:  # noqa: ANN401 - py4j's view of the JVM has no types
    """Connect PySpark with the JVM as it connects with one that it has started itself."""
    from pyspark import SparkContext

    deadline = time.monotonic() + _START_SECONDS
    while not connection.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the JVM did not start within {_START_SECONDS} s; see the run's log")
        time.sleep(_POLL_SECONDS)
    content = connection.read_bytes()
    (port,) = struct.unpack_from(">i", content)
    os.environ.update(PYSPARK_GATEWAY_PORT=str(port), PYSPARK_GATEWAY_SECRET=content[8:].decode())
    SparkContext._ensure_initialized()  # noqa: SLF001 - no public way leads to a JVM without a session
    del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]
    return SparkContext._jvm  # noqa: SLF001


def _set_properties(jvm: Any, wanted: Mapping[str, str]) -> None:  # noqa: ANN401
    """Let a run find its own properties and none of another's, nor those that the JVM was started with."""
    properties = getattr(jvm, "java.lang.System").getProperties()
    for name in properties.stringPropertyNames().toArray():
        if name.startswith(_OF_RUNS) and name not in wanted:
            properties.remove(name)
    for name, value in wanted.items():
        properties.setProperty(name, value)


def _credentials() -> dict[str, str]:
    """Return the role's credentials and region under the names of both versions of the AWS SDK."""
    given = os.environ
    return {
        "aws.accessKeyId": given["AWS_ACCESS_KEY_ID"],
        "aws.secretKey": given["AWS_SECRET_ACCESS_KEY"],
        "aws.secretAccessKey": given["AWS_SECRET_ACCESS_KEY"],
        "aws.sessionToken": given["AWS_SESSION_TOKEN"],
        "aws.region": given["AWS_REGION"],
    }


def _of_python_workers() -> dict[str, str]:
    """Return what Spark's Python workers are to find in their environment."""
    names = ("PYTHONPATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION")
    return {f"spark.executorEnv.{name}": os.environ[name] for name in names if name in os.environ}


def _leave(metastore: Path) -> None:
    from py4j.protocol import Py4JJavaError
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    jvm = SparkContext._jvm  # noqa: SLF001
    if context := SparkContext._active_spark_context:  # noqa: SLF001 - a script need not stop its session
        context.stop()
    SparkSession._instantiatedSession = None  # noqa: SLF001
    sessions = getattr(jvm, "org.apache.spark.sql.SparkSession")
    sessions.clearActiveSession()
    sessions.clearDefaultSession()
    # connections to S3 are kept by address, with the credentials of the run that opened them
    getattr(jvm, "org.apache.hadoop.fs.FileSystem").closeAll()
    if metastore.exists():
        with suppress(Py4JJavaError):  # Derby tells by an exception that it has shut down a database
            none = getattr(jvm, "java.util.Properties")()
            getattr(jvm, "org.apache.derby.jdbc.EmbeddedDriver")().connect(shutdown_url(metastore), none)
    _set_properties(jvm, {})
    gc.collect()  # what Python has let go of, the JVM lets go of too
