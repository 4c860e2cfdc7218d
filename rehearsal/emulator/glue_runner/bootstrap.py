"""Runs inside the process of one Glue run: fetches the script as the job's role, runs it, copies its catalog."""

import gc
import json
import os
import runpy
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import boto3

from rehearsal.emulator.child_process import end_process_group, when_parent_ends
from rehearsal.emulator.glue_runner.catalog_copy import copy_catalog, make_default_database
from rehearsal.emulator.glue_runner.job_run import Arguments, extra_python_files, uses_data_catalog
from rehearsal.emulator.glue_runner.spark_settings import METASTORE, shutdown_url

# A run in the JVM that it was lent: it brings its own settings and credentials, and leaves nothing behind.

LENT_FILE, LEFT_FILE = "lent", "left"
_START_SECONDS = 120
_POLL_SECONDS = 0.02
_OF_RUNS = ("spark.", "aws.", "hive.", "javax.jdo.", "datanucleus.")
"""How the names of the system properties begin that belong to a run; Spark, Hive and the AWS SDKs read them there."""


def write_lent(folder: Path, *, connection: Path, settings: Mapping[str, str], recording: Path | None) -> None:
    """Tell the run in this folder which JVM it has, its Spark settings, and where to record the JVM's classes."""
    lent = {"connection": str(connection), "settings": settings, "recording": recording and str(recording)}
    (folder / LENT_FILE).write_text(json.dumps(lent))


def was_left_in_order(folder: Path) -> bool:
    """Whether the run has left nothing in its JVM."""
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
        if recording := json.loads((folder / LENT_FILE).read_text())["recording"]:
            _record_classes(recording)
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

    jvm = SparkContext._jvm  # noqa: SLF001 - the script may have stopped its session, the JVM is still there
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


def _record_classes(recording: str) -> None:
    """Let the JVM write an archive of its classes; one that cannot goes without.

    `jcmd` would do the same, but not every Java brings it. The method is called by reflection, as py4j looks for it in
    the server's own class, which is not public.
    """
    from py4j.protocol import Py4JError
    from pyspark import SparkContext

    jvm: Any = SparkContext._jvm  # noqa: SLF001
    gateway: Any = SparkContext._gateway  # noqa: SLF001
    objects, texts = getattr(jvm, "java.lang.Object"), getattr(jvm, "java.lang.String")

    def array(kind: Any, *elements: Any) -> Any:  # noqa: ANN401
        made = gateway.new_array(kind, len(elements))
        for position, element in enumerate(elements):
            made[position] = element
        return made

    with suppress(Py4JError):
        server = getattr(jvm, "java.lang.management.ManagementFactory").getPlatformMBeanServer()
        commands = getattr(jvm, "javax.management.ObjectName")("com.sun.management:type=DiagnosticCommand")
        methods = getattr(jvm, "java.lang.Class").forName("javax.management.MBeanServerConnection").getMethods()
        (invoke,) = (method for method in methods if method.getName() == "invoke")
        given = array(objects, array(texts, "dynamic_dump", recording))
        invoke.invoke(server, array(objects, commands, "vmCds", given, array(texts, "[Ljava.lang.String;")))


FAILURE_FILE = "failure"
_MESSAGE_LENGTH = 1000


def main(argv: list[str]) -> int:
    """Run `<folder> <script> <arguments>` and return the exit code; the reason of a failure is left in the folder."""
    when_parent_ends(end_process_group)
    folder, script, given = Path(argv[0]), argv[1], argv[2:]
    arguments = dict(zip(given[::2], given[1::2], strict=True))
    reasons = _run(folder, script, given, arguments)
    if reasons:
        (folder / FAILURE_FILE).write_text(reasons[0])
    return 1 if reasons else 0


def _run(folder: Path, script: str, given: list[str], arguments: Arguments) -> list[str]:
    """Run the script, and return why it failed, the first reason first; a JVM is left in order only by a success."""
    metastore = folder / METASTORE
    paths = extra_python_files(arguments)
    steps: list[Callable[[], None]] = [lambda: _run_script(_fetched(script, folder / "script"), given)]
    if uses_data_catalog(arguments):
        # Also after a failure: what the script has committed before is in its tables.
        steps.append(lambda: copy_catalog(metastore))
    before = [lambda: _put_on_path(folder / "python", paths), lambda: enter_jvm(folder)]
    if uses_data_catalog(arguments):
        before.append(make_default_database)
    reasons = _failures_of(before) or _failures_of(steps)
    if not reasons:
        _reason_of_failure(lambda: leave_jvm(folder, metastore))
    return reasons


def _failures_of(steps: Iterable[Callable[[], None]]) -> list[str]:
    """Take every step, also after one that fails."""
    return [reason for reason in [_reason_of_failure(step) for step in steps] if reason]


def _put_on_path(folder: Path, places: list[str]) -> None:
    paths = [str(_fetched(place, folder)) for place in places]
    sys.path[:0] = paths
    if paths:
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)  # for Spark's Python workers


def _run_script(program: Path, given: list[str]) -> None:
    sys.argv = [str(program), *given]
    runpy.run_path(str(program), run_name="__main__")


def _fetched(place: str, folder: Path) -> Path:
    """Return a local copy of an S3 object, read as the job's role."""
    url = urlparse(place)
    local = folder / (Path(url.path).name or "unnamed")
    folder.mkdir(exist_ok=True)
    try:
        boto3.client("s3").download_file(url.netloc, url.path.lstrip("/"), str(local))
    except Exception as error:
        raise FileNotFoundError(f"{place or 'no script'} cannot be read: {error}") from error
    return local


def _reason_of_failure(step: Callable[[], None]) -> str:
    """Take the step and return its exception's last line, or nothing."""
    try:
        step()
    except SystemExit as ending:
        return "" if ending.code in (None, 0) else f"SystemExit: {ending.code}"
    except BaseException as error:  # noqa: BLE001 - whatever a script raises is its run's failure
        traceback.print_exc()
        return _in_one_line(error)
    return ""


def _in_one_line(error: BaseException) -> str:
    """Return the exception's first line and, of one that comes from the JVM, the cause at its root."""
    lines = traceback.format_exception_only(error)[-1].strip().splitlines()
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return " ".join([lines[0], *causes[-1:]])[:_MESSAGE_LENGTH]


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # The runner ends the JVM together with the process group; waiting for its shutdown would take a second.
    os._exit(code)
