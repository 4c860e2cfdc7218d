"""The demo's lake, deployed as dev is: a push runs both pipelines, which deploy what they synthesise."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.demo.executions import Patience
from rehearsal.demo.failures import DemoError
from rehearsal.demo.inputs import Inputs
from rehearsal.demo.progress import Steps
from rehearsal.demo.workspace import ENVIRONMENT, PROJECT, Workspace
from rehearsal.deployment.assembly import APPS
from rehearsal.emulator.process import Emulator
from rehearsal.pipeline.rehearsal import Rehearsal, commit_changes, committed_copy
from rehearsal.pipeline.report import PipelineWatch, RunningAction, rehearsal_report
from rehearsal.report.model import Section, Stack
from rehearsal.report.page import RehearsalReport, pipelines_section

_POLL_SECONDS = 0.5
_START_SECONDS = 60


class DeploymentByPipelines:
    """One environment, brought into its account by a push."""

    stops_replications = True

    def __init__(self, inputs: Inputs, workspace: Workspace, emulator: Emulator, steps: Steps) -> None:
        self._rehearsal = Rehearsal(inputs.platform, emulator, configuration=workspace.configuration)
        self._environment, self._steps = ENVIRONMENT, steps
        self._started = datetime.now(UTC)
        self._clone = workspace.folder / "clone"
        workspace.configuration.write_text(inputs.configuration, encoding="utf-8")

    def deploy(self, inputs: Inputs, beside: Executor) -> None:
        """Push beside the bootstrap, deploy both pipelines by hand side by side, and wait until both have deployed."""
        self._rehearsal.create_repository()
        pushed = beside.submit(self._push, inputs.changed_files)
        with self._steps.step("Bootstrap the deployment account and the target account") as step:
            step.say(f"{self._rehearsal.bootstrap([self._environment])} accounts, by scripts/bootstrap")
        pushed.result()
        for deployed in [beside.submit(self._deploy_pipeline, app) for app in APPS]:
            deployed.result()
        self._watch()

    def deploy_again(self, inputs: Inputs, message: str) -> None:
        """Push a further commit, and wait until the pipeline of the etl app has deployed its manifests.

        Raises:
            DemoError: the pipeline did not succeed, or no push started it.
        """
        *_, etl = APPS
        name = self._rehearsal.pipeline(etl, self._environment)
        before = self._newest_execution(name)
        commit_changes(self._clone, inputs.changed_files, message)
        self._rehearsal.push("HEAD", self._branch, clone=self._clone)
        patience = Patience(_START_SECONDS)
        while (newest := self._newest_execution(name)) == before:
            if patience.is_over(newest):
                raise DemoError(f"the push of {message!r} started no execution of {name} in {patience.spent}")
            time.sleep(_POLL_SECONDS)
        watch = PipelineWatch(self._rehearsal.codepipeline, self._steps.console, lambda _: None)
        watch.pass_over_the_past()
        _demand_success(watch, name)

    def _newest_execution(self, pipeline: str) -> str:
        found = self._rehearsal.codepipeline.list_pipeline_executions(pipelineName=pipeline)
        return str(found["pipelineExecutionSummaries"][0]["pipelineExecutionId"])

    @property
    def _branch(self) -> str:
        return self._rehearsal.platform.environments[self._environment].branch

    def _push(self, changed: Mapping[Path, str]) -> None:
        with self._steps.step(f"git push to {self._branch}") as step:
            self._rehearsal.push("HEAD", self._branch, clone=committed_copy(PROJECT, self._clone, changed))
            step.say("the project as it is")

    def _deploy_pipeline(self, app: str) -> None:
        """Deploy a pipeline, which starts it; all but the first deploys nothing before it is released."""
        with self._steps.step(f"Deploy the pipeline of {app}"):
            self._rehearsal.deploy_pipelines(app, [self._environment])
            if app != APPS[0]:
                self._rehearsal.hold_deployment(app, self._environment, f"it needs the stacks of {APPS[0]}")

    def _watch(self) -> None:
        """Wait for one pipeline after the other; the next one has built meanwhile, and may then deploy."""
        names = {app: self._rehearsal.pipeline(app, self._environment) for app in APPS}
        with self._steps.step(f"The pipelines {' and '.join(names.values())} deploy") as step:
            watch = PipelineWatch(
                self._rehearsal.codepipeline, self._steps.console, lambda running: step.say(_said(running))
            )
            for app, name in names.items():
                self._rehearsal.release_deployment(app, self._environment)
                others = [other for other in names.values() if other != name]
                _demand_success(watch, name, others)
            step.say("")

    def sections(self) -> tuple[Section, ...]:
        """What the pipelines did."""
        return (pipelines_section(self.report()),)

    def report(self) -> RehearsalReport:
        """The executions of the pipelines."""
        return rehearsal_report(self._rehearsal, self._started)

    def stacks(self) -> list[Stack]:
        """The stacks in the target account, with the time that their actions took."""
        account = self._rehearsal.platform.environments[self._environment].account
        cloudformation = self._rehearsal.emulator.client("cloudformation", account=account)
        names = [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]]
        spent: dict[str, float] = {}
        for action in (action for execution in self.report().executions for action in execution.actions):
            spent[action.name.partition(".")[0]] = spent.get(action.name.partition(".")[0], 0) + action.seconds
        return [
            Stack(name, _resources(cloudformation, name), spent[short])
            for name in names
            if (short := name.rpartition("-")[2]) in spent
        ]


def _demand_success(watch: PipelineWatch, name: str, beside: Sequence[str] = ()) -> None:
    if (status := watch.until_settled([name], beside=beside)[name]) != "Succeeded":
        raise DemoError(f"{name} ended as {status}; its actions above say why")


def _said(running: Sequence[RunningAction]) -> str:
    return ", ".join(f"{action.pipeline} {action.stage}/{action.action}" for action in running)


def _resources(cloudformation: object, stack: str) -> int:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)  # type: ignore[attr-defined]
    return sum(len(page["StackResourceSummaries"]) for page in pages)
