"""The processes of one run, its script's and its JVM: their command, their whole environment, their folder."""

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal import jars, toolchain
from rehearsal.emulator import iam
from rehearsal.emulator.child_process import ChildProcess
from rehearsal.emulator.glue_runner import job_run as glue_arguments
from rehearsal.emulator.glue_runner.bootstrap import FAILURE_FILE, was_left_in_order, write_lent
from rehearsal.emulator.glue_runner.job_run import Record
from rehearsal.emulator.glue_runner.jvms import JvmPool, SparkJvm
from rehearsal.emulator.glue_runner.spark_settings import (
    METASTORE,
    SparkRun,
    copy_metastore_to,
    launch_settings,
    spark_conf,
)
from rehearsal.emulator.roles import RoleSession
from rehearsal.emulator.settings import LOOPBACK, NETWORK_VARIABLES, EmulatorSettings

_TIME_ZONE = "UTC"
_SPARK = "glueetl"


@dataclass
class SparkChild:
    """A job's script, ready to be run as the job's role."""

    settings: EmulatorSettings
    job: dict[str, Any]
    record: Record
    session: RoleSession
    region: str
    jvms: JvmPool
    vpc: str | None = None
    _process: ChildProcess | None = field(default=None, init=False)
    _jvm: SparkJvm | None = field(default=None, init=False)

    @property
    def folder(self) -> Path:
        """The run's own temporary folder."""
        return self.settings.temporary / str(self.record["Id"])

    @property
    def log(self) -> Path:
        """Where the script's and Spark's output goes."""
        return self.settings.logs / "glue" / str(self.record["JobName"]) / f"{self.record['Id']}.log"

    def start(self) -> None:
        """Start the script; fails if the run asks for something that is not there."""
        try:
            self._prepare_folder()
            command = [sys.executable, "-m", "rehearsal.emulator.glue_runner.bootstrap", str(self.folder)]
            script_arguments = glue_arguments.command_line(
                self.record["Arguments"], job=self.record["JobName"], run=self.record["Id"]
            )
            environment = self._environment() | self.session.environment()
            self._process = ChildProcess(
                [*command, self._script(), *script_arguments], environment=environment, log=self.log
            )
        except BaseException:
            self.kill()
            self.clean()
            raise

    def wait(self, seconds: float) -> int | None:
        """Wait for the script's end and return its exit code, or None if it still runs then."""
        code = self._process.wait(seconds) if self._process else None
        self._log_jvm()
        return code

    def kill(self) -> None:
        """End the script and the JVM at once."""
        if self._process:
            self._process.kill()
        if self._jvm:
            self.jvms.discard(self._jvm)

    def end(self, *, succeeded: bool) -> None:
        """End what the script may have left running; a JVM that it left in order is kept for another run."""
        if succeeded and self._jvm and was_left_in_order(self.folder):
            jvm, self._jvm = self._jvm, None
            self.jvms.give_back(jvm)
        self.kill()
        self.clean()

    def failure(self, exit_code: int) -> str:
        """Say why the script failed: its exception's last line, or how its process ended."""
        try:
            return (self.folder / FAILURE_FILE).read_text()
        except FileNotFoundError:
            return f"the script's process ended with exit code {exit_code}; see {self.log}"

    def clean(self) -> None:
        """Remove the run's folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _log_jvm(self) -> None:
        if self._jvm and (output := self._jvm.new_output()):
            with self.log.open("ab") as log:
                log.write(output)

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, mode=0o700)
        if self.job["Command"]["Name"] == _SPARK:
            conf = self._spark_conf()
            self._jvm = self.jvms.take(launch_settings(conf), self._environment())
            write_lent(self.folder, connection=self._jvm.connection, settings=conf, recording=self._jvm.recording)
        if glue_arguments.uses_data_catalog(self.record["Arguments"]):
            copy_metastore_to(self.folder / METASTORE)

    def _script(self) -> str:
        return str(self.job.get("Command", {}).get("ScriptLocation", ""))

    def _spark_conf(self) -> dict[str, str]:
        given = self.record["Arguments"]
        run = SparkRun(
            folder=self.folder,
            jars=jars.without_other_formats(jars.spark_jars(), glue_arguments.table_formats(given)),
            java_options=toolchain.java().options,
            region=self.region,
            has_metastore=glue_arguments.uses_data_catalog(given),
            own_settings=glue_arguments.spark_settings(given),
            mark=iam.network_mark(self.vpc) if self.vpc else "",
        )
        return spark_conf(run, self.settings)

    def _environment(self) -> dict[str, str]:
        """Return the whole environment: nothing of the host's but PATH, Java and its way to the network."""
        network = {name: os.environ[name] for name in NETWORK_VARIABLES if name in os.environ}
        if self.vpc:
            network[iam.MARK_VARIABLE] = iam.network_mark(self.vpc)
        return network | {
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
            "SPARK_HOME": str(jars.spark_home()),
            "SPARK_LOCAL_IP": LOOPBACK,
        }  # fmt: skip
