"""Spark's and a table format's classes, parsed and verified once per machine: they are half of the time of a short run.

The first JVM with these jars that ends in order leaves the archive behind, as Java's class data sharing makes it; later
ones map it. (A short Iceberg run in a new JVM: 14.9 s without, 6.5 s with it.)
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from threading import Lock

from rehearsal import jars, toolchain

RECORDED = "classes.jsa"
_RECORD = "-XX:ArchiveClassesAtExit="
_QUIET = "-Xlog:cds=off -Xlog:cds+dynamic=off -Xlog:class+path=off"


@dataclass
class ClassArchive:
    """What one JVM does about the archive: use it, make it, or go without."""

    option: str = ""
    archive: Path | None = None
    recording: Path | None = None
    claim: int | None = None
    _ending: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def for_jvm(cls, folder: Path, class_path: Iterable[Path]) -> "ClassArchive":
        """Use the archive of this class path if there is one, else make it unless another JVM does so."""
        archive = jars.cache_folder() / f"classes-{_identity(class_path)}.jsa"
        if archive.exists():
            usable = archive.stat().st_size > 0
            return cls(option=f"-XX:SharedArchiveFile={archive} {_QUIET}" if usable else "")
        claim = _claim(archive.with_suffix(".lock"))
        if claim is None:
            return cls()
        recording = folder / RECORDED
        # Without an archive of Java's own classes below it, a JVM that is told to record refuses to start.
        base = _base_option(archive.with_suffix(".base"))
        if base is None:
            return cls(archive=archive, recording=recording, claim=claim)
        return cls(f"{base}{_RECORD}{recording} {_QUIET}", archive, recording, claim)

    @property
    def is_recorded(self) -> bool:
        """Tell whether the JVM writes the archive when it ends."""
        return self.recording is not None

    def finish(self, *, succeeded: bool) -> None:
        """Keep what a JVM has recorded that ended in order; a Java that cannot record is not asked again."""
        with self._ending:  # who stops a run and who waits for its end may both come here
            claim, self.claim = self.claim, None
        if claim is None or self.archive is None or self.recording is None:
            return
        try:
            if succeeded and self.recording.exists():
                arriving = self.archive.with_suffix(".new")  # the JVM's folder may be on another disk
                shutil.copyfile(self.recording, arriving)
                arriving.replace(self.archive)
            elif succeeded:
                self.archive.touch()
        finally:
            os.close(claim)


def _base_option(made_here: Path) -> str | None:
    """Return how to find the archive of Java's own classes, made here if it is missing; None if it cannot be made."""
    home = toolchain.java().home
    if (home / "lib" / "server" / "classes.jsa").exists():
        return ""
    option = f"-XX:SharedArchiveFile={made_here}"
    made = subprocess.run([home / "bin" / "java", "-Xshare:dump", option], capture_output=True, check=False)
    return None if made.returncode else f"{option} "


def _claim(lock: Path) -> int | None:
    """Return a lock that ends with this process, or nothing if another one has it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _identity(class_path: Iterable[Path]) -> str:
    """Name the Java, the Spark and the jars that an archive was made of: it fits no others.

    Places count: Java 17 takes the archive of a Spark elsewhere, but then refuses classes of sealed packages (Derby's).
    """
    release = (toolchain.java().home / "release").read_text()
    spark = f"{jars.spark_home()} {metadata.version('pyspark')}"
    parts = [release, spark, *(f"{jar} {jar.stat().st_size}" for jar in class_path)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
