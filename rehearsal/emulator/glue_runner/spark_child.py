"""The process of one run: its command, its whole environment, its folder."""

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal import jars, toolchain
from rehearsal.emulator.glue_runner import arguments as glue_arguments
from rehearsal.emulator.glue_runner import metastore_files
from rehearsal.emulator.glue_runner.bootstrap import FAILURE_FILE
from rehearsal.emulator.glue_runner.class_archive import ClassArchive
from rehearsal.emulator.glue_runner.job_run import Record
from rehearsal.emulator.glue_runner.spark_conf import METASTORE, SPARK_CONF, SparkRun, as_properties, spark_conf
from rehearsal.emulator.lifeline import ChildProcess
from rehearsal.emulator.role_sessions import RoleSession
from rehearsal.emulator.settings import LOOPBACK, NETWORK_VARIABLES, EmulatorSettings

_TIME_ZONE = "UTC"


@dataclass
class SparkChild:
    """A job's script, ready to be run as the job's role."""

    settings: EmulatorSettings
    job: dict[str, Any]
    record: Record
    session: RoleSession
    region: str
    _archive: ClassArchive = field(default_factory=ClassArchive, init=False)

    @property
    def folder(self) -> Path:
        """The run's own temporary folder."""
        return self.settings.temporary / str(self.record["Id"])

    @property
    def log(self) -> Path:
        """Where the script's and Spark's output goes."""
        return self.settings.logs / "glue" / str(self.record["JobName"]) / f"{self.record['Id']}.log"

    def start(self) -> ChildProcess:
        """Start the script; fails if the run asks for something that is not there."""
        try:
            self._prepare_folder()
        except BaseException:
            self.clean(succeeded=False)
            raise
        command = [sys.executable, "-m", "rehearsal.emulator.glue_runner.bootstrap", str(self.folder), self._script()]
        script_arguments = glue_arguments.command_line(
            self.record["Arguments"], job=self.record["JobName"], run=self.record["Id"]
        )
        return ChildProcess([*command, *script_arguments], environment=self._environment(), log=self.log)

    @property
    def jvm_writes_at_its_end(self) -> bool:
        """Tell whether the JVM is to end by itself after the script, however long that takes."""
        return self._archive.is_recorded

    def failure(self, exit_code: int) -> str:
        """Say why the script failed: its exception's last line, or how its process ended."""
        try:
            return (self.folder / FAILURE_FILE).read_text()
        except FileNotFoundError:
            return f"the script's process ended with exit code {exit_code}; see {self.log}"

    def clean(self, *, succeeded: bool) -> None:
        """Keep what the run has left for later ones and remove its folder."""
        self._archive.finish(succeeded=succeeded)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, mode=0o700)
        (self.folder / SPARK_CONF).write_text(as_properties(self._spark_conf()))
        if glue_arguments.uses_data_catalog(self.record["Arguments"]):
            metastore_files.copy_to(self.folder / METASTORE)

    def _script(self) -> str:
        return str(self.job.get("Command", {}).get("ScriptLocation", ""))

    def _spark_conf(self) -> dict[str, str]:
        given = self.record["Arguments"]
        formats = glue_arguments.table_formats(given)
        class_path = jars.without_other_formats(jars.spark_jars(), formats)
        if formats:
            self._archive = ClassArchive.for_run(self.folder, class_path, str(self.record["JobName"]))
        run = SparkRun(
            folder=self.folder,
            jars=class_path,
            java_options=(*toolchain.java().options, self._archive.option),
            region=self.region,
            has_metastore=glue_arguments.uses_data_catalog(given),
            own_settings=glue_arguments.spark_settings(given),
        )
        return spark_conf(run, self.settings)

    def _environment(self) -> dict[str, str]:
        """Return the whole environment: nothing of the host's but PATH, Java and its way to the network."""
        network = {name: os.environ[name] for name in NETWORK_VARIABLES if name in os.environ}
        return network | self.session.environment() | {
            "PATH": os.environ["PATH"],
            "JAVA_HOME": str(toolchain.java().home),
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LANG": "C.UTF-8",
            "TZ": _TIME_ZONE,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            # Also for Iceberg's AWS SDK, which addresses buckets by path as this address is an IP: no setting needed.
            "AWS_ENDPOINT_URL": self.settings.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_SUBMIT_ARGS": f"--properties-file {self.folder / SPARK_CONF} pyspark-shell",
            "SPARK_LOCAL_IP": LOOPBACK,
        }  # fmt: skip
