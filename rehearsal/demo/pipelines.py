"""The demo's lake, deployed as dev is: a push runs both pipelines, which deploy what they synthesise."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path

from deployment_account.environments import Platform
from rehearsal.demo.failures import DemoError
from rehearsal.demo.progress import Steps
from rehearsal.demo.workspace import PROJECT
from rehearsal.deployment.assembly import APPS
from rehearsal.emulator.process import Emulator
from rehearsal.pipeline.rehearsal import Rehearsal, committed_copy
from rehearsal.pipeline.report import PipelineWatch, RunningAction, rehearsal_report
from rehearsal.report.model import Stack
from rehearsal.report.page import RehearsalReport


class DeploymentByPipelines:
    """One environment, brought into its account by a push."""

    def __init__(self, platform: Platform, environment: str, emulator: Emulator, steps: Steps) -> None:
        self._rehearsal, self._environment, self._steps = Rehearsal(platform, emulator), environment, steps
        self._started = datetime.now(UTC)

    def run(self, clone: Path, changed: Mapping[Path, str], beside: Executor) -> None:
        """Push beside the bootstrap, deploy both pipelines by hand side by side, and wait until both have deployed.

        Args:
            clone: the new folder of the repository that is pushed.
            changed: files of the project that get another text in it.
            beside: runs what runs beside something else.
        """
        self._rehearsal.create_repository()
        pushed = beside.submit(self._push, clone, changed)
        with self._steps.step("Bootstrap the deployment account and the target account") as step:
            step.say(f"{self._rehearsal.bootstrap([self._environment])} accounts, by scripts/bootstrap")
        pushed.result()
        for deployed in [beside.submit(self._deploy_pipeline, app) for app in APPS]:
            deployed.result()
        self._watch()

    def _push(self, clone: Path, changed: Mapping[Path, str]) -> None:
        branch = self._rehearsal.platform.environments[self._environment].branch
        with self._steps.step(f"git push to {branch}") as step:
            self._rehearsal.push("HEAD", branch, clone=committed_copy(PROJECT, clone, changed))
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
                status = watch.until_settled([name], beside=others)[name]
                if status != "Succeeded":
                    raise DemoError(f"{name} ended as {status}; its actions above say why")
            step.say("")

    def report(self) -> RehearsalReport:
        """What the pipelines did."""
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


def _said(running: Sequence[RunningAction]) -> str:
    return ", ".join(f"{action.pipeline} {action.stage}/{action.action}" for action in running)


def _resources(cloudformation: object, stack: str) -> int:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)  # type: ignore[attr-defined]
    return sum(len(page["StackResourceSummaries"]) for page in pages)
