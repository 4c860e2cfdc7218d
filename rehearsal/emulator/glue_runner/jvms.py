"""JVMs with Spark's gateway in them: one run after another may use one, and finds its classes loaded and compiled."""

import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Self

from rehearsal import jars, toolchain
from rehearsal.emulator.child_process import ChildProcess
from rehearsal.emulator.glue_runner.spark_settings import CLASS_PATH, JAVA_OPTIONS, as_properties

# Spark's and a table format's classes, parsed and verified once per machine:
# they are half of the time of a short run.
#
# The first JVM with these jars writes the archive after its first run, as Java's class data sharing makes it; later
# ones map it. (A short Iceberg run in a new JVM: 14.9 s without, 6.5 s with it.) It takes a run 8 CPU seconds, once.
# At a JVM's end somebody waits for it, and not for long: on a busy machine the archive was never finished.

RECORDED = "classes.jsa"
_RECORD = "-XX:+RecordDynamicDumpInfo"
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
        return cls(f"{base}{_RECORD} {_QUIET}", archive, recording, claim)

    @property
    def is_recorded(self) -> bool:
        """Whether the next run is to write the archive."""
        return self.claim is not None

    def finish(self, *, succeeded: bool) -> None:
        """Keep what a run that succeeded has recorded; a Java that cannot record is not asked again."""
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


# A JVM with Spark's gateway in it: one run after another may use it, and finds its classes loaded and compiled.

_RUNS_AT_MOST = 8
"""Each Spark session loads Hive's classes anew, and a JVM does not get rid of all of them."""
_LAUNCH_CONF, _CONNECTION, _LOG = "launch.conf", "connection", "log"


@dataclass
class SparkJvm:
    """It ends with the emulator, whatever becomes of that: the gateway watches its standard input."""

    folder: Path
    launch_settings: Mapping[str, str]
    _process: ChildProcess
    _archive: ClassArchive
    _runs: int = 0
    _told: int = 0

    @classmethod
    def started(cls, folder: Path, launch_settings: Mapping[str, str], environment: Mapping[str, str]) -> Self:
        """Start a JVM that keeps its files in a folder; the gateway says there how to reach it, when it can be."""
        folder.mkdir(parents=True, mode=0o700)
        archive = ClassArchive.for_jvm(folder, map(Path, launch_settings[CLASS_PATH].split(":")))
        own_options = (archive.option, f"-Djava.io.tmpdir={folder}", f"-Dderby.system.home={folder}")
        options = " ".join([launch_settings[JAVA_OPTIONS], *own_options])
        (folder / _LAUNCH_CONF).write_text(as_properties({**launch_settings, JAVA_OPTIONS: options}))
        submit = [str(jars.spark_home() / "bin" / "spark-submit"), "--properties-file", str(folder / _LAUNCH_CONF)]
        process = ChildProcess(
            [*submit, "pyspark-shell"],
            environment={
                **environment,
                "HOME": str(folder),
                "TMPDIR": str(folder),
                "_PYSPARK_DRIVER_CONN_INFO_PATH": str(folder / _CONNECTION),
            },
            log=folder / _LOG,
        )
        return cls(folder, launch_settings, process, archive)

    @property
    def connection(self) -> Path:
        """The file that says how the gateway is reached; it appears as a whole."""
        return self.folder / _CONNECTION

    @property
    def may_run_again(self) -> bool:
        """Whether it lives and is not used up."""
        return self._process.exit_code is None and self._runs < _RUNS_AT_MOST

    @property
    def recording(self) -> Path | None:
        """Where the next run is to write the archive of classes, if it is to."""
        return self._archive.recording if self._archive.is_recorded else None

    def keep_recording(self) -> None:
        """Keep the archive that a run has written which succeeded."""
        self._archive.finish(succeeded=True)

    def begin_run(self) -> None:
        """Count a run."""
        self._runs += 1

    def new_output(self) -> bytes:
        """Return what the JVM has said since it was asked before."""
        with (self.folder / _LOG).open("rb") as log:
            log.seek(self._told)
            output = log.read()
        self._told += len(output)
        return output

    def kill(self) -> None:
        """End it at once, and whatever runs in it."""
        self._process.kill()
        self._archive.finish(succeeded=False)


# The JVMs that no run uses: the next run that would start one alike takes one of them instead.
#
# Most of a short run's time is Spark's start in a new JVM, which has to load and compile what the run before it had.
# On AWS each run has a JVM of its own, so a run gets one without anything of the runs before it (`leave_jvm`), and
# only those that a run has left in order are kept.


class JvmPool:
    """Keeps a few JVMs, the ones that were used last."""

    def __init__(self, folder: Path, *, at_most: int) -> None:
        self._folder = folder
        self._at_most = at_most
        self._lock = Lock()
        self._idle: list[SparkJvm] = []
        self._is_closed = False

    def take(self, launch_settings: Mapping[str, str], environment: Mapping[str, str]) -> SparkJvm:
        """Give a JVM with these settings to one run: the one that was used last, or a new one."""
        with self._lock:
            fit = [jvm for jvm in self._idle if jvm.launch_settings == launch_settings and jvm.may_run_again]
            if fit:
                self._idle.remove(fit[-1])
        folder = self._folder / f"jvm_{secrets.token_hex(8)}"
        jvm = fit[-1] if fit else SparkJvm.started(folder, launch_settings, environment)
        jvm.begin_run()
        return jvm

    def give_back(self, jvm: SparkJvm) -> None:
        """Keep a JVM that a run has left as it should, for another run."""
        jvm.keep_recording()
        with self._lock:
            if jvm.may_run_again and not self._is_closed:
                self._idle.append(jvm)
                surplus = [self._idle.pop(0)] if len(self._idle) > self._at_most else []
            else:
                surplus = [jvm]
        for other in surplus:
            self.discard(other)

    def discard(self, jvm: SparkJvm) -> None:
        """End a JVM at once, with all that still runs in it."""
        jvm.kill()
        shutil.rmtree(jvm.folder, ignore_errors=True)

    def close(self) -> None:
        """End all that are kept."""
        with self._lock:
            self._is_closed = True
            kept, self._idle = self._idle, []
        for jvm in kept:
            self.discard(jvm)
