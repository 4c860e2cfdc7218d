"""The CodeBuild action: runs a project's buildspec for real, as the project's role, in a clean copy of its input."""

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.child_process import ChildProcess, log_events
from rehearsal.emulator.roles import account_of
from rehearsal.emulator.settings import VALIDATION, WITHOUT_VALIDATION
from rehearsal.emulator.stacks import LOG_GROUP
from rehearsal.pipeline import buildspec
from rehearsal.pipeline.action_run import POLL_SECONDS, ActionRun, Actor, Variables, service_session
from rehearsal.pipeline.build_environment import build_environment
from rehearsal.pipeline.buildspec import BuildSpec, build_script, is_inline
from rehearsal.pipeline.definition import ActionFailedError

# What a build said: the end of its log for people, all of it in the project's log group, as its role.

LINES_SHOWN = 25
_WIDTH = 300


def log_tail(log: Path) -> str:
    """The last lines, shortened to what a terminal can show."""
    lines = [line.rstrip()[:_WIDTH] for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return "\n".join(lines[-LINES_SHOWN:])


def publish(log: Path, logs: Any, group: str, stream: str) -> None:  # noqa: ANN401 - boto3 makes clients at run time
    """Write the log's end to CloudWatch; a role that may not write logs fails the build, as on CodeBuild."""
    events = log_events(log)
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        if events:
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    except ClientError as error:
        raise ActionFailedError(f"link log group: the project's role cannot log to {group}: {error}") from error


_SERVICE = "codebuild.amazonaws.com"
_SESSION_NAME_LENGTH = 64


def build(run: ActionRun) -> Variables:
    """Start a build over the wire, run it, and pass on its artifacts and exported variables."""
    overrides = _plain_variables(json.loads(run.configuration.get("EnvironmentVariables") or "[]"))
    started = run.access.client(run.actor.session, "codebuild").start_build(
        projectName=run.required("ProjectName"),
        environmentVariablesOverride=[{"name": key, "value": value} for key, value in overrides.items()],
    )["build"]
    place = account_of(run.actor.role_arn), run.region
    record = patches.CODEBUILD_BUILDS.value.get_scoped(*place, started["id"])
    project = patches.CODEBUILD_PROJECTS.value.get_scoped(*place, run.required("ProjectName"))
    record.update(buildStatus="IN_PROGRESS", currentPhase="BUILD", phases=[])
    record.pop("endTime", None)
    one = _Build(run, project, started, overrides)
    run.record.build_id, run.record.log = started["id"], str(one.log)
    try:
        variables = one.run()
        record["buildStatus"] = "SUCCEEDED"
    except BaseException:
        record["buildStatus"] = "FAILED"
        raise
    finally:
        record.update(currentPhase="COMPLETED", endTime=int(time.time()))
        one.clean()
    return variables


@dataclass
class _Build:
    """One build."""

    action: ActionRun
    project: dict[str, Any]
    started: dict[str, Any]
    overrides: Mapping[str, str]

    def __post_init__(self) -> None:
        name = f"{self.action.record.stage}.{self.action.action.name}"
        self.log = self.action.folder / f"{name}.log"
        self._work = self.action.folder / name
        self._source = self._work / "src"

    def run(self) -> Variables:
        """Fetch, build, pass on; a failure says what the log's end says and which roles refused the build."""
        if self.project["source"]["type"] != "CODEPIPELINE":
            raise ActionFailedError(f"{self.project['name']}: only builds of a pipeline's artifacts are rehearsed")
        for name, folder in self._sources().items():
            buildspec.extract(self.action.artifacts.get(self._role, name), folder)
        spec = BuildSpec.parse(self._buildspec())
        exported = self._work / "exported"
        try:
            self._execute(spec, exported)
        finally:
            publish(self.log, self._logs_client(), self.project[LOG_GROUP], self.started["logs"]["streamName"])
        self._hand_on(spec)
        skipped = [command for command in spec.commands if command in self.action.settings.skipped_commands]
        if spec.artifacts and not self.action.settings.validates_templates:
            skipped.append(VALIDATION)
        self.action.record.summary = f"left out: {', '.join(skipped)}" if skipped else ""
        return _exported(exported)

    @cached_property
    def _role(self) -> Actor:
        role, name = self.project["serviceRole"], self.started["id"].replace(":", "-")
        return Actor(service_session(role, _SERVICE, name[-_SESSION_NAME_LENGTH:]), role)

    def clean(self) -> None:
        """Remove all but the log: an environment is some hundred megabytes."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _sources(self) -> dict[str, Path]:
        """Where each input goes: the primary one is where the commands begin."""
        names = self.action.action.inputs
        primary = self.action.configuration.get("PrimarySource") or names[0]
        return {name: self._source if name == primary else self._work / f"src-{name}" for name in names}

    def _buildspec(self) -> str:
        text = str(self.project["source"].get("buildspec") or "buildspec.yml")
        if is_inline(text):
            return text
        file = self._source / text
        if not file.is_file():
            raise ActionFailedError(f"{self.project['name']}: its input has no buildspec {text}")
        return file.read_text(encoding="utf-8")

    def _execute(self, spec: BuildSpec, exported: Path) -> None:
        script = self._work / "build.sh"
        script.write_text(
            build_script(spec, source=self._source, exported_to=exported, skipped=self.action.settings.skipped_commands)
        )
        child = ChildProcess(["bash", str(script)], environment=self._environment(spec), log=self.log)
        try:
            code = self._follow(child)
        finally:
            child.kill()
        if code:
            raise ActionFailedError(self._failure(code))

    def _follow(self, child: ChildProcess) -> int:
        minutes = int(self.project.get("timeoutInMinutes", 60))
        deadline = time.monotonic() + 60 * minutes
        while (code := child.wait(POLL_SECONDS)) is None:
            self.action.go_on()
            if time.monotonic() > deadline:
                raise ActionFailedError(f"the build took longer than its {minutes} minutes; its log: {self.log}")
        return code

    def _environment(self, spec: BuildSpec) -> dict[str, str]:
        settings, revision = self.action.settings, self.action.execution.revision
        declared = _plain_variables(self.project["environment"].get("environmentVariables") or [])
        others = {
            f"CODEBUILD_SRC_DIR_{name}": str(folder)
            for name, folder in self._sources().items()
            if folder != self._source
        }
        return {
            **build_environment(self._work, spec.runtimes, settings, os.environ),
            **({} if settings.validates_templates else WITHOUT_VALIDATION),
            **spec.variables,
            **declared,
            **self.overrides,
            **others,
            **self._role.session.environment(),
            "AWS_ENDPOINT_URL": settings.endpoint,
            "AWS_REGION": self.action.region,
            "AWS_DEFAULT_REGION": self.action.region,
            "CODEBUILD_BUILD_ARN": self.started["arn"],
            "CODEBUILD_BUILD_ID": self.started["id"],
            "CODEBUILD_BUILD_IMAGE": self.project["environment"]["image"],
            "CODEBUILD_BUILD_URL": self.log.as_uri(),
            "CODEBUILD_CI": "true",
            "CODEBUILD_INITIATOR": f"codepipeline/{self.action.definition.name}",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": revision,
            "CODEBUILD_SRC_DIR": str(self._source),
        }

    def _failure(self, code: int) -> str:
        refused = self.action.access.refused_roles(
            self._role.session, self._role.role_arn, self.log.read_text(errors="replace")
        )
        said = "\n".join([f"the build failed with exit code {code}; its log: {self.log}", *refused])
        return f"{said}\n{log_tail(self.log)}"

    def _hand_on(self, spec: BuildSpec) -> None:
        names = self.action.action.outputs
        for name in names:
            wanted = spec.secondary_artifacts.get(name) or (spec.artifacts if len(names) == 1 else None)
            if wanted is None:
                raise ActionFailedError(f"the buildspec of {self.project['name']} leaves no artifact {name}")
            self.action.artifacts.put(self._role, name, buildspec.collect(wanted, self._source))

    def _logs_client(self) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        return self.action.access.client(self._role.session, "logs")


def _plain_variables(variables: list[dict[str, str]]) -> dict[str, str]:
    for variable in variables:
        if variable.get("type", "PLAINTEXT") != "PLAINTEXT":
            raise ActionFailedError(f"variable {variable['name']}: only values of type PLAINTEXT are rehearsed")
    return {variable["name"]: variable["value"] for variable in variables}


def _exported(file: Path) -> Variables:
    pairs = file.read_text(errors="replace").split("\0") if file.exists() else []
    return dict(pair.split("=", 1) for pair in pairs if pair)
