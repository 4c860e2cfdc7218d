"""The jars with which Spark reads and writes tables on S3: resolved once by Spark's own Ivy, then plain paths."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from rehearsal import toolchain

FORMATS = {
    "hudi": ("org.apache.hudi:hudi-spark3.5-bundle_2.12:1.0.2",),
    "iceberg": (
        "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0",
        "org.apache.iceberg:iceberg-aws-bundle:1.10.0",
    ),
}
"""The table formats of Glue 5.1 that are available here, and what each brings."""
PACKAGES = (
    "org.apache.hadoop:hadoop-aws:3.3.4",
    "com.amazonaws:aws-java-sdk-s3:1.12.262",
    "com.amazonaws:aws-java-sdk-dynamodb:1.12.262",
    *(package for packages in FORMATS.values() for package in packages),
)
# Spark brings these itself, or nothing here uses them; with them the download is 280 MB larger.
EXCLUDED = (
    "com.amazonaws:aws-java-sdk-bundle", "com.amazonaws:aws-java-sdk-kms", "com.amazonaws:jmespath-java",
    "org.wildfly.openssl:wildfly-openssl", "software.amazon.ion:ion-java", "commons-logging:commons-logging",
    "commons-codec:commons-codec", "org.apache.httpcomponents:*", "com.fasterxml.jackson.core:*",
    "com.fasterxml.jackson.dataformat:*", "joda-time:joda-time", "org.slf4j:*", "org.apache.hive:*",
)  # fmt: skip
_CACHE_VARIABLE = "REHEARSAL_JARS"
_REASONS = ("unresolved dependency", "Server access error", "SERVER ERROR", "FAILED DOWNLOADS", "not found", "No space")


class JarsError(Exception):
    """The jars are not there and cannot be downloaded."""


def cache_folder() -> Path:
    """Return where the jars are kept: inside the project unless REHEARSAL_JARS names another folder."""
    project = Path(__file__).resolve().parent.parent
    return Path(os.environ.get(_CACHE_VARIABLE) or project / ".local" / "ivy").absolute()


def spark_jars(folder: Path | None = None, packages: Sequence[str] = PACKAGES) -> tuple[Path, ...]:
    """Return the jars' paths, downloading them if this machine has not got them yet; other packages, other folder."""
    folder = folder or cache_folder()
    if found := _resolved(folder, packages):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        return _resolved(folder, packages) or _resolve(folder, packages)


def without_other_formats(jars: Iterable[Path], formats: Collection[str]) -> tuple[Path, ...]:
    """Return the jars that a run with these table formats has on its class path: the ways to S3, and their own."""
    others = [package for name, packages in FORMATS.items() if name not in formats for package in packages]
    return tuple(jar for jar in jars if not any(_is_of(jar, package) for package in others))


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes out of the cache while something is put into it."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _resolved(folder: Path, packages: Sequence[str]) -> tuple[Path, ...]:
    """Return the jars of a finished download of these very packages, or nothing."""
    try:
        record = json.loads((folder / "resolved.json").read_text())
    except (OSError, ValueError):
        return ()
    sizes = {folder / "jars" / name: size for name, size in record["jars"].items()}
    is_whole = all(jar.is_file() and jar.stat().st_size == size for jar, size in sizes.items())
    return tuple(sizes) if is_whole and record["packages"] == list(packages) else ()


def _resolve(folder: Path, packages: Sequence[str]) -> tuple[Path, ...]:
    answer = _run_ivy(folder, packages)
    jars = sorted((folder / "jars").glob("*.jar"))
    missing = [package for package in packages if not any(_is_of(jar, package) for jar in jars)]
    if answer.returncode or missing:
        raise JarsError(
            f"the Spark jars are not in {folder} and could not be downloaded: {_reason(answer.stderr)}. "
            f"This is needed once and takes a network; {_CACHE_VARIABLE} may name a folder that has them"
        )
    record = {"packages": list(packages), "jars": {jar.name: jar.stat().st_size for jar in jars}}
    unfinished = folder / "resolved.json.new"
    unfinished.write_text(json.dumps(record, indent=1))
    unfinished.replace(folder / "resolved.json")
    return tuple(jars)


def _run_ivy(folder: Path, packages: Sequence[str]) -> subprocess.CompletedProcess[str]:
    java = toolchain.java()
    environment = os.environ | {"JAVA_HOME": str(java.home), "PYSPARK_PYTHON": sys.executable}
    with tempfile.NamedTemporaryFile(suffix=".py") as nothing:
        command = [
            str(spark_home() / "bin" / "spark-submit"), "--master", "local[1]",
            "--packages", ",".join(packages), "--exclude-packages", ",".join(EXCLUDED),
            "--conf", f"spark.jars.ivy={folder}", "--driver-java-options", " ".join(java.options),
            nothing.name,
        ]  # fmt: skip
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def spark_home() -> Path:
    """Return the folder of the installed Spark."""
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise JarsError("pyspark is not installed in this virtual environment")
    return Path(spec.origin).parent


def _is_of(jar: Path, package: str) -> bool:
    return jar.name == "{}_{}-{}.jar".format(*package.split(":"))


def _reason(output: str) -> str:
    lines = [line.strip(" \t:") for line in output.splitlines()]
    telling = [line for line in lines if any(reason in line for reason in _REASONS)]
    return (telling or lines or ["no reason given"])[0]
