"""Runs jobs: a bounded number at once, each in a process group of its own that ends with its run."""

import threading
from dataclasses import dataclass
from typing import Any

from rehearsal import jars, toolchain
from rehearsal.emulator import network_origin, role_sessions
from rehearsal.emulator.glue_runner.arguments import UnsupportedArgumentError
from rehearsal.emulator.glue_runner.connections import ConnectionRefusedByGlueError, vpc_of
from rehearsal.emulator.glue_runner.job_run import JobRun, Record
from rehearsal.emulator.glue_runner.jvm_pool import JvmPool
from rehearsal.emulator.glue_runner.metastore_files import MetastoreError
from rehearsal.emulator.glue_runner.run_logs import publish_log
from rehearsal.emulator.glue_runner.spark_child import SparkChild
from rehearsal.emulator.settings import EmulatorSettings

_SERVICE = "glue.amazonaws.com"
_REFUSALS = (
    ConnectionRefusedByGlueError,
    role_sessions.RoleNotAssumableError,
    UnsupportedArgumentError,
    jars.JarsError,
    toolchain.ToolchainError,
    MetastoreError,
    OSError,
)


@dataclass
class _Active:
    run: JobRun
    child: SparkChild | None = None


class GlueRunner:
    """The runs that are under way."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self._slots = threading.BoundedSemaphore(settings.glue_slots)
        self._jvms = JvmPool(settings.temporary, at_most=settings.glue_slots)
        self._lock = threading.Lock()
        self._active: dict[str, _Active] = {}
        self._is_stopping = False

    def start(self, job: dict[str, Any], record: Record, region: str) -> None:
        """Run the job in the background, as soon as there is a slot."""
        active = _Active(JobRun(record))
        with self._lock:
            self._active[record["Id"]] = active
        threading.Thread(target=self._run, args=(job, active, region), daemon=True, name=record["Id"][:12]).start()

    def active_runs(self, job: str) -> int:
        """Return how many runs of the job are under way."""
        with self._lock:
            runs = [active.run for active in self._active.values() if active.run.record["JobName"] == job]
        return sum(not run.is_over for run in runs)

    def wait(self, run_id: str, seconds: float) -> bool:
        """Wait for a run's end and tell whether it has come."""
        with self._lock:
            active = self._active.get(run_id)
        return active is None or active.run.wait(seconds)

    def stop(self, run_id: str, message: str = "") -> bool:
        """End a run and all of its processes; False if it is over already."""
        with self._lock:
            active = self._active.get(run_id)
        if active is None or not active.run.end("STOPPED", message):
            return False
        if active.child:
            active.child.kill()
        return True

    def stop_all(self) -> None:
        """End every run and start no other: the emulator is stopping."""
        self._is_stopping = True
        with self._lock:
            runs = list(self._active.values())
        for active in runs:
            active.run.end("STOPPED", "the emulator was stopped")
            if active.child:
                active.child.kill()
        self._jvms.close()

    def _run(self, job: dict[str, Any], active: _Active, region: str) -> None:
        try:
            with self._slots:
                self._run_in_slot(job, active, region)
        finally:
            with self._lock:
                del self._active[active.run.record["Id"]]

    def _run_in_slot(self, job: dict[str, Any], active: _Active, region: str) -> None:
        run = active.run
        if run.is_over or self._is_stopping:
            return
        try:
            vpc = vpc_of(job, region)
            session = role_sessions.assume(job["Role"], service=_SERVICE, session_name="GlueJobRunnerSession")
            network_origin.is_code(session.arn, credentialissuingservice=_SERVICE)
            child = SparkChild(self._settings, job, run.record, session, region, self._jvms, vpc)
            child.start()
        except _REFUSALS as error:
            run.end("FAILED", f"{type(error).__name__}: {error}")
            return
        active.child = child
        try:
            self._follow(run, child)
        finally:
            child.end(succeeded=run.record["JobRunState"] == "SUCCEEDED")
            publish_log(child.log, run=run.record["Id"], account=job["Role"].split(":")[4], region=region)

    def _follow(self, run: JobRun, child: SparkChild) -> None:
        if not run.running():
            return
        minutes = run.record["Timeout"]
        exit_code = child.wait(minutes * self._settings.glue_minute)
        if exit_code is None:
            run.end("TIMEOUT", f"Timeout of {minutes} min exceeded")
        elif exit_code:
            run.end("FAILED", child.failure(exit_code))
        else:
            run.end("SUCCEEDED")
