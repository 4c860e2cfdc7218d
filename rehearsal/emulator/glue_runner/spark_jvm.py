"""A JVM with Spark's gateway in it: one run after another may use it, and finds its classes loaded and compiled."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rehearsal import jars
from rehearsal.emulator.child_process import ChildProcess
from rehearsal.emulator.glue_runner.class_archive import ClassArchive
from rehearsal.emulator.glue_runner.spark_conf import CLASS_PATH, JAVA_OPTIONS, as_properties

_RUNS_AT_MOST = 8
"""Each Spark session loads Hive's classes anew, and a JVM does not get rid of all of them."""
_RECORDING_SECONDS = 25
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
        """Tell whether it lives and is not used up."""
        return self._process.exit_code is None and self._runs < _RUNS_AT_MOST

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

    def retire(self) -> None:
        """End it; one that records its classes may write them down."""
        if self._archive.is_recorded:
            self._process.let_go()
            ended = self._process.wait(_RECORDING_SECONDS) is not None
            self._process.kill()
            self._archive.finish(succeeded=ended)
        else:
            self.kill()
